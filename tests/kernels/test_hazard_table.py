"""Moments of what fires: the table against Gauss-Hermite quadrature, and its limits."""

import numpy as np
import pytest

from popdyn.kernels import hazard_table
from popdyn.kernels.lanes import LANES
from popdyn.theory.hazard_moments import fired_moments, table

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(150)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def by_quadrature(ell, s):
    f = -np.expm1(-np.exp(ell + np.sqrt(s) * NODES))
    P = np.sum(WEIGHTS * f)
    F1 = np.sum(WEIGHTS * NODES * f) / P
    return P, F1 / np.sqrt(s), (1.0 - np.sum(WEIGHTS * NODES**2 * f) / P + F1**2) / s


def looked_up(ell, s):
    rows = np.zeros((5, ell.size + -ell.size % LANES))
    rows[0, : ell.size], rows[1, : ell.size] = ell, s
    hazard_table.look_up(table(), rows, 0, 1, 2, 3, 4)
    return rows[2:5, : ell.size]


@pytest.mark.parametrize(("ell", "s"), [(-8.0, 0.1), (-3.0, 0.5), (-1.0, 2.0), (1.0, 1.0), (-6.0, 4.0)])
def test_moments_are_those_of_gauss_hermite_quadrature(ell, s):
    out = fired_moments(np.array([ell]), s)[0]
    P, tilt, narrow = by_quadrature(ell, s)
    assert np.exp(out[hazard_table.LOG_P] + ell + 0.5 * s) == pytest.approx(P, rel=1e-9)
    assert out[[hazard_table.TILT, hazard_table.NARROW]] == pytest.approx([tilt, narrow], abs=1e-9)


def test_interpolation():
    """Up to s = 2: 2e-4 of P, and 1e-4 where P is below 0.1; up to s = 4: 3e-4."""
    rng = np.random.default_rng(1)
    for highest, most, bound in ((1.0, 2.0, 2e-4), (-4.0, 2.0, 1e-4), (1.0, 4.0, 3e-4)):
        ell, s = rng.uniform(-13.0, highest, 300), rng.uniform(0.0, most, 300)
        found = looked_up(ell, s)
        truth = np.array([by_quadrature(a, b) for a, b in zip(ell, s, strict=True)]).T
        assert np.max(np.abs(found[0] / truth[0] - 1.0)) < bound
        assert np.max(np.abs(found[1:] - truth[1:])) < bound


def test_rare_spikes_are_those_of_a_lognormal_hazard():
    ell, s = np.array([-20.0, -30.0]), np.array([1.0, 2.0])
    P, tilt, narrow = looked_up(ell, s)
    assert pytest.approx(np.exp(ell + 0.5 * s), rel=2e-4) == P
    assert pytest.approx(1.0, abs=1e-4) == tilt
    assert narrow == pytest.approx(0.0, abs=1e-4)
