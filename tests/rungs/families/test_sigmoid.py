"""Logistic gain: half of its largest rate at the threshold, and point-symmetric about it."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.rungs.families.sigmoid import FAMILY

WIDTH = np.asarray(0.2)


def test_values():
    x = np.linspace(-1, 1, 9)
    assert FAMILY.gain(np.asarray(0.0), 60.0, WIDTH) == pytest.approx(30.0)
    assert FAMILY.gain(x, 60.0, WIDTH) + FAMILY.gain(-x, 60.0, WIDTH) == pytest.approx(np.full(9, 60.0))


def test_slopes_are_derivatives():
    x, h = np.linspace(-1, 1, 9), 1e-6
    along = (FAMILY.gain(x + h, 60.0, WIDTH) - FAMILY.gain(x - h, 60.0, WIDTH)) / (2 * h)
    assert FAMILY.slope(x, 60.0, WIDTH) == pytest.approx(along, rel=1e-6)
    across = (FAMILY.gain(x, 60.0, WIDTH + h) - FAMILY.gain(x, 60.0, WIDTH - h)) / (2 * h)
    assert FAMILY.shape_slope(x, 60.0, WIDTH) == pytest.approx(across, rel=1e-5, abs=1e-8)
