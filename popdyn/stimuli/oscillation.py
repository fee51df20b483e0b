"""Sinusoids: of constant frequency (`sine`) and of linearly changing frequency (`chirp`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from popdyn.parameters import Parameter
from popdyn.stimuli.base import (
    AMPLITUDE,
    AT,
    ENDS_AFTER_START,
    ENDS_IN_PROTOCOL,
    UNTIL,
    FloatArray,
    Span,
    StimulusKind,
    Waveform,
)
from popdyn.stimuli.piecewise import box

Phase = Callable[[Mapping[str, Any], Any], Any]
"""Phase [rad] at a time [s] after the start; never decreasing."""


def _sine_phase(p: Mapping[str, Any], t: Any) -> Any:
    return 2 * math.pi * p["frequency"] * t + p["phase"]


def _chirp_phase(p: Mapping[str, Any], t: Any) -> Any:
    slope = (p["f_stop"] - p["f_start"]) / (p["until"] - p["at"])
    return 2 * math.pi * (p["f_start"] + 0.5 * slope * t) * t


def _make(phase: Phase) -> Callable[[Mapping[str, Any], Span], Waveform]:
    def make(p: Mapping[str, Any], span: Span) -> Waveform:
        ends = p["until"] < span.duration

        def evaluate(t: FloatArray) -> FloatArray:
            on = (t >= p["at"]) & (t < p["until"]) if ends else t >= p["at"]
            return np.where(on, p["amplitude"] * np.sin(phase(p, np.where(on, t - p["at"], 0.0))), 0.0)

        return Waveform(evaluate, np.array([p["at"], p["until"]] if ends else [p["at"]]))

    return make


def _lowest(phase: Phase) -> Callable[[Mapping[str, Any], Span], tuple[FloatArray, FloatArray]]:
    def lowest(p: Mapping[str, Any], span: Span) -> tuple[FloatArray, FloatArray]:
        first, last = phase(p, 0.0), phase(p, p["until"] - p["at"])
        trough = -0.5 * math.pi if p["amplitude"] > 0 else 0.5 * math.pi
        passes = math.floor((last - trough) / (2 * math.pi)) >= math.ceil((first - trough) / (2 * math.pi))
        ends = min(p["amplitude"] * math.sin(first), p["amplitude"] * math.sin(last))
        return box(p["at"], p["until"], -abs(p["amplitude"]) if passes else ends, span)

    return lowest


SINE = StimulusKind(
    name="sine",
    doc="`amplitude` sin(2 pi `frequency` (t - `at`) + `phase`) from `at` to `until`",
    parameters=(
        AT,
        UNTIL,
        Parameter("frequency", "Hz", "frequency", None, 1e-3, 5000.0),
        AMPLITUDE,
        Parameter("phase", "rad", "phase at the start", 0.0, -1000.0, 1000.0),
    ),
    constraints=(ENDS_AFTER_START, ENDS_IN_PROTOCOL),
    make=_make(_sine_phase),
    lowest=_lowest(_sine_phase),
)

CHIRP = StimulusKind(
    name="chirp",
    doc="a sine from `at` to `until` whose frequency goes linearly from `f_start` to `f_stop`",
    parameters=(
        AT,
        UNTIL,
        Parameter("f_start", "Hz", "frequency at the start", None, 0.0, 5000.0),
        Parameter("f_stop", "Hz", "frequency at the end", None, 0.0, 5000.0),
        AMPLITUDE,
    ),
    constraints=(ENDS_AFTER_START, ENDS_IN_PROTOCOL),
    make=_make(_chirp_phase),
    lowest=_lowest(_chirp_phase),
)
