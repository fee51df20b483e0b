"""Small networks through the kernels of networks: every synapse, finite jumps, regular trains, finite size."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Network

EXCITATORY = {
    "size": 400,
    "neuron": {"model": "adex", "t_ref": "1.3 ms", "tau_w": "60 ms", "b": "80 pA"},
    "noise": {"mu": "1.6 mV/ms", "sigma": "3 mV/sqrt(ms)"},
    "initial": {"V": {"normal": ["-60 mV", "5 mV"]}, "w": {"normal": ["50 pA", "10 pA"]}},
}
INHIBITORY = {
    "size": 100,
    "neuron": {"model": "lif", "t_ref": "1.3 ms"},
    "noise": {"mu": "0.7 mV/ms", "sigma": "3 mV/sqrt(ms)"},
    "poisson": [{"K": 100, "nu": "20 Hz", "J": "0.3 mV"}],
    "initial": {"V": {"normal": ["-55 mV", "4 mV"]}},
}
KINDS = {
    "exponential": {"tau_syn": "3 ms"},
    "alpha": {"tau_syn": "2 ms"},
    "saturating": {"tau_syn": "20 ms", "alpha": 0.5},
    "tsodyks_markram": {"tau_syn": "3 ms", "U": 0.3, "tau_rec": "100 ms", "tau_fac": "50 ms"},
    "delta": {},
}


def _connection(pre: str, post: str, synapse: str, J: str) -> dict[str, object]:
    kind = {} if synapse == "delta" else {"synapse": synapse}
    wires = {"rule": "fixed_indegree", "K": 40, "delay": "0.3 ms"}
    return {"pre": pre, "post": post, "J": J, **wires, **kind, **KINDS[synapse]}


def every_synapse() -> Network:
    """An adapting and a hard-threshold population that hear each other through every kind of current synapse."""
    wires = [
        _connection("E", "E", "exponential", "0.1 mV"), _connection("E", "I", "saturating", "0.1 mV"),
        _connection("E", "I", "tsodyks_markram", "0.2 mV"), _connection("I", "E", "alpha", "-0.2 mV"),
        _connection("I", "I", "delta", "-0.2 mV"),
    ]  # fmt: skip
    return load({
        "schema": 1, "populations": {"E": EXCITATORY, "I": INHIBITORY}, "connections": wires,
        "protocols": {"p": {"duration": "2 ms", "transient": "1 ms"}},
    })  # fmt: skip


def jumping(population: dict[str, object]) -> Network:
    """One population of delta synapses alone."""
    return load({
        "schema": 1, "populations": {"A": population}, "connections": [_connection("A", "A", "delta", "-0.4 mV")],
        "protocols": {"p": {"duration": "1 ms", "transient": "0 ms"}},
    })  # fmt: skip


def conducting() -> Network:
    """An adapting and a hard-threshold population that hear each other, and Poisson sources, through conductances."""
    E_I, source = {"J": "2 nS", "E_rev": "-75 mV"}, {"K": 400, "nu": "10 Hz", "J": "1 nS", "E_rev": "0 mV"}
    filtered = {"synapse": "conductance", "tau_syn": "2 ms"}
    wires = [
        _connection("E", "I", "exponential", "0.1 mV") | filtered | {"J": "0.5 nS", "E_rev": "0 mV"},
        _connection("I", "E", "exponential", "0.1 mV") | filtered | E_I,
    ]
    populations = {"E": EXCITATORY | {"poisson": [source | filtered]}, "I": INHIBITORY}
    return load({
        "schema": 1, "populations": populations, "connections": wires,
        "protocols": {"p": {"duration": "1 ms", "transient": "1 ms"}},
    })  # fmt: skip


def filtered() -> Network:
    """One population of hard thresholds whose noise comes through synapses."""
    source = {"K": 400, "nu": "9 Hz", "J": "0.3 mV", "synapse": "exponential", "tau_syn": "3 ms"}
    silent = INHIBITORY | {"noise": {"mu": "0 mV/ms", "sigma": "0 mV/sqrt(ms)"}}
    wires = [_connection("A", "A", "exponential", "-0.2 mV")]
    return load({
        "schema": 1, "populations": {"A": silent | {"poisson": [source]}}, "connections": wires,
        "protocols": {"p": {"duration": "1 ms", "transient": "1 ms"}},
    })  # fmt: skip


def networks() -> dict[str, NDArray[np.generic]]:
    """Trajectories without and with finite size, by diffusion and by finite jumps."""
    found = {}
    with np.errstate(over="ignore"):  # the generator's words wrap around
        for name, network, jumps in (
            ("synapses", every_synapse(), False),
            ("conductances", conducting(), False),
            ("filtered", filtered(), False),
            ("jumps", jumping(INHIBITORY), True),
            ("jumps with w", jumping(EXCITATORY), True),
        ):
            for finite in (False, True):
                run = CoupledDensity(network, jumps=jumps, finite=finite, closure="hermite2").simulate("p", seed=1)
                rows = np.concatenate([run[k].values[0].T for k in ("rate", "V_mean", "w_mean")])
                found[f"{name}, finite {finite}"] = rows[np.any(rows != 0.0, axis=1)]  # a hard threshold has no w
    return found
