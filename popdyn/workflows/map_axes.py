"""What a map varies: `b=0:100:11`, `V_th.std=0 mV:4 mV:9`, `E.mu=1:2:5`, and the spec at one point of the grid."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.distributions import Distribution
from popdyn.errors import PopdynError, UsageError
from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.quantities import DIMENSIONS, UNITS, parse, unit_of, unit_text
from popdyn.spec import Network, Population, load
from popdyn.spec.document import read
from popdyn.spec.names import aliases_of
from popdyn.theory.sensitivity import DRIVE, at_value, parameters_of, value_of
from popdyn.types import FloatArray

EXAMPLE = 'allowed: KEY=FIRST:LAST:COUNT, e.g. "b=0 pA:100 pA:11", "V_th.std=0:4:9", "E.mu=1:2:5"'
MOST_VALUES = 1000
MOST_CELLS = 100_000
STD = "std"
WITH_STD = ("normal", "lognormal", "gamma")
_NUMBER = re.compile(r"\s*[-+]?[0-9._]+(?:[eE][-+]?[0-9]+)?\s*")


@dataclass(frozen=True)
class Axis:
    """One parameter of one population (or its s.d. over neurons) and its values, SI; `unit`: what they are shown in."""

    population: str
    name: str
    spread: bool
    si: str
    unit: str
    values: tuple[float, ...]

    @property
    def label(self) -> str:
        return f"{self.name}.{STD}" if self.spread else self.name

    def label_in(self, network: Network) -> str:
        """The label, with its population where there are several."""
        return self.label if len(network.populations) == 1 else f"{self.population}.{self.label}"

    @property
    def factor(self) -> float:
        """SI per shown unit."""
        return float(UNITS[self.unit][1])

    @property
    def shown(self) -> FloatArray:
        return np.array(self.values) / self.factor


def parse_axes(texts: Sequence[str], network: Network, given: Any) -> tuple[Axis, ...]:
    """Axes of a grid. `given`: the spec as the user gave it, whose units bare numbers have.

    Raises UsageError or QuantityError, naming the axis, for an unknown parameter, another unit, an empty range.
    """
    if not texts:
        raise UsageError(f"--vary: got nothing; {EXAMPLE}")
    axes = tuple(parse_axis(text, network, given) for text in texts)
    named = [(axis.population, axis.label) for axis in axes]
    if len(set(named)) < len(named):
        raise UsageError(f"--vary: got {', '.join(axis.label for axis in axes)}; allowed: each parameter once")
    cells = math.prod(len(axis.values) for axis in axes)
    if cells > MOST_CELLS:
        raise UsageError(f"--vary: got a grid of {cells} cells; allowed: at most {MOST_CELLS}")
    return axes


def parse_axis(text: str, network: Network, given: Any) -> Axis:
    """One axis: KEY=FIRST:LAST:COUNT."""
    key, _, rest = text.partition("=")
    parts = [part.strip() for part in rest.split(":")]
    if len(parts) != 3 or not parts[2].isdigit():
        raise UsageError(f"--vary: got {text!r}; {EXAMPLE}")
    low, high, axis = ends_of(key, parts[:2], network, given)
    if not 2 <= int(parts[2]) <= MOST_VALUES or not low < high:
        raise UsageError(
            f"--vary {key}: got {rest!r}, an empty range; allowed: FIRST < LAST and 2 to {MOST_VALUES} values"
        )
    return replace(axis, values=tuple(np.linspace(low, high, int(parts[2])).tolist()))


def ends_of(key: str, parts: Sequence[str], network: Network, given: Any) -> tuple[float, float, Axis]:
    """Two quantities of one parameter, SI, and the axis without values."""
    axis = listed_axis(key, parts, network, given)
    low, high = axis.values
    return low, high, replace(axis, values=())


def listed_axis(key: str, parts: Sequence[str], network: Network, given: Any) -> Axis:
    """An axis of the values that are written out, in their order."""
    axis = named_axis(key.strip(), network, given)
    return replace(axis, values=tuple(_number(key, part, axis) for part in parts))


def named_axis(key: str, network: Network, given: Any) -> Axis:
    """The parameter that a key names, without values."""
    words = key.split(".")
    population = words.pop(0) if words[0] in network.populations and len(words) > 1 else _only(key, network)
    spread = len(words) == 2 and words[1] == STD
    known = parameters_of(network.populations[population])
    if words[0] not in known or len(words) > 1 + spread:
        hint = f"; each also as KEY.{STD}, its s.d. over neurons"
        raise UsageError(f"--vary: got {key!r}; allowed for populations.{population}: {', '.join(known)}{hint}")
    parameter = known[words[0]]
    unit = _written_unit(given, population, parameter) or DIMENSIONS[parameter.unit].shown
    return Axis(population, words[0], spread, parameter.unit, unit, ())


def at_point(network: Network, axes: Sequence[Axis], values: Sequence[float]) -> Network:
    """The spec at one point of the grid, checked as a spec is; what an axis does not name stays.

    Raises UsageError with the point and every fault.
    """
    populations = dict(network.populations)
    for axis, value in zip(axes, values, strict=True):
        populations[axis.population] = _moved(populations[axis.population], axis, value)
    try:
        return load(replace(network, populations=populations))
    except PopdynError as error:
        raise UsageError(f"--vary: no such neuron at {words_of(axes, values)}: {error}") from error


def words_of(axes: Sequence[Axis], values: Sequence[float]) -> str:
    """ "b = 40 pA, V_th.std = 2 mV"."""
    pairs = zip(axes, values, strict=True)
    return ", ".join(f"{axis.label} = {value / axis.factor:.6g} {axis.unit}".strip() for axis, value in pairs)


def _moved(population: Population, axis: Axis, value: float) -> Population:
    held = population.spread.get(axis.name)
    if axis.spread:
        centre = value_of(population, axis.name) if held is None else held.centre
        family = held.family if held is not None and held.family in WITH_STD else "normal"
        new = Distribution(family, (centre, value)) if value > 0 else None
        return _with_spread(at_value(population, axis.name, centre), axis.name, new)
    if held is None:
        return at_value(population, axis.name, value)
    if held.family not in WITH_STD:
        allowed = f"one value, or one of {', '.join(WITH_STD)}"
        raise UsageError(f"--vary {axis.label}: the spec has a {held.family} distribution; allowed: {allowed}")
    return _with_spread(population, axis.name, replace(held, parameters=(value, held.parameters[1])))


def _with_spread(population: Population, name: str, new: Distribution | None) -> Population:
    others = {key: d for key, d in population.spread.items() if key != name}
    if new is not None:
        return replace(population, spread=others | {name: new})
    kept = tuple(c for c in population.correlations if name not in c[:2])
    return replace(population, spread=others, correlations=kept)


def _only(key: str, network: Network) -> str:
    if len(network.populations) > 1:
        names = list(network.populations)
        raise UsageError(
            f"--vary: got {key!r}; allowed: POPULATION.KEY, e.g. {names[0]}.{key}; populations: {', '.join(names)}"
        )
    return next(iter(network.populations))


def _number(key: str, text: str, axis: Axis) -> float:
    try:
        return parse(f"{text} {axis.unit}" if _NUMBER.fullmatch(text) else text, axis.si)
    except PopdynError as error:
        raise UsageError(f"--vary {key}: {error}") from error


def _written_unit(given: Any, population: str, parameter: Parameter) -> str | None:
    """The unit that the spec writes this parameter in; None where it does not, or in another convention."""
    document = given if isinstance(given, Mapping) else {}
    if isinstance(given, str | Path) and Path(given).suffix in (".toml", ".json"):
        document = read(Path(given))
    try:
        section = document["populations"][population]["noise" if parameter.name in DRIVE else "neuron"]
        written = next(section[name] for name in (parameter.name, *aliases_of(parameter.name)) if name in section)
    except (KeyError, TypeError, StopIteration):
        return None
    while isinstance(written, Mapping | list | tuple) and written:
        written = next(iter(written.values())) if isinstance(written, Mapping) else written[0]
    if not isinstance(written, str) or unit_of(written) != parameter.unit:
        return None
    return unit_text(written) or None


def adapts(network: Network, population: str) -> bool:
    """Whether the neurons adapt by a current or a moving threshold."""
    p = network.populations[population].neuron.parameters
    own = any(np.any(np.asarray(p.get(key, 0.0)) != 0) for key in ("a", "b", "q_sfa", "q_stc"))
    return own or any(t.count(p) for t in MODELS[network.populations[population].neuron.model].traces)
