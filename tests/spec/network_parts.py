"""A small network to hang connections and distributions on."""

from __future__ import annotations

from typing import Any

NOISE = {"mu": "0.5 mV/ms", "sigma": "1 mV/sqrt(ms)"}


def network(*connections: dict[str, Any], neuron: dict[str, Any] | None = None, **population: Any) -> dict[str, Any]:
    """100 neurons E (of the model and keys given) and 40 neurons I, lif with C_m = 100 pF and tau_m = 10 ms.

    Connections: E to all I with 0.1 mV, but for the keys given; None takes a key away.
    """
    E = {"size": 100, "neuron": {"model": "adex"} | (neuron or {}), "noise": NOISE} | population
    inhibitory = {"model": "lif", "C_m": "100 pF", "g_L": "10 nS"}
    written = [{"pre": "E", "post": "I", "rule": "all_to_all", "J": "0.1 mV"} | c for c in connections]
    return {
        "populations": {"E": E, "I": {"size": 40, "neuron": inhibitory, "noise": NOISE}},
        "connections": [{key: value for key, value in c.items() if value is not None} for c in written],
    }
