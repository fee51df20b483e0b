"""What a parameter of a neuron model or a stimulus is: data that the spec, its schema and its documentation read."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Parameters = Mapping[str, float]


@dataclass(frozen=True)
class Parameter:
    """One parameter: its SI unit, default (None: required; a string: the value of that parameter) and bounds."""

    name: str
    unit: str
    doc: str
    default: float | str | None = None
    lower: float = -math.inf
    upper: float = math.inf
    lower_open: bool = False


@dataclass(frozen=True)
class Constraint:
    """A relation between parameters that must hold; `text` states it with the parameters' names as separate words."""

    text: str
    holds: Callable[[Mapping[str, Any]], bool]
    fix: str

    def names(self) -> list[str]:
        """The words of the text: among them, in order, the parameters that take part."""
        return self.text.replace("/", " ").split()
