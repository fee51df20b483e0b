"""A constant change from one time to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from popdyn.stimuli.base import AMPLITUDE, AT, ENDS_AFTER_START, ENDS_IN_PROTOCOL, UNTIL, FloatArray, Span, StimulusKind
from popdyn.stimuli.piecewise import box, make_from


def knots(p: Mapping[str, Any], span: Span) -> tuple[FloatArray, FloatArray]:
    return box(p["at"], p["until"], p["amplitude"], span)


KIND = StimulusKind(
    name="step",
    doc="`amplitude` from `at` to `until`",
    parameters=(AT, UNTIL, AMPLITUDE),
    constraints=(ENDS_AFTER_START, ENDS_IN_PROTOCOL),
    make=make_from(knots),
    lowest=knots,
)
