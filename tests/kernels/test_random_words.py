"""Binomial and Poisson numbers: moments of both branches, bounds, and the same draws from the same words."""

import numpy as np
import pytest

from popdyn.kernels.random_words import binomial, poisson, uniform

DRAWS = 20_000


def words(seed):
    return np.random.SeedSequence(seed).generate_state(4, np.uint64)


def drawn(one, seed):
    state = words(seed)
    with np.errstate(over="ignore"):
        return np.array([one(state) for _ in range(DRAWS)])


@pytest.mark.parametrize(("count", "p"), [(1.0, 0.3), (40.0, 0.02), (7.0, 0.9), (5000.0, 0.05), (900.0, 0.6)])
def test_moments_of_binomial_numbers(count, p):
    """Mean within 5 standard errors, variance within 5: a false alarm in 10^6 each."""
    x = drawn(lambda state: binomial(count, p, state), 1)
    variance = count * p * (1.0 - p)
    assert abs(x.mean() - count * p) < 5.0 * np.sqrt(variance / DRAWS)
    fourth = variance * (1.0 + 3.0 * variance)
    assert abs(x.var() - variance) < 5.0 * np.sqrt((fourth - variance**2) / DRAWS)
    assert x.min() >= 0.0
    assert x.max() <= count
    assert np.all(x == np.round(x))


@pytest.mark.parametrize("mean", [0.02, 3.0, 400.0])
def test_moments_of_poisson_numbers(mean):
    x = drawn(lambda state: poisson(mean, state), 2)
    assert abs(x.mean() - mean) < 5.0 * np.sqrt(mean / DRAWS)
    assert abs(x.var() - mean) < 5.0 * np.sqrt((mean + 2.0 * mean**2) / DRAWS)


def test_uniform_numbers_and_seeds():
    x = drawn(uniform, 3)
    assert abs(x.mean() - 0.5) < 5.0 / np.sqrt(12 * DRAWS)
    assert x.min() > 0.0
    assert x.max() < 1.0
    assert np.array_equal(x, drawn(uniform, 3))


def test_limits():
    state = words(4)
    assert binomial(0.0, 0.5, state) == 0.0
    assert binomial(10.0, 0.0, state) == 0.0
    assert binomial(10.0, 1.0, state) == 10.0
