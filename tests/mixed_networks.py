"""An excitatory adex and an inhibitory gif population of 1,250 neurons in all, sparsely connected, as specs."""

from __future__ import annotations

from typing import Any

ADEX = {
    "model": "adex", "C_m": "150 pF", "g_L": "10 nS", "E_L": "-65 mV", "V_th": "-50 mV", "Delta_T": "2 mV",
    "V_peak": "-40 mV", "V_reset": "-65 mV", "t_ref": "2 ms", "a": "1 nS", "b": "10 pA", "tau_w": "150 ms",
}  # fmt: skip
GIF = {
    "model": "gif", "C_m": "150 pF", "g_L": "10 nS", "E_L": "-65 mV", "V_reset": "-65 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": "-50 mV",
}  # fmt: skip
SIZES = {"E": 1000, "I": 250}
SYNAPSES: dict[tuple[str, str], dict[str, str]] = {
    ("E", "E"): {},
    ("I", "E"): {"synapse": "exponential", "tau_syn": "1 ms"},
    ("E", "I"): {"synapse": "exponential", "tau_syn": "3 ms"},
    ("I", "I"): {"synapse": "exponential", "tau_syn": "6 ms"},
}


def document(rule: str = "fixed_indegree", across: float = 1.0, within: float = 1.0) -> dict[str, Any]:
    """J 0.2 and -1 mV, 80 and 20 synapses on a neuron; across, within: factors of J between and inside the kinds."""
    wires: list[dict[str, Any]] = []
    for pre, K, J in (("E", 80, 0.2), ("I", 20, -1.0)):
        count = {"p": K / SIZES[pre]} if rule == "pairwise_bernoulli" else {"K": K, "multapses": False}
        for post in "EI":
            factor = within if pre == post else across
            wires.append({"pre": pre, "post": post, "J": f"{factor * J} mV", "delay": "1 ms", "rule": rule, **count,
                          **SYNAPSES[pre, post]})  # fmt: skip
    more = {"population": "E", "target": "mu", "kind": "step", "at": "0 s", "amplitude": "0.4 mV/ms"}
    return {
        "schema": 1,
        "name": f"adex_gif {rule}",
        "populations": {
            "I": {"size": 250, "neuron": GIF, "noise": {"mu": "1.25 mV/ms", "sigma": "0 mV/sqrt(ms)"}},
            "E": {"size": 1000, "neuron": ADEX, "noise": {"mu": "1.1 mV/ms", "sigma": "1 mV/sqrt(ms)"}},
        },
        "connections": wires,
        "protocols": {
            "rest": {"duration": "4 s", "transient": "1 s"},
            "short": {"duration": "0.2 s", "transient": "0.2 s"},
            "strong": {"duration": "3 s", "transient": "0.5 s", "stimulus": [more]},
        },
    }


def alone(name: str, **factors: float) -> dict[str, Any]:
    """One of the two populations with its own connections."""
    whole = document(**factors)
    own = [c for c in whole["connections"] if c["pre"] == c["post"] == name]
    populations, protocols = {name: whole["populations"][name]}, {"short": whole["protocols"]["short"]}
    return whole | {"populations": populations, "connections": own, "protocols": protocols}
