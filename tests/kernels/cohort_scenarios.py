"""Small networks of escape-noise neurons through the kernels of cohorts: every kind of variable, and chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.spec import load
from popdyn.spec.network import Network
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import march, noise_of, start
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.quasi_renewal import quasi_renewal_rates

GIF = {
    "model": "gif", "t_ref": "1.3 ms", "E_L": "-65 mV", "V_reset": "-62 mV", "V_T_star": "-50 mV", "Delta_V": "2 mV",
    "lambda_0": "20 Hz", "tau_sfa": ["30 ms", "200 ms"], "q_sfa": ["2 mV", "0.5 mV"], "tau_stc": ["80 ms"],
    "q_stc": ["20 pA"], "adaptation_scale": {"normal": [1.0, 0.2]},
}  # fmt: skip
POISSON = {"model": "poisson", "E_L": "-65 mV", "V_T_star": "-50 mV", "Delta_V": "3 mV", "lambda_0": "20 Hz"}
ADAPTING = GifProblem(
    tau_m=15e-3, E_L=0.0, V_reset=0.0, t_ref=4e-3, lambda_0=10.0, Delta_V=3e-3, V_T_star=15e-3,
    tau_sfa=(30e-3, 100e-3), q_sfa=(3e-3, 0.6e-3), mu=25e-3 / 15e-3,
)  # fmt: skip
NOISE = {"mu": "1.2 mV/ms", "sigma": "1 mV/sqrt(ms)"}


def _connection(pre: str, post: str, J: str) -> dict[str, object]:
    wires = {"rule": "pairwise_bernoulli", "p": 0.1, "delay": "1 ms", "synapse": "exponential", "tau_syn": "3 ms"}
    return {"pre": pre, "post": post, "J": J, **wires}


def network() -> Network:
    """An adapting heterogeneous population, one of Poisson neurons, and very many of these."""
    return load({
        "schema": 1,
        "populations": {
            "E": {"size": 400, "neuron": GIF, "noise": NOISE, "initial": {"V": {"normal": ["-52 mV", "3 mV"]}}},
            "P": {"size": 100, "neuron": POISSON, "noise": NOISE},
            "many": {"size": 1_000_000, "neuron": POISSON, "noise": NOISE},
        },
        "connections": [_connection("E", "E", "0.2 mV"), _connection("P", "E", "-0.4 mV")],
        "protocols": {"p": {"duration": "20 ms", "transient": "1 ms"}},
    })  # fmt: skip


def shunted() -> Network:
    """Conductances, a current, fast and slow traces, noise, a spread reset, unequal inputs; Poisson neurons beside."""
    wires = {"rule": "pairwise_bernoulli", "p": 0.1, "delay": "1 ms"}
    opened = wires | {"synapse": "conductance", "tau_syn": "3 ms"}
    neuron = {k: v for k, v in GIF.items() if k != "adaptation_scale"} | {
        "tau_stc": ["4 ms", "80 ms"], "q_stc": ["10 pA", "20 pA"], "V_reset": {"normal": ["-62 mV", "1 mV"]},
    }  # fmt: skip
    return load({
        "schema": 1,
        "populations": {
            "E": {"size": 400, "neuron": neuron, "noise": NOISE, "initial": {"V": {"normal": ["-52 mV", "3 mV"]}}},
            "P": {"size": 100, "neuron": POISSON, "noise": NOISE},
        },
        "connections": [
            opened | {"pre": "E", "post": "E", "J": "0.2 nS", "E_rev": "0 mV"},
            opened | {"pre": "P", "post": "E", "J": "1 nS", "E_rev": "-65 mV"},
            opened | {"pre": "E", "post": "P", "J": "0.2 nS", "E_rev": "0 mV"},
            wires | {"pre": "P", "post": "E", "J": "-0.1 mV", "synapse": "exponential", "tau_syn": "2 ms"},
        ],
        "protocols": {"p": {"duration": "20 ms", "transient": "1 ms"}},
    })  # fmt: skip


def cohorts() -> dict[str, NDArray[np.generic]]:
    """Trajectories without and with finite size; and of the baselines."""
    found: dict[str, NDArray[np.generic]] = {}
    rung = CohortDensity(network(), grid=AgeGrid(1e-3, 2, 2), settle=False)
    protocol = rung.network.protocols["p"]
    for seed in (None, 1):
        with np.errstate(over="ignore"):  # the generator's words wrap around
            run = rung.run(protocol, seed)
        found[f"cohorts, seed {seed}"] = np.concatenate([run.rate, run.seen[:, :, 0]], axis=1)
    problem = replace(ADAPTING, sigma=0.05)
    for closure in ("gaussian", "cohort_mean"):
        one = start(problem, grid=AgeGrid(5e-4, 2, 2), closure=closure)
        rate, seen = march(one, np.full(300, problem.mu), np.tile(noise_of(problem), (300, 1)), every=5)
        found[f"cohorts {closure}"] = np.append(rate, seen[:, 0])
    for seed in (None, 1):
        rung = CohortDensity(shunted(), grid=AgeGrid(1e-3, 2, 2), settle=False)
        with np.errstate(over="ignore"):
            run = rung.run(rung.network.protocols["p"], seed)
        found[f"conductances, seed {seed}"] = np.concatenate([run.rate, run.seen[:, :, 0]], axis=1)
    found["quasi-renewal"] = quasi_renewal_rates(ADAPTING, np.full(60, ADAPTING.mu), 5e-3)
    return found
