"""Responses as sums of poles: known ones are found again, through noise, off the axis, and with a delay."""

import numpy as np
import pytest

from popdyn.theory.rational import fit_poles

OMEGA = np.geomspace(0.1, 5000.0, 160)
KNOWN = np.array([-3.0, -60.0 + 90.0j, -200.0])


def response(z, delay=0.0):
    slow, pair, fast = KNOWN
    rows = [2.0 / (z - slow) + 30.0 / (z - fast), 5.0 / (z - pair) + 5.0 / (z - pair.conjugate()) - 1.0 / (z - slow)]
    return np.array(rows) * np.exp(-z * delay)


def test_known_poles():
    found = fit_poles(OMEGA, response(1j * OMEGA))
    assert np.sort_complex(found.poles) == pytest.approx(np.sort_complex(KNOWN), rel=1e-3)
    z = np.array([-40.0 + 50j, -100.0 + 400j, 20.0 + 3j])
    assert found(z) == pytest.approx(response(z), rel=1e-3)
    assert found(z.conj()) == pytest.approx(found(z).conj())
    assert found.error < 1e-3


def test_noise_and_a_delay():
    """Noise of 3e-4 puts no pole right of the axis; a delay of 2 ms is followed some way to the left."""
    rng = np.random.default_rng(1)
    H = response(1j * OMEGA, 2e-3)
    found = fit_poles(OMEGA, H * (1.0 + 3e-4 * rng.standard_normal(H.shape)))
    assert np.all(found.poles.real < 0.0)
    assert found.error < 5e-3
    z = np.array([-20.0 + 50j, -30.0 + 400j])
    assert np.abs(found(z) / response(z, 2e-3) - 1.0).max() < 0.03


def test_nothing_is_a_response_of_nothing():
    found = fit_poles(OMEGA, np.stack([response(1j * OMEGA)[0], np.zeros(OMEGA.size)]))
    assert np.abs(found(np.array([-5.0 + 1j]))[1]) < 1e-12
