"""The tables [protocols.NAME] and their stimuli."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from popdyn.parameters import Parameter
from popdyn.spec.csv_file import read_points
from popdyn.spec.document import MAX_INTEGER
from popdyn.spec.network import Population, Protocol, Stimulus
from popdyn.spec.section import Section
from popdyn.spec.sigma import check_sigma
from popdyn.stimuli import KINDS, TARGET, TARGETS, StimulusKind

LONGEST = 3600.0
DURATION = Parameter("duration", "s", "length of the protocol", None, 1e-3, LONGEST)
TRANSIENT = Parameter("transient", "s", "time before t = 0 that is not scored", None, 0.0, LONGEST)
MILLISECOND = 1e-3
BASELINE = Protocol("baseline", duration=1.0, transient=0.0, seed=0)
"""What a spec without protocols gets (with the default transient)."""


def default_transient(populations: Mapping[str, Population]) -> float:
    """max(200 ms, 5 tau_m, 4 tau_w) over the populations, rounded up to a millisecond."""
    times = [0.2]
    for population in populations.values():
        p = population.neuron.parameters
        times += [5 * p["C_m"] / p["g_L"], 4 * p.get("tau_w", 0.0)]
    return math.ceil(min(max(times), LONGEST) / MILLISECOND - 1e-6) / 1000


def resolve_protocol(
    name: str, section: Section, populations: Mapping[str, Population | None], transient: float, folder: Path | None
) -> Protocol | None:
    """One protocol; None when something in it is wrong. `populations`: all names, None for a faulty one."""
    before = len(section.faults)
    duration = section.required(DURATION)
    given_transient = section.quantity(TRANSIENT)
    seed = section.integer("seed", 0, MAX_INTEGER, 0)
    for key, value in (("duration", duration), ("transient", given_transient)):
        if value is not None and abs(value - round(value / MILLISECOND) * MILLISECOND) > 1e-9:
            section.fault(key, f"{value * 1e3:.9g} ms", "a multiple of 1 ms", f'write "{max(1, round(value * 1e3))} ms"')
    stimuli = [resolve_stimulus(table, populations, duration, folder) for table in section.tables("stimulus")]
    section.close(elsewhere={"stimuli": "popdyn in the singular: [[…stimulus]]", "dt": "the command line (--dt)"})
    if len(section.faults) > before or duration is None or seed is None:
        return None
    kept = tuple(stimulus for stimulus in stimuli if stimulus is not None)
    protocol = Protocol(name, _whole(duration), _whole(transient if given_transient is None else given_transient), seed, kept)
    known = {key: population for key, population in populations.items() if population is not None}
    return protocol if check_sigma(protocol, known, section) else None


def _whole(time: float) -> float:
    return round(time / MILLISECOND) / 1000


def baseline(transient: float) -> Protocol:
    return replace(BASELINE, transient=transient)


def resolve_stimulus(
    section: Section, populations: Mapping[str, Population | None], duration: float | None, folder: Path | None
) -> Stimulus | None:
    """One table of [[protocols.NAME.stimulus]]; None after a fault."""
    before = len(section.faults)
    only = next(iter(populations)) if len(populations) == 1 else None
    population = section.text("population", list(populations), only) if populations else section.take("population")[1]
    target = section.text("target", list(TARGETS))
    kind = section.text("kind", list(KINDS))
    if kind is None or target is None or duration is None:
        return None
    shape = KINDS[kind]
    parameters = _points(section, shape, target, folder) if shape.repeated else _scalars(section, shape, target, duration)
    section.close(elsewhere=_keys_of_other_kinds(shape))
    if parameters is None or len(section.faults) > before:
        return None
    for constraint in shape.constraints:
        if not constraint.holds({**parameters, "duration": duration}):
            section.fault("", _shown(parameters, duration), constraint.text, constraint.fix)
    if len(section.faults) > before or not isinstance(population, str):
        return None
    return Stimulus(population, target, kind, parameters)


def _unit(parameter: Parameter, target: str) -> str:
    return TARGETS[target] if parameter.unit == TARGET else parameter.unit


def _scalars(section: Section, shape: StimulusKind, target: str, duration: float) -> dict[str, Any] | None:
    values: dict[str, Any] = {}
    for p in shape.parameters:
        unit = _unit(p, target)
        value = section.required(p, unit=unit) if p.default is None else section.quantity(p, unit=unit)
        if value is None and p.default is not None and not section.given(p.name):
            value = duration if p.default == "duration" else float(p.default)
        values[p.name] = value
    return None if None in values.values() else values


def _points(section: Section, shape: StimulusKind, target: str, folder: Path | None) -> dict[str, Any] | None:
    times, values = shape.parameters
    return read_points(section, times, values, _unit(values, target), folder)


def _keys_of_other_kinds(shape: StimulusKind) -> dict[str, str]:
    own = {p.name for p in shape.parameters}
    others: dict[str, list[str]] = {}
    for other in KINDS.values():
        for p in other.parameters:
            if p.name not in own:
                others.setdefault(p.name, []).append(other.name)
    return {key: "kind " + " and ".join(names) for key, names in others.items()}


def _shown(parameters: Mapping[str, Any], duration: float) -> str:
    scalars = [f"{k} = {v:.6g}" for k, v in parameters.items() if isinstance(v, float)]
    points = [f"{len(v)} {k}" for k, v in parameters.items() if isinstance(v, tuple)]
    return ", ".join([*scalars, *points, f"duration = {duration:.6g}"]) + " (SI)"
