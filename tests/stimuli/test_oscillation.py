"""Sinusoids of constant and of changing frequency."""

from __future__ import annotations

import math

import numpy as np
import pytest

from popdyn.stimuli import KINDS, Span

SPAN = Span(duration=1.0, transient=0.2)


def make(kind, **parameters):
    return KINDS[kind].make(parameters, SPAN)


def test_sine():
    wave = make("sine", at=0.1, until=0.6, frequency=5.0, amplitude=2.0, phase=math.pi / 2)
    t = np.linspace(0.1, 0.5999, 50)
    assert wave(t) == pytest.approx(2 * np.cos(2 * math.pi * 5 * (t - 0.1)), abs=1e-12)
    assert wave(np.array([0.05, 0.6, 0.7])).tolist() == [0, 0, 0]


def test_chirp_has_the_stated_frequencies():
    """Instantaneous frequency (zero crossings of a fine grid): f_start at the start, f_stop at the end."""
    wave = make("chirp", at=0.0, until=1.0, f_start=10.0, f_stop=50.0, amplitude=1.0)
    t = np.linspace(0, 1, 1_000_001)
    up = t[:-1][(wave(t)[:-1] < 0) & (wave(t)[1:] >= 0)]
    frequency = 1 / np.diff(up)
    middle = 0.5 * (up[:-1] + up[1:])
    assert frequency == pytest.approx(10 + 40 * middle, rel=2e-3)
