"""Synapses as Brian2 text: what one arriving spike does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from popdyn.ground_truth.receptors import UNIT

CONSTANTS = {"alpha": "1", "tau_gate": "second", "U": "1", "tau_rec": "second", "tau_fac": "second"}


@dataclass(frozen=True)
class SynapseText:
    """`starts`: state of a synapse that does not start at zero."""

    model: str
    on_pre: str
    starts: Mapping[str, float]


def synapse_text(projection: Mapping[str, Any]) -> SynapseText:
    """Text of a projection of `coupled_chunk.structure`.

    A saturating gate and the resources of a Tsodyks-Markram synapse are kept per synapse, in the time of arrival:
    with a constant delay per synapse that is the time at the source.
    """
    variable = projection["variable"]
    family = {"arrived": "delta", "current": "exponential"}.get(variable.split("_")[0], variable.split("_")[0])
    lines = [f"jump : {UNIT[family]}{'' if projection['weighted'] else ' (shared)'}"]
    lines += [f"{name} : {CONSTANTS[name]} (shared)" for name in projection["constants"]]
    if projection["kind"] == "saturating":
        return SynapseText("\n".join([*lines, "gate : 1", "arrival : second"]), _saturating(variable), {})
    if projection["kind"] == "tsodyks_markram":
        facilitating = projection["facilitating"]
        states = ["x : 1", "arrival : second", *(["u : 1"] if facilitating else [])]
        return SynapseText("\n".join(lines + states), _tsodyks_markram(variable, facilitating), {"x": 1.0})
    return SynapseText("\n".join(lines), f"{variable}_post += jump", {})


def _saturating(variable: str) -> str:
    """s' = -s/tau_syn, s += alpha (1 - s)."""
    return "\n".join(
        [
            "gate = gate*exp((arrival - t)/tau_gate)",
            "release = alpha*(1 - gate)",
            "gate += release",
            "arrival = t",
            f"{variable}_post += jump*release",
        ]
    )


def _tsodyks_markram(variable: str, facilitating: bool) -> str:
    """u' = -u/tau_fac, u += U (1 - u); x' = (1 - x)/tau_rec, x -= u x (Tsodyks, Pawelzik and Markram 1998)."""
    utilised = ["u = u*exp((arrival - t)/tau_fac)", "u += U*(1 - u)"] if facilitating else []
    used = "u" if facilitating else "U"
    return "\n".join(
        [
            *utilised,
            "x = 1 - (1 - x)*exp((arrival - t)/tau_rec)",
            f"release = {used}*x",
            "x -= release",
            "arrival = t",
            f"{variable}_post += jump*release",
        ]
    )
