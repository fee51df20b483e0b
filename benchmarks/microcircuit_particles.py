"""The microcircuit as the density sees it, neuron by neuron: what of its error is theory, and what is its solution.

    python benchmarks/microcircuit_particles.py [--gaussian] [--duration 2] [--seed 1]

Every neuron draws its in-degrees once, and at every 0.1 ms its input from the activity A of the finite populations:
Poisson numbers of mean K A(t - delay) dt, or with --gaussian numbers of that mean and variance. Exponential synapses
and membranes are exact on the step. Beside it the density of finite size with Poisson trains (regular=False). Prints
rates [1/s] and the power N S/r of each population in bands. About 3 CPU minutes per simulated second.
"""

import argparse
from pathlib import Path

import numpy as np
from numba import njit
from scipy.signal import welch

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.projections import projections
from popdyn.theory.synaptic import delay_lags

SPEC = Path(__file__).parents[1] / "reference_sims" / "microcircuit" / "network.toml"
DT, TRANSIENT = 1e-4, 0.5  # [s]
BANDS = ((5, 75), (75, 90), (90, 200), (200, 280), (280, 400))  # [Hz]


@njit
def _poisson(mean):
    """Knuth's product of uniforms: means are about one."""
    floor, product, k = np.exp(-mean), np.random.random(), 0
    while product > floor:
        product *= np.random.random()
        k += 1
    return k


@njit(fastmath=True)
def march(steps, first, K, J, lags, external, J_ext, cv, tau, tau_syn, theta, dead_steps, gaussian, seed):
    """Activity (population, step) [1/s]; V counted from E_L = V_reset; first (population + 1,) neuron of each."""
    np.random.seed(seed)
    populations, depth = J.shape[0], lags.shape[2]
    activity = np.zeros((populations, steps + depth))
    V, s, dead = 5e-3 * np.random.standard_normal(first[-1]), np.zeros(first[-1]), np.zeros(first[-1], np.int64)
    keep, fade = np.exp(-DT / tau), np.exp(-DT / tau_syn)
    into = (keep - fade) / (1.0 / tau_syn - 1.0 / tau)
    for t in range(steps):
        for a in range(populations):
            heard = np.zeros(populations)
            for b in range(populations):
                for lag in range(1, depth):
                    heard[b] += lags[a, b, lag] * activity[b, t - lag + depth]
            fired = 0
            for i in range(first[a], first[a + 1]):
                mean, variance = 0.0, 0.0
                for b in range(populations + 1):
                    rate = external[a] if b == populations else K[i, b] * heard[b]
                    weight = J_ext[a] if b == populations else J[a, b]
                    if rate <= 0.0 or weight == 0.0:
                        continue
                    spread = 0.0 if b == populations else cv
                    count = rate * DT
                    if gaussian:
                        variance += weight * weight * (1.0 + spread * spread) * count
                    else:
                        count = _poisson(count)
                        variance += weight * weight * spread * spread * count
                    mean += weight * count
                if dead[i] > 0:
                    dead[i] -= 1
                    V[i] = 0.0
                else:
                    V[i] = V[i] * keep + s[i] * into
                    if V[i] >= theta:
                        V[i], dead[i] = 0.0, dead_steps
                        fired += 1
                s[i] = s[i] * fade + (mean + np.sqrt(variance) * np.random.standard_normal()) / tau_syn
            activity[a, t + depth] = fired / (first[a + 1] - first[a]) / DT
    return activity[:, depth:]


def particles(network, duration, gaussian, seed):
    """Activity of the populations after the transient."""
    names = list(network.populations)
    sizes = np.array([p.size for p in network.populations.values()])
    first, rng = np.concatenate([[0], np.cumsum(sizes)]), np.random.default_rng(seed)
    found = projections(network)
    depth = max(len(delay_lags(p.synapse, DT)) for p in found if p.pre)
    K, J, lags = np.zeros((first[-1], 8), np.float32), np.zeros((8, 8)), np.zeros((8, 8, depth))
    external, J_ext = np.zeros(8), np.zeros(8)
    for p in found:
        a = names.index(p.post)
        if not p.pre:
            external[a], J_ext[a] = p.K * p.nu, p.J
            continue
        b, shares = names.index(p.pre), delay_lags(p.synapse, DT)
        K[first[a] : first[a + 1], b], J[a, b], lags[a, b, : len(shares)] = rng.poisson(p.K, sizes[a]), p.J, shares
    inner = next(p for p in found if p.pre)
    neuron = network.populations[names[0]].neuron.parameters
    steps = round((TRANSIENT + duration) / DT)
    activity = march(
        steps, first, K, J, lags, external, J_ext, np.sqrt(inner.square - 1.0), neuron["C_m"] / neuron["g_L"],
        inner.synapse.tau_syn, neuron["V_th"] - neuron["E_L"], round(neuron["t_ref"] / DT), gaussian, seed,
    )  # fmt: skip
    return activity[:, round(TRANSIENT / DT) :]


def show(name, network, activity, bin_width):
    frequency, power = welch(activity, 1.0 / bin_width, nperseg=round(0.2 / bin_width))
    print(f"{name}\n{'':6}{'rate':>8}" + "".join(f"{f'{low}-{high} Hz':>12}" for low, high in BANDS))
    for (label, population), trace, spectrum in zip(network.populations.items(), activity, power, strict=True):
        scaled = 0.5 * spectrum * population.size / trace.mean()
        bands = [scaled[(frequency >= low) & (frequency < high)].mean() for low, high in BANDS]
        print(f"{label:6}{trace.mean():8.3f}" + "".join(f"{value:12.2f}" for value in bands))


def main():
    parser = argparse.ArgumentParser(description="The microcircuit, neuron by neuron, and its density")
    parser.add_argument("--gaussian", action="store_true")
    parser.add_argument("--duration", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    network = load(SPEC)
    input_kind = "Gaussian" if args.gaussian else "Poisson"
    show(f"neurons, {input_kind} input", network, particles(network, args.duration, args.gaussian, args.seed), DT)
    density = CoupledDensity(network, finite=True, regular=False)
    trace = density.simulate(Protocol("constant", args.duration, TRANSIENT, 0), seed=args.seed)
    show("density", network, trace.rate.values[0][trace.time.values > 0].T, 1e-3)


if __name__ == "__main__":
    main()
