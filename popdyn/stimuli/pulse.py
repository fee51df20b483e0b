"""A constant change of given width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.parameters import Constraint, Parameter
from popdyn.stimuli.base import AMPLITUDE, AT, FloatArray, Span, StimulusKind
from popdyn.stimuli.piecewise import box, make_from


def knots(p: Mapping[str, Any], span: Span) -> tuple[FloatArray, FloatArray]:
    return box(p["at"], p["at"] + p["width"], p["amplitude"], span)


KIND = StimulusKind(
    name="pulse",
    doc="`amplitude` from `at` for a time `width`",
    parameters=(AT, Parameter("width", "s", "length", None, 1e-4, 3600.0), AMPLITUDE),
    constraints=(
        Constraint(
            "at + width <= duration",
            lambda p: p["at"] + p["width"] <= p["duration"] * (1 + 1e-12),
            "shorten width or raise the protocol's duration",
        ),
    ),
    make=make_from(knots),
    lowest=knots,
)
