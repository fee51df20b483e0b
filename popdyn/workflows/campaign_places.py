"""Places of the spec that a campaign varies: `E.size`, `connections[0].J` or `E->I.J`, any number that the spec has."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import PopdynError, UsageError
from popdyn.quantities import UNITS, format_quantity, parse, unit_text
from popdyn.spec import Network, load
from popdyn.spec.document import read
from popdyn.spec.section import show
from popdyn.workflows.map_axes import MOST_VALUES, Axis, words_of

EXAMPLE = 'e.g. "E.size", "connections[0].J" or "E->I.J", "protocols.step.stimulus[0].amplitude"'
LENGTHS = ("duration", "transient")
_PAIR = re.compile(r"(\w+)->(\w+)(?:\[(\d+)\])?\.(.+)")
_STEP = re.compile(r"(\w+)((?:\[\d+\])*)")
Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class PlaceAxis(Axis):
    """One number of the spec by its path; `whole`: the spec has an integer there."""

    path: Steps = ()
    whole: bool = False

    def label_in(self, network: Network) -> str:  # noqa: ARG002
        """The key as the campaign has it."""
        return self.name

    @property
    def shown(self) -> Any:
        """The values in `unit`, integers where the spec has one."""
        return np.array(self.values, dtype=np.int64) if self.whole else super().shown

    def written(self, value: float) -> str | float | int:
        """What stands in the spec for an SI value."""
        if self.whole:
            return int(value)
        return format_quantity(value, self.si, unit=self.unit) if self.unit else value

    def at(self, values: Sequence[float]) -> PlaceAxis:
        """With these values, rounded where the spec has an integer."""
        kept = np.rint(values) if self.whole else np.asarray(values)
        return replace(self, values=tuple(kept.tolist()))


def document_of(given: Any) -> dict[str, Any]:
    """The spec as the user wrote it, in a copy of its own."""
    return read(given) if isinstance(given, Path) else copy.deepcopy(dict(given))


def place_axis(key: str, network: Network, given: Any) -> PlaceAxis | None:
    """The place that a key names, without values; None for a key of another kind (a parameter of neurons).

    Raises UsageError where the spec has no number there.
    """
    document = document_of(given)
    path = _path(key, network, document)
    if path is None:
        return None
    here: Any = document
    for step in path:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            raise UsageError(f"got {_words(path)}, which the spec does not have; allowed: what it has, "
                             f"{EXAMPLE}") from None  # fmt: skip
    if path[0] == "populations" and len(path) == 4 and path[2] in ("neuron", "noise"):
        raise UsageError(f"got a parameter of neurons; allowed: {path[1]}.{path[3]}")
    if path[0] == "protocols" and path[-1] in LENGTHS:
        raise UsageError("got the length of a protocol; allowed: several protocols in the spec")
    unit = unit_text(here) if isinstance(here, str) else ""
    if isinstance(here, bool) or not isinstance(here, int | float | str) or unit is None:
        raise UsageError(f"got {show(here)} in the spec; allowed: a number or a quantity, {EXAMPLE}")
    return PlaceAxis("", key, False, UNITS[unit][0], unit, (), path, isinstance(here, int))


def listed_places(axis: PlaceAxis, texts: Sequence[str]) -> PlaceAxis:
    """The axis with values as they are written: quantities, or numbers in the unit that the spec has there."""
    return axis.at([_value(axis, text) for text in texts])


def range_of_places(axis: PlaceAxis, text: str) -> PlaceAxis:
    """The axis with the values of FIRST:LAST:COUNT."""
    first, last, count = text.split(":")
    low, high = (_value(axis, end) for end in (first, last))
    if not count.strip().isdigit() or not 2 <= int(count) <= MOST_VALUES or not low < high:
        raise UsageError(f"got {text!r}, an empty range; allowed: FIRST < LAST and 2 to {MOST_VALUES} values")
    return axis.at(np.linspace(low, high, int(count)).tolist())


def at_places(document: Mapping[str, Any], folder: Path, axes: Sequence[PlaceAxis], values: Sequence[float]) -> Network:
    """The network with other numbers at its places, checked as a spec is.

    Raises UsageError with the point and every fault.
    """
    moved = copy.deepcopy(dict(document))
    for axis, value in zip(axes, values, strict=True):
        here: Any = moved
        for step in axis.path[:-1]:
            here = here[step]
        here[axis.path[-1]] = axis.written(value)
    try:
        return load(moved, folder=folder)
    except PopdynError as error:
        raise UsageError(f"no such network at {words_of(axes, values)}: {error}") from error


def _path(key: str, network: Network, document: Mapping[str, Any]) -> Steps | None:
    pair = _PAIR.fullmatch(key)
    if pair is not None:
        pre, post, number, rest = pair.groups()
        return "connections", _connection(document, (pre, post), number), *_steps(rest)
    top, _, rest = key.partition(".")
    if top in network.populations and rest == "size":
        return "populations", top, "size"
    if top in network.populations and rest.startswith("poisson["):
        return "populations", top, *_steps(rest)
    if top in ("populations", "protocols") or top.startswith("connections["):
        return _steps(key)
    if key == "size" and len(network.populations) == 1:
        return "populations", next(iter(network.populations)), "size"
    return None


def _connection(document: Mapping[str, Any], ends: tuple[str, str], number: str | None) -> int:
    """The place of one of the connections between two populations."""
    found = [i for i, one in enumerate(document.get("connections", ())) if (one.get("pre"), one.get("post")) == ends]
    if number is None and len(found) == 1:
        return found[0]
    if number is not None and int(number) < len(found):
        return found[int(number)]
    pair = "->".join(ends)
    allowed = ", ".join(f"{pair}[{i}]" for i in range(len(found))) or EXAMPLE
    raise UsageError(f"got {pair}, of which the spec has {len(found)}; allowed: {allowed}")


def _steps(text: str) -> Steps:
    path: list[str | int] = []
    for word in text.split("."):
        match = _STEP.fullmatch(word)
        if match is None:
            raise UsageError(f"got {show(word)} in a path; allowed: names and [numbers], {EXAMPLE}")
        path += [match[1], *(int(number) for number in re.findall(r"\d+", match[2]))]
    return tuple(path)


def _words(path: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def _value(axis: PlaceAxis, text: str) -> float:
    bare = unit_text(text) == "" and axis.unit
    try:
        value = parse(f"{text} {axis.unit}" if bare else text, axis.si)
    except PopdynError as error:
        raise UsageError(str(error)) from error
    if axis.whole and value != round(value):
        raise UsageError(f"got {text}; allowed: an integer, as in the spec")
    return value
