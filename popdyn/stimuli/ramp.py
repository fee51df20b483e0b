"""A linear rise that stays where it arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from popdyn.stimuli.base import AMPLITUDE, AT, ENDS_AFTER_START, ENDS_IN_PROTOCOL, UNTIL, FloatArray, Span, StimulusKind
from popdyn.stimuli.piecewise import make_from


def knots(p: Mapping[str, Any], _span: Span) -> tuple[FloatArray, FloatArray]:
    return np.array([p["at"], p["until"]]), np.array([0.0, p["amplitude"]])


KIND = StimulusKind(
    name="ramp",
    doc="from 0 at `at` linearly to `amplitude` at `until`, which it keeps",
    parameters=(AT, UNTIL, AMPLITUDE),
    constraints=(ENDS_AFTER_START, ENDS_IN_PROTOCOL),
    make=make_from(knots),
    lowest=knots,
)
