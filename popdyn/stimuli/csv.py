"""Given values at given times; the spec layer has read them from the file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from popdyn.parameters import Constraint, Parameter
from popdyn.stimuli.base import TARGET, FloatArray, Span, StimulusKind
from popdyn.stimuli.piecewise import make_from


def knots(p: Mapping[str, Any], _span: Span) -> tuple[FloatArray, FloatArray]:
    return np.array(p["times"]), np.array(p["values"])


KIND = StimulusKind(
    name="csv",
    doc="linear between the points of a file; 0 before the first, the last value after the last; "
    "two equal times are a jump",
    parameters=(
        Parameter("times", "s", "times of the points", None, 0.0, 3600.0),
        Parameter("values", TARGET, "values at those times"),
    ),
    constraints=(
        Constraint("at least one point", lambda p: len(p["times"]) > 0, "give rows of t,value"),
        Constraint(
            "as many values as times", lambda p: len(p["times"]) == len(p["values"]), "give one value for each time"
        ),
        Constraint(
            "times do not decrease",
            lambda p: all(a <= b for a, b in zip(p["times"], p["times"][1:], strict=False)),
            "sort the rows by time",
        ),
        Constraint(
            "times <= duration",
            lambda p: not p["times"] or max(p["times"]) <= p["duration"],
            "raise the protocol's duration or drop the rows beyond it",
        ),
    ),
    make=make_from(knots),
    lowest=knots,
    repeated=True,
)
