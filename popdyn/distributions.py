"""Distributions over neurons or synapses: what they are, their quantiles, moments and stratified draws. SI floats.

scipy is imported where it is used: a spec without distributions is read without it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Parameters = tuple[float, ...]


@dataclass(frozen=True)
class Family:
    """How a spec writes a distribution, its cumulative distribution function, quantile and moments (mean, s.d.).

    `positive`: of positive values; given a negative mean it is that of -X.
    """

    parameters: tuple[str, ...]
    cdf: Callable[[Parameters, Array], Array]
    quantile: Callable[[Parameters, Array], Array]
    moments: Callable[[Parameters], tuple[float, float]]
    positive: bool
    source: str


def _normal_cdf(p: Parameters, x: Array) -> Array:
    from scipy.special import ndtr

    return ndtr((x - p[0]) / p[1])


def _normal_quantile(p: Parameters, u: Array) -> Array:
    from scipy.special import ndtri

    return p[0] + p[1] * ndtri(u)


def _of_logarithm(p: Parameters) -> Parameters:
    width = math.sqrt(math.log1p((p[1] / p[0]) ** 2))
    return math.log(p[0]) - 0.5 * width**2, width


def _lognormal_cdf(p: Parameters, x: Array) -> Array:
    with np.errstate(divide="ignore"):
        return _normal_cdf(_of_logarithm(p), np.log(np.maximum(x, 0.0)))


def _lognormal_quantile(p: Parameters, u: Array) -> Array:
    return np.exp(_normal_quantile(_of_logarithm(p), u))


def _gamma_cdf(p: Parameters, x: Array) -> Array:
    from scipy.special import gammainc

    return gammainc((p[0] / p[1]) ** 2, np.maximum(x, 0.0) * p[0] / p[1] ** 2)


def _gamma_quantile(p: Parameters, u: Array) -> Array:
    from scipy.special import gammaincinv

    return gammaincinv((p[0] / p[1]) ** 2, u) * p[1] ** 2 / p[0]


def _uniform_cdf(p: Parameters, x: Array) -> Array:
    return np.clip((x - p[0]) / (p[1] - p[0]), 0.0, 1.0)


def _uniform_quantile(p: Parameters, u: Array) -> Array:
    return p[0] + (p[1] - p[0]) * u


def _lorentzian_cdf(p: Parameters, x: Array) -> Array:
    return np.arctan2(p[1], p[0] - x) / math.pi


def _lorentzian_quantile(p: Parameters, u: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(p[0] - p[1] * np.cos(math.pi * u) / np.sin(math.pi * u))


def _empirical_cdf(p: Parameters, x: Array) -> Array:
    return np.searchsorted(np.asarray(p), x, side="right") / len(p)


def _empirical_quantile(p: Parameters, u: Array) -> Array:
    place = np.minimum(np.floor(np.asarray(u) * len(p)).astype(int), len(p) - 1)
    return np.asarray(p, dtype=float)[place]


def _given(p: Parameters) -> tuple[float, float]:
    return p[0], p[1]


FAMILIES: dict[str, Family] = {
    "normal": Family(
        ("mean", "std"), _normal_cdf, _normal_quantile, _given, False, "mean and standard deviation"
    ),
    "lognormal": Family(
        ("mean", "std"), _lognormal_cdf, _lognormal_quantile, _given, True,
        "mean and standard deviation of the value itself",
    ),
    "gamma": Family(("mean", "std"), _gamma_cdf, _gamma_quantile, _given, True, "mean and standard deviation"),
    "uniform": Family(
        ("low", "high"), _uniform_cdf, _uniform_quantile,
        lambda p: (0.5 * (p[0] + p[1]), (p[1] - p[0]) / math.sqrt(12.0)), False, "lower and upper end",
    ),
    "lorentzian": Family(
        ("centre", "half_width"), _lorentzian_cdf, _lorentzian_quantile, lambda _p: (math.nan, math.nan), False,
        "centre and half width at half maximum",
    ),
    "empirical": Family(
        ("values",), _empirical_cdf, _empirical_quantile,
        lambda p: (float(np.mean(p)), float(np.std(p))), False, "values, each equally likely",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Distribution:
    """A family (key of FAMILIES) and its parameters, cut to low..high; those of `empirical` are its values, sorted."""

    family: str
    parameters: Parameters
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if self.family == "empirical":
            object.__setattr__(self, "parameters", tuple(sorted(float(p) for p in self.parameters)))

    @property
    def truncated(self) -> bool:
        return not (math.isinf(self.low) and math.isinf(self.high))

    @property
    def _mirrored(self) -> bool:
        return FAMILIES[self.family].positive and self.parameters[0] < 0

    def _cdf(self, x: Any) -> Array:
        """Of the distribution before it is cut."""
        family = FAMILIES[self.family]
        if self._mirrored:
            return 1.0 - family.cdf((-self.parameters[0], self.parameters[1]), -np.asarray(x, dtype=float))
        return np.asarray(family.cdf(self.parameters, np.asarray(x, dtype=float)))

    @cached_property
    def _ends(self) -> tuple[float, float]:
        """Shares of the uncut distribution below low and below high."""
        below = np.nextafter(self.low, -math.inf) if self.family == "empirical" else self.low
        return float(self._cdf(below)), float(self._cdf(self.high))

    @property
    def kept(self) -> float:
        """Share of the uncut distribution between low and high."""
        return self._ends[1] - self._ends[0]

    def share_below(self, x: float) -> float:
        """Probability of a value up to x."""
        first, last = self._ends
        return float(np.clip((float(self._cdf(x)) - first) / (last - first), 0.0, 1.0))

    def quantile(self, u: Any) -> Array:
        """Value below which a share u of the (cut) distribution lies; `empirical` steps between its values."""
        first, last = self._ends
        share = first + np.asarray(u, dtype=float) * (last - first)
        family = FAMILIES[self.family]
        if self._mirrored:
            found = -family.quantile((-self.parameters[0], self.parameters[1]), 1.0 - share)
        else:
            found = family.quantile(self.parameters, share)
        return np.asarray(np.clip(found, self.low, self.high))

    @cached_property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation (nan, nan for an untruncated Lorentzian)."""
        if not self.truncated:
            return FAMILIES[self.family].moments(self.parameters)
        if self.family == "empirical":
            values = np.array([v for v in self.parameters if self.low <= v <= self.high])
            return float(values.mean()), float(values.std())
        from scipy.special import ndtr

        z = np.linspace(-8.2, 8.2, 2001)  # in a normal's variable the integrand is smooth: trapezium rule, 1e-12
        weights = np.exp(-0.5 * z**2)
        weights /= weights.sum()
        values = self.quantile(ndtr(z))
        mean = float(weights @ values)
        return mean, math.sqrt(float(weights @ (values - mean) ** 2))

    @property
    def centre(self) -> float:
        """Its mean; the median of a Lorentzian."""
        return float(self.quantile(0.5)) if self.family == "lorentzian" else self.moments[0]

    def scaled(self, factor: float) -> Distribution:
        """The distribution of the value times a positive factor."""
        return replace(
            self,
            parameters=tuple(factor * p for p in self.parameters),
            low=factor * self.low,
            high=factor * self.high,
        )

    def cut(self, low: float, high: float) -> Distribution:
        """Cut to low..high as well."""
        return replace(self, low=max(self.low, low), high=min(self.high, high))

    def draw(self, count: int, rng: np.random.Generator, *, stratified: bool = False) -> Array:
        """`count` independent values, or one from each of `count` strata of equal probability, in random order."""
        u = (rng.permutation(count) + rng.random(count)) / count if stratified else rng.random(count)
        return self.quantile(u)
