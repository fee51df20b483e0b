"""Distributions over neurons or synapses: what they are, their quantiles, moments and stratified draws. SI floats."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Family:
    """How a spec writes a distribution and which law of scipy.stats it is; `unbounded` below zero or not."""

    parameters: tuple[str, ...]
    law: Callable[..., Any] | None
    positive: bool
    source: str


def _normal(mean: float, std: float) -> Any:
    from scipy.stats import norm

    return norm(mean, std)


def _lognormal(mean: float, std: float) -> Any:
    from scipy.stats import lognorm

    width = math.sqrt(math.log1p((std / mean) ** 2))
    return lognorm(width, scale=mean * math.exp(-0.5 * width**2))


def _gamma(mean: float, std: float) -> Any:
    from scipy.stats import gamma

    return gamma((mean / std) ** 2, scale=std**2 / mean)


def _uniform(low: float, high: float) -> Any:
    from scipy.stats import uniform

    return uniform(low, high - low)


def _lorentzian(centre: float, half_width: float) -> Any:
    from scipy.stats import cauchy

    return cauchy(centre, half_width)


FAMILIES: dict[str, Family] = {
    "normal": Family(("mean", "std"), _normal, False, "mean and standard deviation"),
    "lognormal": Family(("mean", "std"), _lognormal, True, "mean and standard deviation of the value itself"),
    "gamma": Family(("mean", "std"), _gamma, True, "mean and standard deviation"),
    "uniform": Family(("low", "high"), _uniform, False, "lower and upper end"),
    "lorentzian": Family(("centre", "half_width"), _lorentzian, False, "centre and half width at half maximum"),
    "empirical": Family(("values",), None, False, "values, each equally likely"),
}


@dataclass(frozen=True)
class Distribution:
    """A family (key of FAMILIES), its parameters, cut to low..high; `parameters` of `empirical` are its values."""

    family: str
    parameters: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf

    @cached_property
    def _law(self) -> Any:
        law = FAMILIES[self.family].law
        return law(*self.parameters) if law is not None else None

    @cached_property
    def _sorted(self) -> Array:
        values = np.sort(np.asarray(self.parameters, dtype=float))
        return np.asarray(values[(values >= self.low) & (values <= self.high)])

    def quantile(self, u: Array) -> Array:
        """Value below which a share u of the (truncated) distribution lies; `empirical` steps between its values."""
        u = np.asarray(u, dtype=float)
        if self._law is None:
            place = np.clip(np.floor(u * self._sorted.size).astype(int), 0, self._sorted.size - 1)
            return np.asarray(self._sorted[place])
        below, above = self._law.cdf(self.low), self._law.cdf(self.high)
        return np.asarray(np.clip(self._law.ppf(below + u * (above - below)), self.low, self.high))

    @cached_property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (nan, nan for an untruncated Lorentzian)."""
        if self._law is None:
            return float(self._sorted.mean()), float(self._sorted.std())
        if math.isinf(self.low) and math.isinf(self.high):
            return float(self._law.mean()), float(self._law.std())
        nodes, weights = np.polynomial.legendre.leggauss(400)
        values = self.quantile(0.5 * (nodes + 1.0))
        mean = float(0.5 * weights @ values)
        return mean, math.sqrt(float(0.5 * weights @ (values - mean) ** 2))

    @property
    def centre(self) -> float:
        """Its mean, or its median where there is none."""
        mean = self.moments[0]
        return mean if math.isfinite(mean) else float(self.quantile(np.array(0.5)))

    def draw(self, count: int, rng: np.random.Generator, *, stratified: bool = False) -> Array:
        """`count` independent values, or one from each of `count` strata of equal probability, in random order."""
        u = (rng.permutation(count) + rng.random(count)) / count if stratified else rng.random(count)
        return self.quantile(u)
