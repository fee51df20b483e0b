"""Sparse networks of 10,000 AdEx neurons in plain Brian2: the five parameter sets of sets.json.

Written from the equations alone (Brette and Gerstner 2005):

    C_m dV/dt   = -g_L (V - E_L) + g_L Delta_T exp((V - V_th) / Delta_T) - w + C_m (mu + sigma xi)
    tau_w dw/dt = a (V - E_w) - w
    V > V_peak  : V -> V_reset, w -> w + b; V is held for t_ref, input is lost meanwhile, w evolves

8,000 excitatory (b = b_E) and 2,000 inhibitory (b = 0) neurons; each has 400 and 100 different sources in them, not
itself; a spike lifts V by J, or lowers it by g J, after the delay.

Within a step: Euler, threshold, input, reset. V is held in the t_ref / dt steps after the spike (Brian2 updates a
neuron again at `refractory` / dt, so one dt is added), and input of the steps before the last of them is lost.

    python reference_sims/adex_ei/plain_brian2.py --set 1 --dt 0.05 --duration 10 --seed 1 --out reference_sims/adex_ei
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

N = {"E": 8_000, "I": 2_000}
K_E, K_I = 400, 100
T_REF = 2.0  # ms
EQUATIONS = """
dV/dt = (-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_th)/Delta_T) - w)/C_m + mu + sigma*xi : volt (unless refractory)
dw/dt = (a*(V - E_w) - w)/tau_w : amp
mu : volt/second (constant)
b : amp (constant)
count : 1
early : 1
"""


def sources(rng: np.random.Generator) -> np.ndarray:
    """(post, K_E + K_I): different sources of each neuron, never itself."""
    n_e, n = N["E"], N["E"] + N["I"]
    pre = np.empty((n, K_E + K_I), np.int32)
    excitatory, inhibitory = np.arange(n_e), np.arange(n_e, n)
    for i in range(n):
        pre[i, :K_E] = rng.choice(excitatory[excitatory != i], K_E, replace=False)
        pre[i, K_E:] = rng.choice(inhibitory[inhibitory != i], K_I, replace=False)
    return pre


def make_neurons(b2: Any, p: dict[str, float], dt: float) -> Any:
    mV, ms, pA, nS = b2.mV, b2.ms, b2.pA, b2.nS
    names = dict(
        C_m=200 * b2.pF, g_L=10 * nS, E_L=-65 * mV, V_th=-50 * mV, Delta_T=1.5 * mV, V_peak=-40 * mV, V_reset=-70 * mV,
        E_w=-80 * mV, a=4 * nS, tau_w=p["tau_w"] * ms, sigma=p["sigma"] * mV / ms**0.5,
    )  # fmt: skip
    neurons = b2.NeuronGroup(
        sum(N.values()), EQUATIONS, threshold="V > V_peak", reset="V = V_reset; w += b; count += 1",
        refractory=(T_REF + dt) * ms, method="euler", namespace=names,
    )  # fmt: skip
    for part, mu, b in ((neurons[: N["E"]], "mu_E", p["b_E"]), (neurons[N["E"] :], "mu_I", 0.0)):
        part.mu, part.b = p[mu] * mV / ms, b * pA
    neurons.V = "(-70 + 20*rand())*mV"
    neurons.w = "80*pA + b/2"
    return neurons


def simulate(args: argparse.Namespace, p: dict[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Rates of E and I in every step after the transient (2, steps) and spikes of each neuron in its halves (2, N)."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)
    neurons = make_neurons(b2, p, args.dt)
    pre, post = sources(np.random.default_rng(args.seed)), np.arange(sum(N.values()))
    projections = []
    for jump, chosen in ((p["J"], pre[:, :K_E]), (-p["g"] * p["J"], pre[:, K_E:])):
        on_pre = f"V_post += ({jump!r})*mV*int(t - lastspike_post > ({T_REF!r} - 0.5*{args.dt!r})*ms)"
        synapses = b2.Synapses(neurons, neurons, on_pre=on_pre, delay=p["delay"] * b2.ms)
        synapses.connect(i=chosen.ravel(), j=np.repeat(post, chosen.shape[1]))
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


def measured(args: argparse.Namespace) -> dict[str, Any]:
    sets = json.loads(Path(__file__).with_name("sets.json").read_text(encoding="utf-8"))
    p = next(each for each in sets if each["set"] == args.set)
    began, home = os.times(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rates, counts = simulate(args, p)
        finally:
            os.chdir(home)
    spent, per_ms = sum(os.times()[:4]) - sum(began[:4]), round(1.0 / args.dt)
    values = {}
    for name, rate, chosen in (("E", rates[0], slice(N["E"])), ("I", rates[1], slice(N["E"], None))):
        own = counts[:, chosen] / (args.duration / 2)
        values |= {
            f"rate_{name}": rate.mean(), f"rate_{name}_error": measures.block_error(rate),
            f"sd_of_rates_{name}": max(0.0, np.cov(own)[0, 1]) ** 0.5,
            f"sd_1ms_{name}": rate[: rate.size // per_ms * per_ms].reshape(-1, per_ms).mean(axis=1).std(),
            f"sd_1ms_poisson_{name}": (rate.mean() / (N[name] * 1e-3)) ** 0.5,
        }  # fmt: skip
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"}, "parameters": p,
        "units": "J mV, delay and tau_w ms, b_E pA, mu mV/ms, sigma mV/sqrt(ms); values 1/s; sd_of_rates: of the "
        "neurons' own rates, from the covariance of two halves; sd_1ms: of the population rate in 1 ms bins, and Poisson's",
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="sparse networks of AdEx neurons in plain Brian2")
    for name, default in (("dt", 0.05), ("duration", 10.0), ("transient", 1.0)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--set", type=int, default=1, choices=range(1, 6))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json")
    args = parser.parse_args()
    run = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)


if __name__ == "__main__":
    main()
