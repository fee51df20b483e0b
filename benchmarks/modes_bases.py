"""Which coordinates of a projected density carry its rate: orthogonal ones, or those that a balance orders.

    python benchmarks/modes_bases.py

nrmse in per cent (1 ms bins) of held-out random inputs of 50 ms on adex_aug and adex_strong, cumulant3, mu varying.
`orthogonal`: the leading proper orthogonal modes of the stacked moments q_0..q_2; `w held`: balanced, the
observability of the rate counted without w's own equation; `balanced`: with it, as the library does. `all`: the
orthogonal modes that are balanced, before any is dropped, with q_0..q_2 and with q_0..q_3.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.linalg import solve_continuous_lyapunov

from popdyn.fitting import density_over_domain
from popdyn.rungs import modes_training as training
from popdyn.rungs.density import Density
from popdyn.rungs.march import first_state
from popdyn.rungs.modes_choice import LARGE, begin, judge
from popdyn.spec import load
from popdyn.theory.balance import balance, linearised, observability
from popdyn.theory.projection import project

SPECS = Path(__file__).parents[1] / "reference_sims"
NAMES = ("adex_aug", "adex_strong")
SIZES = (6, 8, 10, 12, 16, 20, 24, 28)
STATES, SLOWEST = 40, 3.0


def w_held(reduced, states, snapshots, seed=0):
    """The Gramian of theory.balance with the row and column of w left out."""
    draw = np.random.default_rng(seed).choice(len(states), min(STATES, len(states)), replace=False)
    total = 0.0
    for i in draw:
        A, c = linearised(reduced.modes, states[i], snapshots.W[i], snapshots.mu[i], snapshots.D[i])
        A, c = A[:-1, :-1], c[:-1]
        A = A - max(float(np.linalg.eigvals(A).real.max()) + SLOWEST, 0.0) * np.eye(len(A))
        total = total + solve_continuous_lyapunov(A.T, -np.outer(c, c)) / len(draw)
    return 0.5 * (total + total.T)


def table(name: str) -> None:
    network = load(SPECS / name / "network.toml")
    domain = density_over_domain(network).domains["E"]
    sigma = Density(network).problems["E"].sigma
    density = Density(network, closure="cumulant3", domain={"E": replace(domain, sigma_low=sigma, sigma_high=sigma)})
    op, h = density.grids["E"].operator, density.problems["E"].hierarchy("cumulant3")
    domain, dt, initial = density.domains["E"], density.dt, network.populations["E"].initial
    plan, start = training.box_plan(domain, dt, 0), first_state(op, h, initial, dt)
    trained = [training.march_through(op, h, initial, d, dt, k, every=training.apart(plan.training, dt))
               for k, d in plan.training]  # fmt: skip
    runs = [training.march_through(op, h, initial, d, dt, k) for k, d in plan.held_out if k == "slow"]
    snapshots = training.joined(trained)

    def error(reduced) -> str:
        found = judge(reduced, runs, *begin(reduced, start), dt, -np.inf)[0].nrmse
        return f"{100 * found:9.2f}" if np.isfinite(found) else " unstable"

    print(f"{name}\ncoordinates  orthogonal     w held   balanced")
    some = snapshots.up_to(2)
    large, states = project(op, h, some, LARGE[0])
    with_w, without = observability(large, states, some, 0), w_held(large, states, some)
    for count in SIZES:
        orthogonal = project(op, h, some, count)[0]
        columns = [orthogonal, balance(large, states, without, count), balance(large, states, with_w, count)]
        print(f"{count:11d}   " + "  ".join(error(reduced) for reduced in columns))
    for order in (2, 3):
        for count in LARGE:
            print(f"all {count}, q_0..q_{order}: {error(project(op, h, snapshots.up_to(order), count)[0])}")


if __name__ == "__main__":
    for name in NAMES:
        table(name)
