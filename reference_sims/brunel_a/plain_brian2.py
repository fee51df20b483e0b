"""Brunel's sparse network, model A, at its full size in plain Brian2: what a time step costs.

Written from the equations alone (see event_driven.py, which is exact). Within a step: exact decay, threshold, input,
reset. Input is added to neurons that are not refractory only; a neuron that has just crossed is refractory already, so
the reset loses nothing that the dead time of t_ref / dt steps does not lose. External input is drawn from the Poisson
distribution in every step.

    python reference_sims/brunel_a/plain_brian2.py --g 5 --eta 2 --dt 0.1 --seed 1 --out reference_sims/brunel_a

Source: N. Brunel, J. Comput. Neurosci. 8 (2000) 183.
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

N_E, N_I, K_E, K_I = 10_000, 2_500, 1_000, 250
NU_THR = 10.0  # [1/s]


def sources(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(pre, post) of every synapse: K_E and K_I different sources each, never itself."""
    rng, n = np.random.default_rng(seed), N_E + N_I
    pre = np.empty((n, K_E + K_I), np.int32)
    for i in range(n):
        excitatory, inhibitory = np.arange(N_E), np.arange(N_E, n)
        pre[i, :K_E] = rng.choice(excitatory[excitatory != i], K_E, replace=False)
        pre[i, K_E:] = rng.choice(inhibitory[inhibitory != i], K_I, replace=False)
    return pre.ravel(), np.repeat(np.arange(n, dtype=np.int32), K_E + K_I)


def simulate(args: argparse.Namespace) -> np.ndarray:
    """The rate of all neurons [1/s] in every step after the transient, (2, steps): excitatory, inhibitory."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)
    neurons = b2.NeuronGroup(
        N_E + N_I, "dV/dt = -V/(20*ms) : volt (unless refractory)", method="exact",
        threshold="V >= 20*mV", reset="V = 10*mV", refractory=2 * b2.ms,
    )  # fmt: skip
    neurons.V = "20*mV*rand()"
    expected = K_E * args.eta * NU_THR * args.dt * 1e-3
    neurons.run_regularly(f"V += 0.1*mV*poisson({expected!r})*int(not_refractory)", when="synapses")
    pre, post = sources(args.seed)
    projections = []
    for jump, chosen in ((0.1, pre < N_E), (-0.1 * args.g, pre >= N_E)):
        synapses = b2.Synapses(
            neurons, neurons, on_pre=f"V_post += ({jump!r})*mV*int(not_refractory_post)", delay=1.5 * b2.ms
        )
        synapses.connect(i=pre[chosen], j=post[chosen])
        projections.append(synapses)
    monitors = [b2.PopulationRateMonitor(part) for part in (neurons[:N_E], neurons[N_E:])]
    net = b2.Network(neurons, projections, monitors)
    net.run((args.transient + args.duration) * b2.second)
    b2.device.build(directory="build", compile=True, run=True)
    skip = round(args.transient * 1e3 / args.dt)
    return np.array([np.asarray(monitor.rate / b2.Hz)[skip:] for monitor in monitors])


def measured(args: argparse.Namespace) -> dict[str, Any]:
    began = os.times()
    home = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rates = simulate(args)
        finally:
            os.chdir(home)
    spent = sum(os.times()[:4]) - sum(began[:4])
    rate, bin = (N_E * rates[0] + N_I * rates[1]) / (N_E + N_I), args.dt * 1e-3
    low, high, width, segment = (100.0, 400.0, 4.0, 0.5) if args.eta > 1 else (5.0, 100.0, 2.0, 1.0)
    frequency, error = measures.global_frequency(rate, bin, segment=segment, low=low, high=high, width=width)
    per_ms = round(1e-3 / bin)
    values = {
        "rate_E": rates[0].mean(), "rate_E_error": measures.block_error(rates[0]),
        "rate_I": rates[1].mean(), "rate_I_error": measures.block_error(rates[1]),
        "frequency": frequency, "frequency_error": error,
        "sd_1ms": rate[: rate.size // per_ms * per_ms].reshape(-1, per_ms).mean(axis=1).std(),
    }  # fmt: skip
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "units": "dt: ms; values: 1/s, as those of event_driven.py",
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Brunel's model A in plain Brian2")
    for name, default in (("g", 5.0), ("eta", 2.0), ("dt", 0.1), ("duration", 5.0), ("transient", 0.6)):
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
