"""The stationary state of a population over its input, tabulated: the gain of a rate unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeVar

import numpy as np
from scipy.interpolate import CubicHermiteSpline, CubicSpline

from popdyn.errors import NumericsError
from popdyn.types import FloatArray

Number = TypeVar("Number", float, FloatArray)

BETWEEN = 4
"""Rows of a unit's table between two sampled ones."""
SILENT_RATE = 1e-2
"""Rate [1/s] below which a table may end and ln F go on straight."""


@dataclass(frozen=True)
class AdaptationVariable:
    """tau dw/dt = a (<V> - E) - w + b tau A, per population: a [S], b [A], tau [s], E [V].

    current: share of w that is a current; the rest stands for a threshold that moves.
    """

    a: float
    b: float
    tau: float
    E: float
    current: float = 1.0

    def stationary(self, rate: Number, V_mean: Number) -> Number:
        """w [A] at constant rate [1/s] and V_mean [V]."""
        return self.a * (V_mean - self.E) + self.b * self.tau * rate


@dataclass(frozen=True)
class Pull:
    """What w takes off the drive [V/s]: strength w (1 + more |w|)/(1 + less |w|); [1/F], more and less [1/A]."""

    strength: float
    more: float
    less: float

    def __call__(self, w: Number) -> Number:
        return self.strength * w * (1.0 + self.more * abs(w)) / (1.0 + self.less * abs(w))

    def slope(self, w: float) -> float:
        """d pull/d w [1/F]."""
        size = abs(w)
        rational = (1.0 + self.more * size) / (1.0 + self.less * size)
        return self.strength * (rational + size * (self.more - self.less) / (1.0 + self.less * size) ** 2)


def increasing_spline(x: FloatArray, y: FloatArray) -> CubicHermiteSpline:
    """Cubic spline through increasing y whose slopes are limited so that it increases everywhere.

    Fourth order where the limit does not act. Source: Fritsch and Carlson 1980, SIAM J Numer Anal 17:238.
    """
    secant = np.diff(y) / np.diff(x)
    bound = 3.0 * np.minimum(np.concatenate([secant[:1], secant]), np.concatenate([secant, secant[-1:]]))
    return CubicHermiteSpline(x, y, np.clip(CubicSpline(x, y)(x, 1), 0.0, bound))


@dataclass(frozen=True, eq=False)
class GainRow:
    """Stationary rate [1/s] and V_mean [V] at nodes mu [V/s], one sigma [V/sqrt(s)]; adaptation at its equilibrium."""

    sigma: float
    mu: FloatArray
    rate: FloatArray
    V_mean: FloatArray

    def curve(self, variables: Sequence[AdaptationVariable], pulls: Sequence[Pull]) -> GainCurve:
        """Rate and V_mean as functions of e = mu - sum_j pull_j(w_j)."""
        return _curve(self, tuple(variables), tuple(pulls))


@dataclass(frozen=True)
class GainCurve:
    """ln rate and V_mean over effective drive e [V/s], cubic between nodes (ln rate increasing), straight beyond."""

    nodes: FloatArray
    log_rate_inside: CubicHermiteSpline
    V_mean_inside: CubicSpline

    def log_rate(self, e: FloatArray) -> FloatArray:
        return self._extended(self.log_rate_inside, e)

    def slope(self, e: FloatArray) -> FloatArray:
        """d ln rate / d e [s/V]."""
        return self.log_rate_inside(self._inside(e), 1)

    def V_mean(self, e: FloatArray) -> FloatArray:
        return self._extended(self.V_mean_inside, e)

    def V_slope(self, e: FloatArray) -> FloatArray:
        """d V_mean / d e [s]."""
        return self.V_mean_inside(self._inside(e), 1)

    def _inside(self, e: FloatArray) -> FloatArray:
        return np.clip(e, self.nodes[0], self.nodes[-1])

    def _extended(self, f: CubicHermiteSpline | CubicSpline, e: FloatArray) -> FloatArray:
        near = self._inside(e)
        return f(near) + f(near, 1) * (e - near)


@lru_cache(maxsize=256)  # most parameters of a fit leave it as it is: −37 % of the fit's time
def _curve(row: GainRow, variables: tuple[AdaptationVariable, ...], pulls: tuple[Pull, ...]) -> GainCurve:
    e = row.mu.copy()
    for variable, pull in zip(variables, pulls, strict=True):
        e -= pull(variable.stationary(row.rate, row.V_mean))
    if np.any(np.diff(e) <= 0):
        strongest = max((pull.strength for pull in pulls), default=0.0)
        raise NumericsError(f"the gain has no inverse at adaptation strength {strongest:.4g} 1/F; use a smaller one")
    return GainCurve(e, increasing_spline(e, np.log(row.rate)), CubicSpline(e, row.V_mean))


@dataclass(frozen=True)
class StaticGain:
    """Rows of increasing, evenly spaced sigma; one row where sigma is constant.

    Between rows ln rate and V_mean are cubic in sigma; a unit's table has BETWEEN times as many rows, `sigmas`, and is
    linear between those: where noise makes a population fire the rate is far from linear between the sampled rows.
    """

    rows: tuple[GainRow, ...]

    @property
    def sigma_step(self) -> float:
        """Of the table [V/sqrt(s)]."""
        return (self.rows[1].sigma - self.rows[0].sigma) / BETWEEN if len(self.rows) > 1 else 1.0

    @cached_property
    def sigmas(self) -> FloatArray:
        """(row of the table,) [V/sqrt(s)]."""
        found: FloatArray = np.linspace(self.rows[0].sigma, self.rows[-1].sigma, BETWEEN * (len(self.rows) - 1) + 1)
        return found

    @cached_property
    def between(self) -> FloatArray:
        """(row of the table, row): weights that interpolate."""
        if len(self.rows) == 1:
            return np.eye(1)
        found: FloatArray = CubicSpline([row.sigma for row in self.rows], np.eye(len(self.rows)))(self.sigmas)
        return found
