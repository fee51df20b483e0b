"""Ornstein-Uhlenbeck process: stationary Gaussian noise of given standard deviation and correlation time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from popdyn.errors import DomainError
from popdyn.parameters import Parameter
from popdyn.stimuli.base import TARGET, FloatArray, Span, StimulusKind, Waveform

STEP = 1e-4
"""Grid of the draws [s]; between them the waveform is linear."""


def make(p: Mapping[str, Any], span: Span) -> Waveform:
    """Exact draws x[n+1] = r x[n] + std sqrt(1 - r^2) xi, r = exp(-STEP / tau), over the whole protocol.

    Raises DomainError when it is asked for a time outside the protocol.
    Valid when: tau >> STEP; the linear interpolation loses about STEP / (3 tau) of the variance.
    """
    from scipy.signal import lfilter  # 1 s to import; a spec without random stimuli does not need it

    count = math.ceil((span.transient + span.duration) / STEP - 1e-6) + 2
    draws = np.random.default_rng(np.random.SeedSequence(span.seed, spawn_key=(span.index,))).standard_normal(count)
    keep = math.exp(-STEP / p["tau"])
    draws[1:] *= math.sqrt(1 - keep**2)
    values: FloatArray = p["std"] * lfilter([1.0], [1.0, -keep], draws)
    start, last = -span.transient, span.duration + STEP

    def evaluate(t: FloatArray) -> FloatArray:
        if t.size and (t.min() < start - STEP or t.max() > last):
            raise DomainError(f"an ou stimulus is drawn from {start} s to {span.duration} s; asked for a time outside")
        place = np.clip((t - start) / STEP, 0.0, count - 1.0)
        left = np.minimum(place.astype(np.int64), count - 2)
        part = place - left
        inside: FloatArray = (1 - part) * values[left] + part * values[left + 1]
        return inside

    return Waveform(evaluate)


KIND = StimulusKind(
    name="ou",
    doc="stationary Gaussian noise of standard deviation `std` and correlation time `tau`, drawn from "
    "the protocol's seed; also active during the transient",
    parameters=(
        Parameter("std", TARGET, "standard deviation", None, 0.0),
        Parameter("tau", "s", "correlation time", None, 5e-4, 100.0),
    ),
    constraints=(),
    make=make,
    lowest=None,
)
