"""Sparse inhibitory network with a delay in plain Brian2: fast global oscillation of neurons that fire rarely.

Written from the equations alone (Brunel and Hakim 1999, the parameters of Brian2's example):

    tau dV/dt = -V + mu_ext + sigma_ext sqrt(tau) xi
    V >= V_th: spike, V -> V_reset, held for t_ref, input is lost meanwhile
    5,000 neurons; each has 1,000 different sources, not itself; a spike lowers V by 0.1 mV after 2 ms

Within a step: exact decay, exact Gaussian increment, threshold, input, reset. The threshold is lowered by 0.5826
sigma_ext sqrt(dt / tau), for the excursions of the white noise between steps (jumps only lower V). V is
held in t_ref / dt steps (Brian2 updates a neuron again at `refractory` / dt, so one dt is added), and input of the
steps before the last of them is lost.

    python reference_sims/brunel_hakim/plain_brian2.py --duration 50 --seed 1 --out reference_sims/brunel_hakim

The spectrum is that of the spike train itself: a rate in bins of 1 ms has sinc(pi f bin)^2 of it (-1.3 dB at 300 Hz).
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

N, K = 5_000, 1_000
TAU, T_REF, DELAY = 20.0, 2.0, 2.0  # ms
V_TH, V_RESET, J, MU, SIGMA = 20.0, 10.0, -0.1, 25.0, 1.0  # mV


def simulate(args: argparse.Namespace) -> np.ndarray:
    """The population's rate [1/s] in every step after the transient."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    ms = b2.ms
    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * ms
    b2.seed(args.seed)
    barrier = V_TH - 0.5826 * SIGMA * (args.dt / TAU) ** 0.5
    neurons = b2.NeuronGroup(
        N, f"dV/dt = ({MU!r}*mV - V)/({TAU!r}*ms) : volt (unless refractory)", method="exact",
        threshold=f"V >= {barrier!r}*mV", reset=f"V = {V_RESET!r}*mV", refractory=(T_REF + args.dt) * ms,
    )  # fmt: skip
    neurons.V = f"{V_TH!r}*mV*rand()"
    step = float(SIGMA * (-np.expm1(-2.0 * args.dt / TAU) / 2.0) ** 0.5)
    neurons.run_regularly(f"V += {step!r}*mV*randn()*int(not_refractory)", when="groups", order=1)
    on_pre = f"V_post += ({J!r})*mV*int(t - lastspike_post > ({T_REF!r} - 0.5*{args.dt!r})*ms)"
    synapses = b2.Synapses(neurons, neurons, on_pre=on_pre, delay=DELAY * ms)
    rng, everyone = np.random.default_rng(args.seed), np.arange(N)
    pre = np.concatenate([rng.choice(everyone[everyone != i], K, replace=False) for i in everyone])
    synapses.connect(i=pre, j=np.repeat(everyone, K))
    monitor = b2.PopulationRateMonitor(neurons)
    b2.Network(neurons, synapses, monitor).run((args.transient + args.duration) * b2.second)
    b2.device.build(directory="build", compile=True, run=True)
    return np.asarray(monitor.rate / b2.Hz)[round(args.transient * 1e3 / args.dt) :]


def measured(args: argparse.Namespace) -> tuple[dict[str, Any], np.ndarray]:
    began, home = os.times(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rate = simulate(args)
        finally:
            os.chdir(home)
    spent, bin = sum(os.times()[:4]) - sum(began[:4]), args.dt * 1e-3
    frequency, error = measures.global_frequency(rate, bin, segment=0.5, low=50.0, high=300.0, width=4.0)
    per_ms = round(1e-3 / bin)
    values = {
        "rate": rate.mean(), "rate_error": measures.block_error(rate), "frequency": frequency, "frequency_error": error,
        "sd_1ms": rate[: rate.size // per_ms * per_ms].reshape(-1, per_ms).mean(axis=1).std(),
    }  # fmt: skip
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "units": "dt: ms; values 1/s; sd_1ms: of the population rate in 1 ms bins; frequency: peak of its spectrum",
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }, rate  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Brunel and Hakim's network in plain Brian2")
    for name, default in (("dt", 0.05), ("duration", 50.0), ("transient", 0.5)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json, the spectrum beside it")
    args = parser.parse_args()
    run, rate = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)
        measures.keep_spectrum(args.out / f"spectrum_{args.dt:g}_{args.seed}.csv", rate, args.dt * 1e-3)


if __name__ == "__main__":
    main()
