"""Softplus gain: ln 2 at the threshold, straight far above, exponential far below."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.rungs.families.softplus import FAMILY
from popdyn.rungs.families.threshold_linear import FAMILY as LINEAR

WIDTH = np.asarray(0.2)


def test_values():
    assert FAMILY.gain(np.asarray(0.0), 10.0, WIDTH) == pytest.approx(2.0 * np.log(2))
    assert FAMILY.gain(np.asarray(-6.0), 10.0, WIDTH) == pytest.approx(2.0 * np.exp(-30.0), rel=1e-9)


def test_a_narrow_one_is_threshold_linear():
    x = np.linspace(-2, 2, 41)
    assert FAMILY.gain(x, 10.0, np.asarray(1e-4)) == pytest.approx(LINEAR.gain(x, 10.0, WIDTH), abs=1e-3)


def test_slopes_are_derivatives():
    x, h = np.linspace(-1, 1, 9), 1e-6
    along = (FAMILY.gain(x + h, 10.0, WIDTH) - FAMILY.gain(x - h, 10.0, WIDTH)) / (2 * h)
    assert FAMILY.slope(x, 10.0, WIDTH) == pytest.approx(along, rel=1e-6)
    across = (FAMILY.gain(x, 10.0, WIDTH + h) - FAMILY.gain(x, 10.0, WIDTH - h)) / (2 * h)
    assert FAMILY.shape_slope(x, 10.0, WIDTH) == pytest.approx(across, rel=1e-5, abs=1e-8)
