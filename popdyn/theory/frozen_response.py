"""Linear response of neurons without adaptation (or with w held) to white noise and finite jumps (theory.jumps).

    lambda W p_1 = -M p_1 + s + reset exp(-lambda t_ref) r_1,      W: cell widths, -M: drift, diffusion and jumps

s is what a unit of the target moves into each cell: for a source of jumps its band on p_0, less W p_0. Summed over
cells, with x, y = (lambda W + M)^-1 (s, reset),

    r_1 = -1'W x / ((1 - exp(-lambda t_ref)) / lambda + exp(-lambda t_ref) 1'W y),

and the interval has the transform rho = exp(-lambda t_ref) (1 - lambda 1'W y). A source's response does not fall to
zero at high frequency: jumps over the threshold make spikes at once.

Weak private noise m(t) in the drive, Gaussian with the two-sided spectrum Sigma(f), changes the rate to second order by

    int K(f) Sigma(f) df,   K = Re r_2,   0 = -M p_2 + A_mu p_1(2 pi i f) + reset r_2,

p_1 the response to mu, A_mu what a unit of mu moves. White noise is D = Sigma/2: int K df = (d rate/d D)/2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.jumps import Jumps, fill_matrix
from popdyn.kernels.operators import Operator
from popdyn.kernels.resolvent import resolvent
from popdyn.theory.jumps import frozen_jump_state
from popdyn.theory.renewal import LOWEST

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class FrozenNode:
    """One node under white noise (mu [V/s], D [V^2/s]) and sources of jumps at `rates` (source,) [1/s]."""

    operator: Operator
    jumps: Jumps
    mu: float
    D: float
    rates: Array
    t_ref: float

    @property
    def rate(self) -> float:
        """Stationary rate [1/s]."""
        return self._state[0]

    @cached_property
    def _state(self) -> tuple[float, Array]:
        return frozen_jump_state(self.operator, self.jumps, self.mu, self.D, self.rates, self.t_ref)

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate/d mu [(1/s)/(V/s)], d rate/d D [(1/s)/(V^2/s)], d rate/d rate of jumps: (2 + source, lambda)."""
        z = np.asarray(lambdas, dtype=complex)
        x, y = self._resolvent(z, self._sources)
        return np.asarray(-x / self._dead_time(z, y))

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        z = 2j * np.pi * np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=float))), LOWEST)
        y = self._resolvent(z, np.zeros((self.operator.width.size, 0)))[1]
        rho = np.exp(-z * self.t_ref) * (1.0 - z * y)
        return np.asarray(self.rate * (1.0 + 2.0 * (rho / (1.0 - rho)).real))

    def noise_response(self, frequencies: ArrayLike) -> Array:
        """K, (frequency,) [(1/s)/(V/s)^2]: what noise in the drive changes of the rate, by its two-sided spectrum."""
        z = 2j * np.pi * np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=float))), LOWEST)
        op, below, size = self.operator, int(self.jumps.below[0]), self.matrix.shape[1]
        cells = np.arange(op.width.size)
        padded = np.zeros((cells.size, cells.size + size - 1))
        np.put_along_axis(padded, cells[:, None] + np.arange(size), self.matrix, axis=1)
        stays = np.linalg.solve(padded[:, below : below + cells.size].T, op.width)  # time to the barrier, by cell
        step = np.diff(stays, append=0.0)
        moved = op.up[1] * step
        moved[1:] -= op.down[1][:-1] * step[:-1]  # what a unit of mu adds to that time, by cell
        right = np.ascontiguousarray(np.column_stack([self._sources[:, :1], op.reset]))
        found = resolvent(self.matrix, below, op.width, z, right, np.stack([op.width, moved]))
        r_1 = -found[0, 0] / self._dead_time(z, found[0, 1])
        by_p_1 = found[1, 0] + found[1, 1] * np.exp(-z * self.t_ref) * r_1
        return np.asarray(-by_p_1.real / (self.t_ref + float(stays @ op.reset)))

    def _dead_time(self, z: NDArray[Any], y: Complex) -> Complex:
        small = np.abs(z) < 1e-9
        pool = np.where(small, self.t_ref, -np.expm1(-z * self.t_ref) / np.where(small, 1.0, z))
        return np.asarray(pool + np.exp(-z * self.t_ref) * y)

    @cached_property
    def _sources(self) -> Array:
        return self.sources_of(self._state[1])

    def sources_of(self, p: Array) -> Array:
        """s of mu, D and every source of jumps on a density p, (cell, 2 + source)."""
        op = self.operator
        columns = []
        for k in (1, 2):
            flux = op.up[k] * p - np.append(op.down[k][:-1] * p[1:], 0.0)
            columns.append(np.append(0.0, flux[:-1]) - flux)
        below = int(self.jumps.below[0])
        padded = np.pad(p, (below, self.jumps.band.shape[2] - 1 - below))
        moved = np.lib.stride_tricks.sliding_window_view(padded, self.jumps.band.shape[2])
        columns += [(band * moved).sum(axis=1) - op.width * p for band in self.jumps.band]
        return np.column_stack(columns)

    def _resolvent(self, lambdas: NDArray[Any], sources: Array) -> tuple[Complex, Complex]:
        """1'W x (source, lambda) and 1'W y (lambda,)."""
        op, right = self.operator, np.column_stack([sources, self.operator.reset])
        z = np.asarray(lambdas, dtype=complex)
        found = resolvent(
            self.matrix, int(self.jumps.below[0]), op.width, z, np.ascontiguousarray(right), op.width[None]
        )[0]
        return found[:-1], found[-1]

    @cached_property
    def matrix(self) -> Array:
        """M by rows, (cell, below + 1 + above)."""
        op = self.operator
        up = op.up[0] + self.mu * op.up[1] + self.D * op.up[2]
        down = op.down[0] + self.mu * op.down[1] + self.D * op.down[2]
        fill_matrix(self.jumps, self.rates, np.zeros_like(op.width), up, down, 1.0)
        matrix = self.jumps.matrix.copy()
        matrix[:, int(self.jumps.below[0])] += float(self.rates.sum()) * op.width
        return matrix


def without_padding(op: Operator, jumps: Jumps) -> tuple[Operator, Jumps]:
    """The grid without the cells below that nothing enters or leaves."""
    first = int(np.flatnonzero(np.any(op.up != 0.0, axis=0))[0])
    cut = Operator(*(a[..., first:] for a in op))
    return cut, jumps._replace(band=jumps.band[:, first:], out=jumps.out[:, first:], matrix=jumps.matrix[first:])
