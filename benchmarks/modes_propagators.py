"""Modes as a bilinear system against the same modes with tabulated propagators: error and CPU time a step, one run.

    python benchmarks/modes_propagators.py

The propagators are expm(A(u, D) dt) of the same matrices on a grid of (u, D), interpolated linearly (bilinearly where D
varies), A with reinjection; the bilinear system takes BDF2 steps, as popdyn.kernels.modes. Neuron: eif of
reference_sims without dead time; errors against its density on the held-out inputs, 1 ms bins.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numba import njit
from scipy.linalg import expm

from popdyn.fitting import density_over_domain
from popdyn.rungs import modes_training as training
from popdyn.rungs.density import Density
from popdyn.rungs.march import first_state
from popdyn.rungs.modes_choice import begin, choose_modes, run_modes
from popdyn.spec import load
from popdyn.theory.reduced import Reduced

SPEC = Path(__file__).parents[1] / "reference_sims" / "eif" / "network.toml"
SIZES, RUNS = (10, 12, 16), 5


@njit(error_model="numpy", fastmath={"contract"})
def march(table, c, first, step, mu, D, x):
    """Rate at the end of every step; table (D, u, K, K)."""
    K, rate, y = x.shape[0], np.empty(mu.shape[0]), np.empty(x.shape[0])
    for t in range(mu.shape[0]):
        a = min(max((mu[t] - first[0]) / step[0], 0.0), table.shape[1] - 1.001)
        b = min(max((D[t] - first[1]) / step[1], 0.0), table.shape[0] - 1.0)
        i, j = int(a), min(int(b), max(table.shape[0] - 2, 0))
        f, g = a - i, b - j
        y[:] = 0.0
        for dj in range(2 if table.shape[0] > 1 else 1):
            for di in range(2):
                w = (f if di else 1.0 - f) * ((g if dj else 1.0 - g) if table.shape[0] > 1 else 1.0)
                for k in range(K):
                    for m in range(K):
                        y[k] += w * table[j + dj, i + di, k, m] * x[m]
        rate[t] = 0.0
        for k in range(K):
            x[k] = y[k]
            rate[t] += (c[0, k] + mu[t] * c[1, k] + D[t] * c[2, k]) * x[k]
    return rate


def tabulate(reduced: Reduced, domain, dt: float, count: tuple[int, int]):
    """Propagators (D, u, K, K), the first node and the step of the grid."""
    m = reduced.modes
    mu = np.linspace(domain.mu_low, domain.mu_high, count[0])
    D = np.linspace(0.5 * domain.sigma_low**2, 0.5 * domain.sigma_high**2, count[1])

    def A(u, d):
        c = m.c[0, 0] + u * m.c[0, 1] + d * m.c[0, 2]
        return m.R[0] + u * m.R[1] + d * m.R[2] + np.outer(m.E[0], c)

    table = np.array([[expm(dt * A(u, d)) for u in mu] for d in D])
    return table, np.array([mu[0], D[0]]), np.array([mu[1] - mu[0], D[1] - D[0] if count[1] > 1 else 1.0])


def nrmse(rate: np.ndarray, run: training.Run) -> float:
    return float(np.sqrt(np.mean((rate - run.rate) ** 2)) / run.rate.std())


def timed(call) -> float:
    began = time.process_time()
    call()
    return time.process_time() - began


def measure(network, domain, count: tuple[int, int], label: str) -> None:
    density = Density(network, domain={"E": domain})
    op, h = density.grids["E"].operator, density.problems["E"].hierarchy("mean")
    initial, dt = network.populations["E"].initial, density.dt
    runs = [training.march_through(op, h, initial, d, dt, kind)
            for kind, d in training.inputs(domain, training.HELD_OUT, dt, 5)]  # fmt: skip
    settle, per_bin = round(training.SETTLE / dt), round(1e-3 / dt)
    for K in SIZES:
        plan = training.box_plan(domain, dt, 0)
        reduced = choose_modes(op, h, initial, domain, plan, dt, tolerance=0.02, modes=K).reduced
        table, first, step = tabulate(reduced, domain, dt, count)
        x, W = begin(reduced, first_state(op, h, initial, dt))
        c, errors, costs = reduced.modes.c[0], [[], []], [[], []]
        for run in runs:
            d = run.drive
            implicit, tabulated = (
                partial(run_modes, reduced, x, W, d, dt),
                partial(march, table, c, first, step, d.mu, d.D),
            )
            for _ in range(RUNS):
                costs[0].append(timed(implicit) / d.mu.size)
                costs[1].append(timed(partial(tabulated, x.copy())) / d.mu.size)
            errors[0].append(nrmse(implicit()[settle // per_bin :, 0], run))
            rate = tabulated(x.copy())
            rate = 0.5 * (rate[settle - 1 : -1] + rate[settle:])
            errors[1].append(nrmse(rate.reshape(-1, per_bin).mean(axis=1), run))
        for name, error, cost in zip(("bilinear, BDF2", "propagators"), errors, costs, strict=True):
            size = 3 * K * K if name.startswith("bil") else table.size
            print(f"{label}, K = {K}, {name}: nrmse {', '.join(f'{100 * e:.3f}' for e in error)} %, "
                  f"{1e9 * statistics.median(cost):.0f} ns a step, {size} numbers")  # fmt: skip


def main() -> None:
    spec = load(SPEC)
    neuron = spec.populations["E"].neuron
    bare = replace(neuron, parameters={**neuron.parameters, "t_ref": 0.0})
    network = replace(spec, populations={"E": replace(spec.populations["E"], neuron=bare)})
    domain = density_over_domain(network, "mean").domains["E"]
    sigma = Density(network).problems["E"].sigma
    print("nrmse on slow and fast OU, steps, sine")
    measure(network, replace(domain, sigma_low=sigma, sigma_high=sigma), (65, 1), "mu varying")
    measure(network, domain, (65, 9), "mu and sigma varying")


if __name__ == "__main__":
    main()
