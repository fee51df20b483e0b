"""A cursor over one table of a model document: hands out checked values and notes every fault."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from popdyn.errors import Fault
from popdyn.spec.section import join as join_path
from popdyn.spec.section import show
from popdyn.types import FloatArray


@dataclass
class Reader:
    """`data` is taken for an empty table, with a fault, where it is none."""

    data: Any
    path: str
    faults: list[Fault]

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            self.faults.append(Fault(self.path or "document", show(self.data), "a table"))
            self.data = {}

    def fault(self, key: str, got: Any, allowed: str) -> None:
        self.faults.append(Fault(join_path(self.path, key), show(got), allowed))

    def table(self, key: str) -> Reader:
        return Reader(self.data.get(key), join_path(self.path, key), self.faults)

    def tables(self, key: str, least: int, most: int) -> list[Reader]:
        """A list of `least` to `most` tables."""
        values = self._list(key, least, most)
        return [Reader(value, f"{join_path(self.path, key)}[{i}]", self.faults) for i, value in enumerate(values)]

    def constant(self, key: str, wanted: str | int) -> None:
        value = self.data.get(key)
        if type(value) is not type(wanted) or value != wanted:
            self.fault(key, value, repr(wanted))

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if isinstance(value, str) and len(value) <= 200:
            return value
        self.fault(key, value, "a text of at most 200 characters")
        return ""

    def number(self, key: str, low: float = -math.inf, high: float = math.inf, above: float = -math.inf) -> float:
        """A finite number in [low, high] and above `above`; NaN after a fault."""
        value = _number(self.data.get(key))
        if low <= value <= high and value > above:
            return value
        bounds = [f"above {above:g}"] * (above > -math.inf) + [f"{low:g} to {high:g}"] * (low > -math.inf)
        self.fault(key, self.data.get(key), " and ".join(["a finite number", *bounds]))
        return math.nan

    def array(self, key: str, least: int, most: int) -> FloatArray:
        """`least` to `most` finite numbers; empty after a fault."""
        values = np.array([_number(v) for v in self._list(key, least, most)])
        if np.all(np.isfinite(values)):
            return values
        self.fault(key, "a value that is no finite number", "finite numbers")
        return np.empty(0)

    def _list(self, key: str, least: int, most: int) -> list[Any]:
        value = self.data.get(key)
        if isinstance(value, list) and least <= len(value) <= most:
            return value
        self.fault(key, value, f"a list of {least} to {most}")
        return []


def _number(value: Any) -> float:
    """The value as a float; NaN for anything but a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        number = float(value)
    except OverflowError:
        return math.nan
    return number if math.isfinite(number) else math.nan
