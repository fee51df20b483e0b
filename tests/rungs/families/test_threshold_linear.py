"""Threshold-linear gain: zero, then a straight line."""

from __future__ import annotations

import numpy as np

from popdyn.rungs.families.threshold_linear import FAMILY

X = np.array([-1.0, 0.0, 0.5, 2.0])


def test_values():
    assert FAMILY.gain(X, 20.0, np.asarray(1.0)).tolist() == [0.0, 0.0, 10.0, 40.0]
    assert FAMILY.slope(X, 20.0, np.asarray(1.0)).tolist() == [0.0, 0.0, 20.0, 20.0]


def test_it_has_no_shape():
    assert not FAMILY.shape_slope(X, 20.0, np.asarray(1.0)).any()
    assert [p.name for p in FAMILY.parameters] == ["gain"]
