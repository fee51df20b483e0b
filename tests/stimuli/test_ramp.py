"""A linear rise that stays where it arrived."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.stimuli import KINDS, Span

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)
T = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])


def make(**parameters):
    return KINDS["ramp"].make(parameters, SPAN)


def test_ramp():
    wave = make(at=0.1, until=0.3, amplitude=2.0)
    assert wave(T) == pytest.approx([0, 0, 0, 1, 2, 2, 2, 2], abs=1e-15)
    assert wave.breakpoints.size == 0
