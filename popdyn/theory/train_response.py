"""Linear response where the noise of recurrent input is that of regular trains (popdyn.theory.train_noise).

    (lambda W + M) q - G y = s_q + reset exp(-lambda t_ref) r
    ((lambda + beta) W + M) y + (X - S_z) G q = s_y + reset exp(-(lambda + beta) t_ref) rho,      G = dM/dmu

r and rho are what leaves q and y. Summed over cells they close on themselves:

    r pool(lambda) = -1'W q,      rho pool(lambda + beta) = -1'W y,      pool(z) = (1 - exp(-z t_ref)) / z.

The variance sigma^2 of the trains moves X = gamma sigma^2 at once, S_z = gamma^2 sigma^2 / (2 beta) through its filter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.resolvent import resolvent
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.renewal import LOWEST

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class TrainNode:
    """A node without adaptation whose inputs' noise has the dip (beta, gamma) [1/s] in sigma2 [V^2/s] of 2 D."""

    plain: FrozenNode
    beta: float
    gamma: float
    sigma2: float

    @property
    def rate(self) -> float:
        """Stationary rate [1/s]."""
        return self._state[0]

    @property
    def excess(self) -> float:
        """X - S_z [V^2/s^2]."""
        return self.gamma * self.sigma2 * (1.0 - self.gamma / (2.0 * self.beta))

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate by mu, D, rate of jumps (as FrozenNode), and by the variance of the trains [(1/s)/(V^2/s)], last."""
        z = np.asarray(lambdas, dtype=complex)
        through = self._through(z, self._sources)  # (2, column, lambda): integrals of q and y by source, reset, reset
        found = np.empty((through.shape[1] - 2, z.size), dtype=complex)
        closing = self._closing(z, through)
        for column in range(found.shape[0]):
            found[column] = np.linalg.solve(closing, -through[:, column].T[..., None])[:, 0, 0]
        found[-1] *= self.gamma - self.gamma**2 / (z + 2.0 * self.beta)
        return found

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        z = 2j * np.pi * np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=float))), LOWEST)
        through = self._through(z, np.zeros((2 * self.plain.operator.width.size, 0)))
        back, late = np.exp(-z * self.plain.t_ref), np.exp(-(z + self.beta) * self.plain.t_ref)
        start = self._state[3]
        known = through[:, 0] * back + through[:, 1] * late * start
        first = np.stack([back / z, start * late / (z + self.beta)])
        m = np.linalg.solve(self._closing(z, through), (first - known).T[..., None])[:, 0, 0]
        return np.asarray(self.rate * (1.0 + 2.0 * m.real))

    def _closing(self, z: Complex, through: Complex) -> Complex:
        """(lambda, 2, 2) of the unknown r and rho."""
        closing = np.empty((z.size, 2, 2), dtype=complex)
        for column, rate in ((0, z), (1, z + self.beta)):
            small = np.abs(rate) < 1e-9
            pool = np.where(small, self.plain.t_ref, -np.expm1(-rate * self.plain.t_ref) / np.where(small, 1.0, rate))
            closing[:, :, column] = (through[:, through.shape[1] - 2 + column] * np.exp(-rate * self.plain.t_ref)).T
            closing[:, column, column] += pool
        return closing

    @cached_property
    def _state(self) -> tuple[float, Array, Array, float]:
        """Rate, q and y (cell,), and y's outflow over the rate."""
        n = self.plain.operator.width.size
        resets = np.zeros((2 * n, 2))
        resets[0::2, 0], resets[1::2, 1] = self.plain.operator.reset, self.plain.operator.reset
        both = self._solve(np.zeros(1, dtype=complex), resets, np.eye(2 * n))[:, :, 0].real
        t_ref, width = self.plain.t_ref, self.plain.operator.width
        decay = np.exp(-self.beta * t_ref)
        share = -float(width @ both[1::2, 0]) / ((1.0 - decay) / self.beta + decay * float(width @ both[1::2, 1]))
        fields = both[:, 0] + decay * share * both[:, 1]
        rate = 1.0 / (t_ref + float(width @ fields[0::2]))
        return rate, rate * fields[0::2], rate * fields[1::2], share

    @cached_property
    def _sources(self) -> Array:
        """Sources in q and y, interleaved, (2 cell, source): mu, D, jumps, X - S_z."""
        _, q, y, _ = self._state
        in_q, in_y = self.plain.sources_of(q), self.plain.sources_of(y)
        found = np.zeros((2 * q.size, in_q.shape[1] + 1))
        found[0::2, :-1], found[1::2, :-1] = in_q, in_y
        found[1::2, -1] = in_q[:, 0]  # -G q
        return found

    def _through(self, z: Complex, sources: Array) -> Complex:
        """1'W q and 1'W y, (2, column, lambda), of every source, then of the resets of q and of y."""
        n = self.plain.operator.width.size
        right = np.zeros((2 * n, sources.shape[1] + 2))
        right[:, :-2] = sources
        right[0::2, -2], right[1::2, -1] = self.plain.operator.reset, self.plain.operator.reset
        left = np.zeros((2, 2 * n))
        left[0, 0::2], left[1, 1::2] = self.plain.operator.width, self.plain.operator.width
        return self._solve(z, right, left)

    def _solve(self, z: Complex, right: Array, left: Array) -> Complex:
        width = np.repeat(self.plain.operator.width, 2)
        return resolvent(self._matrix, self._below, width, z, right, left)

    @property
    def _below(self) -> int:
        return 2 * int(self.plain.jumps.below[0]) + 1

    @cached_property
    def _matrix(self) -> Array:
        """Of (q, y) interleaved, by rows: M on both, -G and (X - S_z) G between them, beta W on y."""
        op, single = self.plain.operator, self.plain.matrix
        n, below, middle = op.width.size, int(self.plain.jumps.below[0]), self._below
        matrix = np.zeros((2 * n, 2 * (single.shape[1] - 1) + 3))
        for k in range(single.shape[1]):
            matrix[0::2, middle + 2 * (k - below)] += single[:, k]
            matrix[1::2, middle + 2 * (k - below)] += single[:, k]
        matrix[1::2, middle] += self.beta * op.width
        up, down = op.up[1], op.down[1]
        for field, other, factor in ((0, 1, -1.0), (1, -1, self.excess)):
            matrix[field::2, middle + other] += factor * up
            matrix[2 + field :: 2, middle + other] += factor * down[:-1]
            matrix[2 + field :: 2, middle + other - 2] -= factor * up[:-1]
            matrix[field : 2 * n - 2 : 2, middle + other + 2] -= factor * down[:-1]
        return matrix
