"""Networks of one population for the fitting tests."""

from __future__ import annotations

from typing import Any

from popdyn.spec import load
from popdyn.spec.network import Network

ADAPTATION = {"aug": ("200 ms", "40 pA"), "strong": ("60 ms", "80 pA")}


def adex(case: str, **neuron: str) -> Network:
    """`aug` or `strong`; the spec asks for a random mu of 0.4 mV/ms."""
    tau_w, b = ADAPTATION[case]
    values = {"model": "adex", "a": "4 nS", "b": b, "tau_w": tau_w, "E_w": "-80 mV", **neuron}
    return _network(values, "1.5 mV/ms", "2 mV/sqrt(ms)", "0.4 mV/ms")


def eif() -> Network:
    """Without adaptation, driven by fluctuations: the quickest to fit."""
    return _network({"model": "eif"}, "0.55 mV/ms", "1.5 mV/sqrt(ms)", "0.2 mV/ms")


def two_time_scales(*, currents: bool = False) -> Network:
    """Escape noise and a threshold that moves on two time scales, as reference_sims/gif_two_time_scales."""
    neuron = {
        "model": "gif", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_reset": "0 mV", "V_T_star": "15 mV",
        "Delta_V": "3 mV", "lambda_0": "10 Hz", "t_ref": "4 ms", "tau_sfa": ["30 ms", "500 ms"],
        "q_sfa": ["3 mV", "0.6 mV"], **({"tau_stc": ["500 ms"], "q_stc": ["5 pA"]} if currents else {}),
    }  # fmt: skip
    return _network(neuron, "1.2 mV/ms", "0 mV/sqrt(ms)", "0.233 mV/ms")


def _network(neuron: dict[str, Any], mu: str, sigma: str, std: str) -> Network:
    population: dict[str, Any] = {"size": 1000, "neuron": neuron, "noise": {"mu": mu, "sigma": sigma}}
    stimulus = {"population": "E", "target": "mu", "kind": "ou", "std": std, "tau": "50 ms"}
    protocol = {"duration": "2 s", "seed": 5, "stimulus": [stimulus]}
    return load({"schema": 1, "name": "case", "populations": {"E": population}, "protocols": {"wander": protocol}})
