"""A constant change from one time to another."""

from __future__ import annotations

import numpy as np

from popdyn.stimuli import KINDS, Span

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)
T = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])


def make(**parameters):
    return KINDS["step"].make(parameters, SPAN)


def test_step():
    wave = make(at=0.2, until=0.4, amplitude=3.0)
    assert wave(T).tolist() == [0, 0, 0, 3, 3, 0, 0, 0]
    assert wave.breakpoints.tolist() == [0.2, 0.4]
    to_the_end = make(at=0.2, until=1.0, amplitude=3.0)
    assert to_the_end(T).tolist() == [0, 0, 0, 3, 3, 3, 3, 3]
    assert to_the_end.breakpoints.tolist() == [0.2]
    assert make(at=0.0, until=0.1, amplitude=1.0)(T).tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
