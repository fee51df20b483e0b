"""Lists of a neuron: time constants and jumps of its traces, as many of the one as of the other."""

from __future__ import annotations

from dataclasses import replace

from popdyn.neurons.traces import MOST, TraceKind
from popdyn.parameters import Parameter
from popdyn.spec.section import Section
from popdyn.spec.spread import Value, read_value


def read_traces(section: Section, kind: TraceKind) -> dict[str, Value]:
    """tau_sfa_1, q_sfa_1, ... of one kind of trace; nothing where the lists are absent or faulty."""
    taus, jumps = _list(section, kind.tau), _list(section, kind.jump)
    if taus is None or jumps is None:
        return {}
    if len(taus) != len(jumps):
        short, long = sorted(((kind.tau.name, len(taus)), (kind.jump.name, len(jumps))), key=lambda pair: pair[1])
        got = f"{_many(short[1])}, while {long[0]} has {_many(long[1])}"
        fix = f"give one of {kind.jump.name} for each of {kind.tau.name}"
        section.fault(short[0], got, "two arrays of equal length", fix)
        return {}
    pairs = [pair for k in range(len(taus)) for pair in zip(kind.parameters(k + 1), (taus[k], jumps[k]), strict=True)]
    return {parameter.name: value for parameter, value in pairs}


def _list(section: Section, parameter: Parameter) -> list[Value] | None:
    """The values of a list; [] where it is absent, None after a fault."""
    items = section.elements(parameter.name, MOST)
    if items is None:
        return None
    before = len(section.faults)
    values = [read_value(item, replace(parameter, name="")) for item in items]
    found = [value for value in values if value is not None]
    if len(found) < len(values) and len(section.faults) == before:
        section.fault(parameter.name, "null", "values")
    return None if len(found) < len(values) else found


def _many(count: int) -> str:
    return {0: "nothing", 1: "1 value"}.get(count, f"{count} values")
