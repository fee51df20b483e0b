"""Residuals of simple rate units and their exact derivatives, for many units in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from popdyn.fitting.coordinates import START, Coordinates
from popdyn.fitting.rate_target import RateTarget
from popdyn.kernels import rate_units as kernel
from popdyn.rungs.rate_population import RatePopulation
from popdyn.types import FloatArray, IntArray

FAILED = 10.0
"""Residual in the place of one that is not finite."""
STEP = 1e-4
"""Of the coordinate of the start, for the slope by it."""


@dataclass(frozen=True)
class RateMisfit:
    """(unit - target)/(rms of the target's deviation)/sqrt(number of bins) over all targets, one after the other.

    Where targets hold several sets (of synthetic data), `owner` says which one a row of coordinates answers to.
    """

    unit: RatePopulation
    coordinates: Coordinates
    targets: tuple[RateTarget, ...]

    @property
    def weights(self) -> FloatArray:
        return np.array([1.0 / (t.scale * np.sqrt(t.bins)) for t in self.targets])

    @property
    def lengths(self) -> list[int]:
        return [t.bins for t in self.targets]

    @property
    def columns(self) -> list[int]:
        """Of the kernel's row, by parameter; the start has none."""
        return [p.column for p in self.coordinates.parameters if p is not START]

    @property
    def free_start(self) -> bool:
        return self.coordinates.parameters[-1] is START

    def rows(self, x: FloatArray) -> FloatArray:
        rows, columns = np.tile(self.unit.row(), (len(x), 1)), self.columns
        rows[:, columns] = self.coordinates.values(x)[:, : len(columns)]
        return rows

    def residuals(self, x: FloatArray, owner: IntArray | None = None) -> FloatArray:
        """(unit, parameter) -> (unit, bin)."""
        parts = []
        for t, weight in zip(self.targets, self.weights, strict=True):
            parts.append(weight * (self._rate(x, t)[:, t.first :] - _own(t, owner)))
        return np.nan_to_num(np.concatenate(parts, axis=1), nan=FAILED, posinf=FAILED, neginf=-FAILED)

    def with_slopes(self, x: FloatArray, owner: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Residuals (unit, bin) and their derivatives (unit, bin, parameter) with respect to the coordinates."""
        parts, slopes = [], []
        columns = self.columns
        chain = self.coordinates.derivative(x)[:, : len(columns)]
        for t, weight in zip(self.targets, self.weights, strict=True):
            arguments = self._arguments(x, t)
            rate = np.empty((len(x), t.first + t.bins))
            slope = np.empty((*rate.shape, arguments[1].shape[1]))
            kernel.tangent(*arguments, rate, slope)
            parts.append(weight * (rate[:, t.first :] - _own(t, owner)))
            found = slope[:, :, columns] * chain[:, None]
            if self.free_start:
                found = np.concatenate([found, self._by_start(x, t)[:, :, None]], axis=2)
            slopes.append(weight * found[:, t.first :])
        residuals = np.nan_to_num(np.concatenate(parts, axis=1), nan=FAILED, posinf=FAILED, neginf=-FAILED)
        return residuals, np.nan_to_num(np.concatenate(slopes, axis=1), nan=0.0, posinf=0.0, neginf=0.0)

    def _rate(self, x: FloatArray, t: RateTarget) -> FloatArray:
        rate = np.empty((len(x), t.first + t.bins))
        kernel.integrate(*self._arguments(x, t), rate)
        return rate

    def _by_start(self, x: FloatArray, t: RateTarget) -> FloatArray:
        """Derivative by the last coordinate: a difference, as the kernel's tangent begins with a known state."""
        move = STEP * np.eye(x.shape[1])[-1]
        return np.asarray((self._rate(x + move, t) - self._rate(x - move, t)) / (2.0 * STEP))

    def _arguments(self, x: FloatArray, t: RateTarget) -> tuple[Any, ...]:
        rows = self.rows(x)
        start = self.coordinates.values(x)[:, -1].copy() if self.free_start else np.full(len(x), self.unit.start)
        adaptation = np.repeat(start[:, None], self.unit.adaptation, axis=1)
        which = np.zeros(len(x), dtype=np.int64)
        number, sigma0 = self.unit.kind.number, self.unit.sigma0
        return (number, rows, which, t.mu[None], t.sigma[None], sigma0, t.dt, t.steps_per_bin, start, adaptation)


def _own(target: RateTarget, owner: IntArray | None) -> FloatArray:
    return target.rate if owner is None else target.rate[owner]
