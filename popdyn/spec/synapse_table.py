"""The keys of a connection or a Poisson drive that describe its synapse."""

from __future__ import annotations

from popdyn.parameters import Parameter
from popdyn.spec.network import Neuron, Synapse
from popdyn.spec.section import Section
from popdyn.spec.spread import Value, read_value
from popdyn.spec.synapse import DELAY, EVERY, SYNAPSES
from popdyn.spec.weight import read_weight


def read_synapse(
    section: Section, post: Neuron | None, *, external: bool = False, explicit: bool = False
) -> Synapse | None:
    """The synapse that a table's keys describe; None after a fault. `post`: None when that neuron is faulty.

    `external`: of a Poisson drive (no delay); `explicit`: weights and delays may come from an edge table, and J is
    then zero here.
    """
    before = len(section.faults)
    kinds = [name for name, kind in SYNAPSES.items() if not (external and kind.per_source)]
    name = section.text("synapse", kinds, "delta")
    if name is None:
        for key in ("J", "psp_peak", "delay", *(p.name for p in EVERY)):
            section.take(key)
        return None
    kind = SYNAPSES[name]
    constants = {p.name: _constant(section, p) for p in kind.parameters}
    delay = Value(0.0) if external else read_value(section, DELAY) or Value(float(DELAY.default or 0.0))
    weight = read_weight(section, kind, constants, post, optional=explicit)
    if len(section.faults) > before or weight is None:
        return None
    numbers = {key: value for key, value in constants.items() if value is not None}
    return Synapse(name, weight.number, delay=delay.number, weight=weight.spread, delays=delay.spread, **numbers)


def _constant(section: Section, parameter: Parameter) -> float | None:
    if parameter.default is None:
        return section.required(parameter)
    found = section.quantity(parameter)
    return float(parameter.default) if found is None else found


def keys_of_other_kinds(synapse: Synapse | None) -> dict[str, str]:
    """Keys that belong to other kinds of synapse, and to which."""
    if synapse is None:
        return {}
    own = {p.name for p in SYNAPSES[synapse.kind].parameters}
    users = {p.name: [n for n, kind in SYNAPSES.items() if p in kind.parameters] for p in EVERY if p.name not in own}
    return {key: "synapse " + " and ".join(names) for key, names in users.items()}
