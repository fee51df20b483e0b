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


def _network(neuron: dict[str, str], mu: str, sigma: str, std: str) -> Network:
    population: dict[str, Any] = {"size": 1000, "neuron": neuron, "noise": {"mu": mu, "sigma": sigma}}
    stimulus = {"population": "E", "target": "mu", "kind": "ou", "std": std, "tau": "50 ms"}
    protocol = {"duration": "2 s", "seed": 5, "stimulus": [stimulus]}
    return load({"schema": 1, "name": "case", "populations": {"E": population}, "protocols": {"wander": protocol}})
