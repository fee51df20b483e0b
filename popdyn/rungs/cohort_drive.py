"""Drive of cohort populations on the steps of a protocol, as means over each step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.spec.network import Network, Population, Protocol
from popdyn.stimuli import drive, source_rates

Array = NDArray[np.float64]

INSIDE = (np.arange(4) + 0.5) / 4  # where a step is averaged


def mean_drive(population: Population, protocol: Protocol, dt: float) -> tuple[Array, Array]:
    """mu [V/s] and D = sigma^2/2 [V^2/s] of white noise and I_e (step,), from -transient to duration."""
    count = round((protocol.transient + protocol.duration) / dt)
    if not protocol.stimuli:
        mu, sigma = drive(population, protocol, np.zeros(1))
        return np.full(count, mu), np.full(count, 0.5 * sigma**2)
    at = -protocol.transient + dt * (np.arange(count, dtype=np.float64)[:, None] + INSIDE)
    mu, sigma = drive(population, protocol, at.ravel())
    return _mean(mu.reshape(at.shape)), 0.5 * _mean(sigma.reshape(at.shape) ** 2)


def _mean(x: Array) -> Array:
    """Over the few places INSIDE (numpy's own mean over so short an axis takes most of a drive's time)."""
    return np.asarray(sum(x.T) / len(INSIDE))


def external_rates(network: Network, protocol: Protocol, dt: float) -> Array:
    """Rates [1/s] of all Poisson sources at the ends of the steps (row, step)."""
    count = round((protocol.transient + protocol.duration) / dt)
    at = -protocol.transient + dt * np.arange(1, count + 1, dtype=np.float64) - 1e-9
    return np.concatenate([source_rates(p, protocol, at) for p in network.populations.values()])
