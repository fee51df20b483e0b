"""Given values at given times."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.stimuli import KINDS, Span

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)
T = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])


def make(**parameters):
    return KINDS["csv"].make(parameters, SPAN)


def test_csv():
    wave = make(times=(0.1, 0.3, 0.3, 0.5), values=(1.0, 3.0, 0.0, 2.0))
    assert wave(np.array([0.0, 0.0999, 0.1, 0.2, 0.2999999, 0.3, 0.4, 0.5, 0.9])) == pytest.approx(
        [0, 0, 1, 2, 3, 0, 1, 2, 2], abs=1e-5
    )
    assert wave.breakpoints.tolist() == [0.1, 0.3]
    assert make(times=(0.2,), values=(4.0,))(T).tolist() == [0, 0, 0, 4, 4, 4, 4, 4]
