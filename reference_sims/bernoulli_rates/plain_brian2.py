"""Exponential integrate-and-fire neurons with Bernoulli in-degrees in plain Brian2: the rates of the neurons differ.

Written from the equations alone (Fourcaud-Trocme et al. 2003):

    C_m dV/dt = -g_L (V - E_L) + g_L Delta_T exp((V - V_th) / Delta_T) + C_m (mu + sigma xi)
    V > V_peak : V -> V_reset; V is held for t_ref, input is lost meanwhile

4,000 excitatory and 1,000 inhibitory neurons; each ordered pair of different neurons is connected with probability 0.1;
a spike lifts V by J, or lowers it by J_I, after the delay.

Within a step: Euler, threshold, input, reset. V is held in the t_ref / dt steps after the spike (Brian2 updates a
neuron again at `refractory` / dt, so one dt is added), and input of the steps before the last of them is lost.

A neuron's rate r is known from its spikes n in each half of the run: log(n + c) has the mean log r + const up to the
second order in 1/n for c half the Fano factor (0.3 here), and the covariance of the halves is the variance of log r.

    python reference_sims/bernoulli_rates/plain_brian2.py --duration 20 --seed 1 --out reference_sims/bernoulli_rates
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures

N, P = {"E": 4_000, "I": 1_000}, 0.1
J, DELAY, T_REF = {"E": 0.15, "I": -0.8}, 1.5, 2.0  # mV, ms, ms
MU, SIGMA = 0.8, 1.0  # mV/ms, mV/sqrt(ms)
HALF_FANO = 0.3
BATCHES = 20
EQUATIONS = """
dV/dt = (-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_th)/Delta_T))/C_m + mu + sigma*xi : volt (unless refractory)
count : 1
early : 1
"""


def pairs(rng: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """(source, target) of the synapses of each presynaptic population."""
    first, found, total = 0, {}, sum(N.values())
    for name, size in N.items():
        chosen = rng.random((size, total)) < P
        chosen[np.arange(size), first + np.arange(size)] = False
        source, target = np.nonzero(chosen)
        found[name] = (first + source, target)
        first += size
    return found


def simulate(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Rates of E and I in every step after the transient (2, steps) and spikes of each neuron in its halves (2, N)."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)
    mV, ms, nS = b2.mV, b2.ms, b2.nS
    names = dict(
        C_m=200 * b2.pF, g_L=10 * nS, E_L=-65 * mV, V_th=-50 * mV, Delta_T=1.5 * mV, V_peak=-40 * mV, V_reset=-70 * mV,
        mu=MU * mV / ms, sigma=SIGMA * mV / ms**0.5,
    )  # fmt: skip
    neurons = b2.NeuronGroup(
        sum(N.values()), EQUATIONS, threshold="V > V_peak", reset="V = V_reset; count += 1",
        refractory=(T_REF + args.dt) * ms, method="euler", namespace=names,
    )  # fmt: skip
    neurons.V = "(-70 + 20*rand())*mV"
    projections = []
    for name, (source, target) in pairs(np.random.default_rng(args.seed)).items():
        on_pre = f"V_post += ({J[name]!r})*mV*int(t - lastspike_post > ({T_REF!r} - 0.5*{args.dt!r})*ms)"
        synapses = b2.Synapses(neurons, neurons, on_pre=on_pre, delay=DELAY * ms)
        synapses.connect(i=source, j=target)
        projections.append(synapses)
    monitors = [b2.PopulationRateMonitor(part) for part in (neurons[: N["E"]], neurons[N["E"] :])]
    net = b2.Network(neurons, projections, monitors)
    net.run(args.transient * b2.second)
    neurons.count = 0
    net.run(args.duration / 2 * b2.second)
    neurons.early = "count"
    net.run(args.duration / 2 * b2.second)
    b2.device.build(directory="build", compile=True, run=True)
    skip = round(args.transient * 1e3 / args.dt)
    rates = np.array([np.asarray(monitor.rate / b2.Hz)[skip:] for monitor in monitors])
    early = np.asarray(neurons.early)
    return rates, np.array([early, np.asarray(neurons.count) - early])


def sd_of_log(counts: np.ndarray) -> float:
    """Of the neurons' rates, from their spikes in two halves (2, neuron)."""
    return float(max(0.0, np.cov(np.log(counts + HALF_FANO))[0, 1]) ** 0.5)


def measured(args: argparse.Namespace) -> dict[str, Any]:
    began, home = os.times(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rates, counts = simulate(args)
        finally:
            os.chdir(home)
    spent = sum(os.times()[:4]) - sum(began[:4])
    values: dict[str, float] = {}
    for name, rate, chosen in (("E", rates[0], slice(N["E"])), ("I", rates[1], slice(N["E"], None))):
        own = counts[:, chosen]
        parts = [sd_of_log(np.delete(own, part, axis=1)) for part in np.array_split(np.arange(own.shape[1]), BATCHES)]
        values |= {
            f"rate_{name}": rate.mean(), f"rate_{name}_error": measures.block_error(rate),
            f"sd_of_log_{name}": sd_of_log(own), f"sd_of_log_{name}_error": ((BATCHES - 1) * np.var(parts)) ** 0.5,
            f"silent_{name}": np.mean(own.sum(axis=0) == 0),
        }  # fmt: skip
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "units": "dt ms; rates 1/s; sd_of_log: s.d. over the neurons of the logarithm of their rates; silent: share",
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Bernoulli in-degrees in plain Brian2")
    for name, default in (("dt", 0.05), ("duration", 20.0), ("transient", 0.5)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json")
    args = parser.parse_args()
    run = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)


if __name__ == "__main__":
    main()
