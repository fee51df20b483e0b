"""Roots of functions whose zeros are known: a polynomial, and x' = -x/tau - (g/tau) x(t - d) by Lambert's W."""

import numpy as np
import pytest
from scipy.special import lambertw

from popdyn.analysis.characteristic import count_zeros, distinct, refine_zeros
from popdyn.analysis.stability import leading_roots

TAU, D = 10e-3, 3e-3


def late_feedback(g):
    return lambda z: 1.0 + g * np.exp(-z * D) / (1.0 + z * TAU)


def exact(g):
    """lambda = -1/tau + W_k(-(g d/tau) exp(d/tau)) / d, upper half plane, rightmost first."""
    found = [-1.0 / TAU + lambertw(-g * D / TAU * np.exp(D / TAU), k) / D for k in range(-6, 7)]
    return distinct(np.array([z if z.imag >= 0 else np.conj(z) for z in found]))


@pytest.mark.parametrize("g", [0.5, 3.0, 6.0, 8.0, 20.0, -0.5, -2.0])
def test_late_feedback(g):
    """g = -2 is a saddle, g > 5.9 a Hopf; g = 20 has two unstable pairs."""
    f, truth = late_feedback(g), exact(g)
    unstable = sum(2 if z.imag > 0 else 1 for z in truth if z.real > 0)
    assert count_zeros(f, 0.0, 3000.0, 6000.0) == unstable
    near = truth[(truth.real > -600.0) & (truth.imag < 5000.0)]
    found = leading_roots(f, 6000.0, unstable)
    for z in near:
        assert np.abs(found - z).min() < 1e-5 * abs(z), z


def test_counts_inside_a_rectangle_only():
    zeros = np.array([100 + 50j, 300 + 400j, 20 + 0j, -30 + 10j])

    def f(z):
        pairs = [(z - a) * (z - np.conj(a)) for a in zeros[[0, 1, 3]]]
        return (z - zeros[2]) * np.prod(pairs, axis=0) / 1e12

    assert count_zeros(f, 0.0, 1000.0, 1000.0) == 5
    assert count_zeros(f, 50.0, 1000.0, 1000.0) == 4
    assert count_zeros(f, 0.0, 1000.0, 200.0) == 3
    assert count_zeros(f, -100.0, 1000.0, 1000.0) == 7


def test_a_zero_on_the_edge_is_no_count():
    assert count_zeros(lambda z: z**2 + 1e4, 0.0, 500.0, 500.0) is None


def test_newton_keeps_each_once():
    starts = np.array([1.0 + 90j, 3.0 + 110j, -5.0 + 100j, 10.0 + 0j])
    assert refine_zeros(lambda z: (z + 2.0) ** 2 + 1e4, starts) == pytest.approx([-2.0 + 100j])
