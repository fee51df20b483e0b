"""Neurons with escape noise, excitatory ones with two adaptation time scales, in plain Brian2.

Written from the equations alone (Schwalger, Deger and Gerstner 2017, and NEST's gif_psc_exp):

    tau_m dV/dt = -V + mu tau_m + tau_m sum of the synaptic currents,  held at 0 for t_ref after a spike
    hazard lambda_0 exp((V - V_T - g_1 - g_2)/Delta);  tau_k dg_k/dt = -g_k, g_k -> g_k + q_k at a spike (E only)
    each spike adds J/tau_syn to an exponential current after the delay: K sources of each kind per neuron

A neuron fires in a step at the probability 1 - exp(-hazard dt) of the step's end. The currents are taken as they are at
the start of a step: the jump is a little below J/tau_syn, so that the charge of a spike is J at every dt (with J/tau_syn
itself it would be J (1 + dt/(2 tau_syn)), and the inhibitory rate 0.2 % higher at 0.05 ms). Input goes on arriving in the
currents during the dead time.

    python reference_sims/gif_ei/plain_brian2.py --seed 1 --out reference_sims/gif_ei
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures

N, K = {"E": 4_000, "I": 1_000}, {"E": 400, "I": 100}
J, TAU_SYN, DELAY = {"E": 0.1, "I": -0.5}, {"E": 3.0, "I": 6.0}, 1.5  # mV, ms, ms
MU, T_REF = {"E": 1.2, "I": 0.9}, {"E": 4.0, "I": 2.0}  # mV/ms, ms
TAU_M, V_T, DELTA, LAMBDA_0 = 20.0, 15.0, 2.5, 10.0  # ms, mV, mV, 1/s
TAU_SFA, Q_SFA = (100.0, 1000.0), {"E": (1.0, 0.5), "I": (0.0, 0.0)}  # ms, mV
EQUATIONS = """
dV/dt = -V/tau_m + mu + from_E + from_I : volt (unless refractory)
dfrom_E/dt = -from_E/tau_E : volt/second
dfrom_I/dt = -from_I/tau_I : volt/second
dg_1/dt = -g_1/tau_1 : volt
dg_2/dt = -g_2/tau_2 : volt
hazard = lambda_0*exp((V - V_T - g_1 - g_2)/Delta) : 1/second
mu : volt/second
q_1 : volt
q_2 : volt
t_ref : second
"""


def sources(rng: np.random.Generator, pre: str, post: str) -> np.ndarray:
    """K different ones for each target, not itself, (target, K)."""
    found = np.empty((N[post], K[pre]), dtype=int)
    for i in range(N[post]):
        others = rng.choice(N[pre] - (pre == post), K[pre], replace=False)
        found[i] = others + (others >= i) if pre == post else others
    return found + (N["E"] if pre == "I" else 0)


def simulate(args: argparse.Namespace) -> np.ndarray:
    """Rates of E and I in every step after the transient (2, steps)."""
    # brian2 executes a file `brian_preferences` of the current directory when imported: this runs in an empty one.
    import brian2 as b2

    b2.set_device("cpp_standalone", directory="build", build_on_run=False)
    b2.defaultclock.dt = args.dt * b2.ms
    b2.seed(args.seed)
    mV, ms = b2.mV, b2.ms
    names = dict(
        tau_m=TAU_M * ms, V_T=V_T * mV, Delta=DELTA * mV, lambda_0=LAMBDA_0 * b2.Hz, tau_E=TAU_SYN["E"] * ms,
        tau_I=TAU_SYN["I"] * ms, tau_1=TAU_SFA[0] * ms, tau_2=TAU_SFA[1] * ms,
    )  # fmt: skip
    neurons = b2.NeuronGroup(
        sum(N.values()), EQUATIONS, threshold="rand() < 1 - exp(-hazard*dt)",
        reset="V = 0*volt; g_1 += q_1; g_2 += q_2", refractory="t_ref", method="exponential_euler", namespace=names,
    )  # fmt: skip
    parts = {"E": neurons[: N["E"]], "I": neurons[N["E"] :]}
    for name, part in parts.items():
        part.mu, part.q_1, part.q_2 = MU[name] * mV / ms, Q_SFA[name][0] * mV, Q_SFA[name][1] * mV
        part.t_ref = (T_REF[name] + args.dt) * ms  # Brian2 moves a neuron again one step early
    neurons.V = "15*rand()*mV"
    rng, projections = np.random.default_rng(args.seed), []
    for pre in N:
        drawn = np.concatenate([sources(rng, pre, post) for post in N])
        jump = f"from_{pre}_post += ({-J[pre] * math.expm1(-args.dt / TAU_SYN[pre]) / args.dt!r})*mV/ms"
        synapses = b2.Synapses(neurons, neurons, on_pre=jump, delay=DELAY * ms)
        synapses.connect(i=drawn.ravel(), j=np.repeat(np.arange(len(drawn)), K[pre]))
        projections.append(synapses)
    monitors = [b2.PopulationRateMonitor(part) for part in parts.values()]
    b2.Network(neurons, projections, monitors).run((args.transient + args.duration) * b2.second)
    b2.device.build(directory="build", compile=True, run=True)
    skip = round(args.transient * 1e3 / args.dt)
    return np.array([np.asarray(monitor.rate / b2.Hz)[skip:] for monitor in monitors])


def measured(args: argparse.Namespace) -> dict[str, Any]:
    began, home = os.times(), os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            rates = simulate(args)
        finally:
            os.chdir(home)
    spent = sum(os.times()[:4]) - sum(began[:4])
    values: dict[str, float] = {}
    for name, rate in zip(N, rates, strict=True):
        values |= {f"rate_{name}": rate.mean(), f"rate_{name}_error": measures.block_error(rate)}
    return {
        "method": "plain_brian2.py", "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "units": "dt ms; duration and transient s; rates 1/s",
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(spent),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="two populations with escape noise in plain Brian2")
    for name, default in (("dt", 0.05), ("duration", 20.0), ("transient", 5.0)):
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
