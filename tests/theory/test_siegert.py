"""Siegert's formula against 50-digit arithmetic."""

import mpmath
import numpy as np
import pytest

from popdyn.theory.siegert import siegert_rate

CASES = 40


def exact(mu, sigma, tau_m, V_th, V_reset, t_ref):
    """50 digits, with the inputs taken as the doubles that they are."""
    with mpmath.workdps(50):
        given = (mu, sigma, tau_m, V_th, V_reset, t_ref)
        mu, sigma, tau_m, V_th, V_reset, t_ref = (mpmath.mpf(float(x)) for x in given)
        scale = sigma * mpmath.sqrt(tau_m)
        low, high = (V_reset - mu * tau_m) / scale, (V_th - mu * tau_m) / scale
        marks = [m for m in (-30, -10, -3, -1, 0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 21, 24) if low < m < high]
        integral = mpmath.quad(lambda u: mpmath.exp(u * u) * mpmath.erfc(-u), [low, *marks, high])
        return 1 / (t_ref + tau_m * mpmath.sqrt(mpmath.pi) * integral)


def random_neuron(rng):
    tau_m, V_th = rng.uniform(0.005, 0.05), rng.uniform(0.005, 0.03)
    V_reset = V_th - 10 ** rng.uniform(-3.5, -1.5)
    sigma = 10 ** rng.uniform(-2.5, 0)
    mu = rng.uniform(-1, 3) * V_th / tau_m * rng.choice([1, 1, 10])
    return mu, sigma, tau_m, V_th, V_reset, rng.choice([0.0, 0.002])


def test_against_fifty_digits():
    rng = np.random.default_rng(0)
    worst, tails, seen = 0.0, 0, 0
    while seen < CASES:
        case = random_neuron(rng)
        y = (case[3] - case[0] * case[2]) / (case[1] * np.sqrt(case[2]))
        if abs(y) > 25:
            continue
        seen += 1
        tails += abs(y) > 4
        worst = max(worst, abs(float(siegert_rate(*case) / exact(*case) - 1)))
    assert tails > 10
    assert worst < 1e-10


@pytest.mark.parametrize("y_th", [-300.0, -20.0, -1e-9, 0.0, 1e-9, 3.0, 25.0])
def test_extreme_thresholds(y_th):
    tau_m, sigma = 0.02, 0.05
    scale = sigma * np.sqrt(tau_m)
    case = (0.0, sigma, tau_m, y_th * scale, (y_th - 2.0) * scale, 0.0)
    assert abs(float(siegert_rate(*case) / exact(*case) - 1)) < 1e-11


def test_broadcasts_and_underflows_to_zero():
    rate = siegert_rate(np.array([[0.5], [1.0]]), np.array([0.03, 0.07]), 0.02, 0.015, -0.005, 0.002)
    assert rate.shape == (2, 2)
    assert rate[1, 0] == siegert_rate(1.0, 0.03, 0.02, 0.015, -0.005, 0.002)
    assert siegert_rate(0.0, 1e-3, 0.02, 0.015, 0.0) == 0.0
    regular = 1 / (0.002 + 0.02 * np.log(20 / 19.985))
    assert siegert_rate(1e3, 1e-3, 0.02, 0.015, 0.0, 0.002) == pytest.approx(regular, rel=1e-4)
