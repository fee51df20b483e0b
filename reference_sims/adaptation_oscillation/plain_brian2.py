"""The bursting population of exact_arrivals.py in plain Brian2, with input after the resets or before them.

Brian2's schedule adds input between the threshold and the reset: what reaches a neuron in the step of its spike is lost
(`--order resets_last`). With `--order inputs_last` the synapses act after the resets and nothing is lost there; what is
left is the overshoot of the input of a whole step.

    python reference_sims/adaptation_oscillation/plain_brian2.py --dt 0.05 --out reference_sims/adaptation_oscillation
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

K, BIN = 100, 0.5  # -, ms
EQUATIONS = """
dV/dt = (-g_L*(V - E_L) + g_L*Delta_T*exp((V - V_th)/Delta_T) - w)/C_m + mu + sigma*xi : volt
dw/dt = (a*(V - E_w) - w)/tau_w : amp
"""


def simulate(args: argparse.Namespace) -> np.ndarray:
    """The population's rate [1/s] in bins of 0.5 ms, from the start."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    mV, ms, nS = b2.mV, b2.ms, b2.nS
    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * ms
    b2.seed(args.seed)
    names = dict(
        C_m=200 * b2.pF, g_L=10 * nS, E_L=-65 * mV, V_th=-50 * mV, Delta_T=1.5 * mV, V_peak=-40 * mV, V_reset=-70 * mV,
        E_w=-80 * mV, a=4 * nS, tau_w=200 * ms, b=args.b * b2.pA, mu=args.mu * mV / ms, sigma=args.sigma * mV / ms**0.5,
    )  # fmt: skip
    neurons = b2.NeuronGroup(
        args.size, EQUATIONS, threshold="V > V_peak", reset="V = V_reset; w += b", method="euler", namespace=names
    )
    neurons.V, neurons.w = "(-70 + 20*rand())*mV", 80 * b2.pA
    synapses = b2.Synapses(neurons, neurons, on_pre=f"V_post += ({args.J!r})*mV", delay=3 * ms)
    synapses.pre.when = "after_resets" if args.order == "inputs_last" else "synapses"
    rng, everyone = np.random.default_rng(args.seed), np.arange(args.size)
    pre = np.concatenate([rng.choice(everyone[everyone != i], K, replace=False) for i in everyone])
    synapses.connect(i=pre, j=np.repeat(everyone, K))
    monitor = b2.PopulationRateMonitor(neurons)
    b2.Network(neurons, synapses, monitor).run((args.transient + args.duration) * b2.second)
    b2.device.build(directory="build", compile=True, run=True)
    per_bin = round(BIN / args.dt)
    rate = np.asarray(monitor.rate / b2.Hz)
    return rate[: rate.size // per_bin * per_bin].reshape(-1, per_bin).mean(axis=1)


def measured(args: argparse.Namespace) -> dict[str, Any]:
    from exact_arrivals import UNITS, bursts

    began, home = os.times(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rate = simulate(args)
        finally:
            os.chdir(home)
    spent = sum(os.times()[:4]) - sum(began[:4])
    values = bursts(rate[round(args.transient * 1e3 / BIN) :])
    values["first_180ms"] = rate[: round(180 / BIN)].sum() * BIN * 1e-3
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"}, "units": UNITS,
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="bursts of excitatory AdEx neurons in plain Brian2")
    for name, default in (
        ("mu", 1.1), ("sigma", 1.65), ("J", 0.35), ("b", 60.0), ("dt", 0.05), ("duration", 12.0), ("transient", 2.0)
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--order", choices=["inputs_last", "resets_last"], default="inputs_last")
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json")
    args = parser.parse_args()
    run = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)


if __name__ == "__main__":
    main()
