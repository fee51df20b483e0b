"""What a synapse adds to on the postsynaptic side, and by how much per spike."""

from __future__ import annotations

from dataclasses import dataclass

from popdyn.errors import DomainError
from popdyn.spec.network import Synapse

FAMILY = {
    "delta": "delta",
    "exponential": "exponential",
    "alpha": "alpha",
    "conductance": "conductance",
    "saturating": "exponential",
    "tsodyks_markram": "exponential",
}
"""Synapse kind to the filter behind it. The two with memory differ in the size of their jumps only."""

UNIT = {"delta": "volt", "exponential": "volt/second", "alpha": "volt/second**2", "conductance": "siemens"}
"""Unit of the variable that jumps."""

PREFIX = {"exponential": "current", "alpha": "alpha", "conductance": "conductance"}


@dataclass(frozen=True)
class Receptor:
    """A filter of the postsynaptic group: tau_syn [s], for conductances E_rev [V]. All neurons of a group have it."""

    family: str
    tau_syn: float = 0.0
    E_rev: float = 0.0


def receptor(synapse: Synapse) -> Receptor:
    family = FAMILY[synapse.kind]
    if family == "delta":
        return Receptor(family)
    if synapse.tau_syn <= 0:
        raise DomainError(f"tau_syn: got {synapse.tau_syn:g} s; allowed: above 0 for a {synapse.kind} synapse")
    return Receptor(family, synapse.tau_syn, synapse.E_rev if family == "conductance" else 0.0)


def jump_per_J(synapse: Synapse) -> float:
    """Jump of the receptor's variable per J: 1, 1/tau_syn (exponential), 1/tau_syn^2 (alpha)."""
    power = {"exponential": 1, "alpha": 2}.get(FAMILY[synapse.kind], 0)
    return float(synapse.tau_syn**-power)
