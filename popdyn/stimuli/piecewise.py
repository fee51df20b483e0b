"""Piecewise-linear waveforms with jumps: what step, pulse, ramp and csv are made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from popdyn.stimuli.base import FloatArray, Span, Waveform

Knots = Callable[[Mapping[str, Any], Span], tuple[FloatArray, FloatArray]]


def piecewise_linear(times: FloatArray, values: FloatArray) -> Waveform:
    """0 before the first knot, linear between knots, the last value after the last; two equal times are a jump.

    Parameters: times (knot,) [s], not decreasing; values (knot,).
    """
    gaps = np.diff(times)
    rises = np.diff(values)
    slopes = np.append(np.divide(rises, gaps, out=np.zeros_like(gaps), where=gaps > 0), 0.0)
    jumps = times[1:][(gaps == 0) & (rises != 0)]
    if values[0] != 0:
        jumps = np.append(times[0], jumps)

    def evaluate(t: FloatArray) -> FloatArray:
        left = np.searchsorted(times, t, side="right") - 1
        knot = np.maximum(left, 0)
        return np.where(left < 0, 0.0, values[knot] + (t - times[knot]) * slopes[knot])

    return Waveform(evaluate, np.unique(jumps))


def box(start: float, end: float, value: float, span: Span) -> tuple[FloatArray, FloatArray]:
    """Knots of `value` from start to end; a box that reaches the protocol's end does not come down there."""
    if end >= span.duration:
        return np.array([start]), np.array([value])
    return np.array([start, end, end]), np.array([value, value, 0.0])


def make_from(knots: Knots) -> Callable[[Mapping[str, Any], Span], Waveform]:
    """The waveform through the knots that `knots` returns."""
    return lambda p, span: piecewise_linear(*knots(p, span))
