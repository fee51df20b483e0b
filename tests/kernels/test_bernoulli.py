"""The Bernoulli function of fitted faces against expm1 of 40 digits."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from popdyn.kernels.bernoulli import FARTHEST, NEAR, far, near


def exact(z: float) -> float:
    with mpmath.workdps(40):
        return float(mpmath.mpf(z) / mpmath.expm1(mpmath.mpf(z))) if z else 1.0


@pytest.mark.parametrize("z", [0.0, 1e-12, -1e-7, *np.linspace(-NEAR, NEAR, 41)])
def test_near(z):
    assert near(z) == pytest.approx(exact(z), rel=5e-15)


@pytest.mark.parametrize("z", [-700.0, -40.0, -NEAR, NEAR, 30.0, 0.9 * FARTHEST])
def test_far(z):
    assert far(z) == pytest.approx(exact(z), rel=5e-15)
