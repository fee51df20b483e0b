"""A constant change of given width."""

from __future__ import annotations

import numpy as np

from popdyn.stimuli import KINDS, Span

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)
T = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])


def make(**parameters):
    return KINDS["pulse"].make(parameters, SPAN)


def test_pulse():
    wave = make(at=0.1, width=0.2, amplitude=-2.0)
    assert wave(np.array([0.0999, 0.1, 0.29, 0.31])).tolist() == [0, -2, -2, 0]
