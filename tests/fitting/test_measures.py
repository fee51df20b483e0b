"""Measures of a fit that are not those of a protocol."""

import numpy as np
import pytest

from popdyn.fitting.measures import cycles

BIN = 1e-3


def test_cycles_are_counted_by_their_rises_not_their_ripples():
    t = BIN * np.arange(3000)
    wave = 20.0 * np.exp(3.0 * np.sin(2.0 * np.pi * 4.0 * t))
    assert cycles(wave, BIN) == pytest.approx(4.0, rel=2e-3)
    assert cycles(wave + 3.0 * np.sin(2.0 * np.pi * 190.0 * t), BIN) == pytest.approx(4.0, rel=1e-2)


def test_a_step_has_no_cycles():
    assert cycles(np.repeat([5.0, 9.0, 5.0, 9.0], 500), BIN) is None
