"""The tables [protocols.NAME] and their stimuli."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from popdyn.neurons import MODELS
from popdyn.neurons.traces import slowest
from popdyn.parameters import Parameter
from popdyn.spec.csv_file import read_points
from popdyn.spec.document import MAX_INTEGER
from popdyn.spec.lowest_drive import check_drive
from popdyn.spec.network import Population, Protocol, Stimulus
from popdyn.spec.section import Section
from popdyn.stimuli import KINDS, TARGET, TARGETS, on_target

LONGEST = 3600.0
DURATION = Parameter("duration", "s", "length of the protocol", None, 1e-3, LONGEST)
TRANSIENT = Parameter("transient", "s", "time before t = 0 that is not scored", None, 0.0, LONGEST)
MILLISECOND = 1e-3
BASELINE = Protocol("baseline", duration=1.0, transient=0.0, seed=0)
"""What a spec without protocols gets (with the default transient)."""


def default_transient(populations: Mapping[str, Population]) -> float:
    """max(200 ms, 5 tau_m, 4 tau of the adaptation) over the populations, rounded up to a millisecond."""
    times = [0.2]
    for population in populations.values():
        p = population.neuron.parameters
        times += [5 * p["C_m"] / p["g_L"], 4 * p.get("tau_w", 0.0)]
        times.append(4 * slowest(MODELS[population.neuron.model].traces, p))
    return math.ceil(min(max(times), LONGEST) / MILLISECOND - 1e-6) / 1000


def resolve_protocol(
    name: str, section: Section, populations: Mapping[str, Population | None], transient: float
) -> Protocol | None:
    """One protocol; None when something in it is wrong. `populations`: all names, None for a faulty one."""
    before = len(section.faults)
    duration = section.required(DURATION)
    given_transient = section.quantity(TRANSIENT)
    seed = section.integer("seed", 0, MAX_INTEGER, 0)
    for key, value in (("duration", duration), ("transient", given_transient)):
        if value is not None and abs(value - round(value / MILLISECOND) * MILLISECOND) > 1e-9:
            fix = f'write "{max(1, round(value * 1e3))} ms"'
            section.fault(key, f"{value * 1e3:.9g} ms", "a multiple of 1 ms", fix)
    stimuli = [resolve_stimulus(table, populations, duration) for table in section.tables("stimulus")]
    section.close(elsewhere={"stimuli": "popdyn in the singular: [[…stimulus]]", "dt": "the command line (--dt)"})
    if len(section.faults) > before or duration is None or seed is None:
        return None
    kept = tuple(stimulus for stimulus in stimuli if stimulus is not None)
    transient = transient if given_transient is None else given_transient
    protocol = Protocol(name, _whole(duration), _whole(transient), seed, kept)
    known = {key: population for key, population in populations.items() if population is not None}
    return protocol if check_drive(protocol, known, section) else None


def _whole(time: float) -> float:
    return round(time / MILLISECOND) / 1000


def baseline(transient: float) -> Protocol:
    return replace(BASELINE, transient=transient)


def resolve_stimulus(
    section: Section, populations: Mapping[str, Population | None], duration: float | None
) -> Stimulus | None:
    """One table of [[protocols.NAME.stimulus]]; None after a fault."""
    before = len(section.faults)
    only = next(iter(populations)) if len(populations) == 1 else None
    population = section.text("population", list(populations), only) if populations else section.take("population")[1]
    target = section.text("target", list(TARGETS))
    kind = section.text("kind", list(KINDS))
    if kind is None:
        return None
    shape = KINDS[kind]
    if shape.repeated:
        times, values = shape.parameters
        parameters = read_points(section, times, on_target(values, target) if target else None) or {}
    else:
        parameters = {p.name: _scalar(section, p, target, duration) for p in shape.parameters}
    section.close(elsewhere=_keys_of_other_kinds(kind))
    known = {key: value for key, value in {**parameters, "duration": duration}.items() if value is not None}
    for constraint in shape.constraints:
        names = {p.name for p in shape.parameters} | {"duration"}
        if names.intersection(constraint.names()) <= set(known) and parameters and not constraint.holds(known):
            section.fault("", _shown(known), constraint.text, constraint.fix)
    if len(section.faults) > before or not isinstance(population, str) or target is None or duration is None:
        return None
    return Stimulus(population, target, kind, parameters)


def _scalar(section: Section, p: Parameter, target: str | None, duration: float | None) -> float | None:
    """An SI value; None after a fault, or where it depends on a target or duration that is itself faulty."""
    if p.default is None or section.given(p.name):
        if p.unit == TARGET and target is None:
            section.take(p.name)
            return None
        return section.required(on_target(p, target or ""))
    section.take(p.name)
    return duration if p.default == "duration" else float(p.default)


@cache
def _keys_of_other_kinds(kind: str) -> dict[str, str]:
    own = {p.name for p in KINDS[kind].parameters}
    others: dict[str, list[str]] = {}
    for other in KINDS.values():
        for p in other.parameters:
            if p.name not in own:
                others.setdefault(p.name, []).append(other.name)
    return {key: "kind " + " and ".join(names) for key, names in others.items()}


def _shown(parameters: Mapping[str, Any]) -> str:
    scalars = [f"{k} = {v:.6g}" for k, v in parameters.items() if isinstance(v, float)]
    points = [f"{len(v)} {k}" for k, v in parameters.items() if isinstance(v, tuple)]
    return ", ".join([*points, *scalars]) + " (SI)"
