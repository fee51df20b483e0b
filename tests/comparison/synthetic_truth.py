"""Synthetic truth with a known answer: a rate, Poisson counts of S groups of neurons, a model with a planted error."""

from __future__ import annotations

import numpy as np

from popdyn.results import make_dataset

BIN = 5e-3


def rate(bins: int) -> np.ndarray:
    """A rate [1/s] that moves on two time scales."""
    t = (np.arange(bins) + 0.5) * BIN
    return 12 + 5 * np.sin(2 * np.pi * t / 0.53) + 3 * np.sin(2 * np.pi * t / 0.171)


def planted(bins: int, error: float) -> np.ndarray:
    """The rate with an error whose nrmse is exactly `error` and whose mean is 0."""
    true = rate(bins)
    shape = np.cos(2 * np.pi * np.arange(bins) / 40.0)
    shape -= shape.mean()
    return true + error * true.std() * shape / np.sqrt(np.mean(shape**2))


def counts(generator: np.random.Generator, groups: int, bins: int, neurons: int) -> np.ndarray:
    """Rates (run, time) [1/s] of groups of `neurons` Poisson neurons."""
    expected = rate(bins) * BIN * neurons
    return generator.poisson(expected, (groups, bins)) / (BIN * neurons)


def dataset(rates: np.ndarray, rung: str, names: tuple[str, ...] = ("E",), start: float = 0.0):
    """A result from (run, time) or (run, time, population) rates."""
    values = rates[:, :, None] if rates.ndim == 2 else rates
    time = start + (np.arange(values.shape[1]) + 0.5) * BIN
    return make_dataset(time, names, values, attrs={"rung": rung, "protocol": "p", "bin": BIN})
