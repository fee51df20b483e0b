"""Power-law gain: doubling the drive multiplies the rate by two to the exponent."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.rungs.families.power_law import FAMILY

EXPONENT = np.asarray(2.3)


def test_values():
    assert FAMILY.gain(np.array([-1.0, 0.0, 1.0]), 8.0, EXPONENT).tolist() == [0.0, 0.0, 8.0]
    assert FAMILY.gain(np.asarray(2.0), 8.0, EXPONENT) == pytest.approx(8.0 * 2**2.3)


def test_slopes_are_derivatives():
    x, h = np.linspace(0.1, 2, 9), 1e-6
    along = (FAMILY.gain(x + h, 8.0, EXPONENT) - FAMILY.gain(x - h, 8.0, EXPONENT)) / (2 * h)
    assert FAMILY.slope(x, 8.0, EXPONENT) == pytest.approx(along, rel=1e-6)
    across = (FAMILY.gain(x, 8.0, EXPONENT + h) - FAMILY.gain(x, 8.0, EXPONENT - h)) / (2 * h)
    assert FAMILY.shape_slope(x, 8.0, EXPONENT) == pytest.approx(across, rel=1e-5, abs=1e-8)
    below = np.array([-1.0, 0.0])
    assert not FAMILY.slope(below, 8.0, EXPONENT).any()
    assert not FAMILY.shape_slope(below, 8.0, EXPONENT).any()
