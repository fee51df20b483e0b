"""Linear response where the noise of recurrent input is that of regular trains (popdyn.theory.train_noise).

Fields h_n of every cell, n = 0..2, coupled as theory.train_noise has them, C_nm:

    ((lambda + n beta) W + M) h_n - sum_m C_nm h_m = s_n + reset exp(-(lambda + n beta) t_ref) r_n

r_n is what leaves h_n. Summed over cells they close on themselves, but for what jumps move from h_1 to h_2
(-gamma^2 <J> 1'W h_1, left out of r_2):

    r_n pool(lambda + n beta) = -1'W h_n,      pool(z) = (1 - exp(-z t_ref)) / z.

The variance sigma^2 of the trains moves X = gamma sigma^2 at once, with it m, which makes beta and what is taken
back larger, and S_z = gamma^2 sigma^2 / (2 beta) through its filter, S_z' = -2 beta S_z + gamma^2 sigma^2.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.density_state import TRAIN_ORDER
from popdyn.kernels.resolvent import resolvent
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.jumps import solve_rows
from popdyn.theory.renewal import LOWEST
from popdyn.theory.train_noise import Regularity

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@dataclass(frozen=True)
class TrainNode:
    """A node without adaptation whose inputs' noise has the dip (beta, gamma) [1/s] in sigma2 [V^2/s] of 2 D."""

    plain: FrozenNode
    beta: float
    gamma: float
    sigma2: float
    order: int = TRAIN_ORDER

    @property
    def rate(self) -> float:
        """Stationary rate [1/s]."""
        return self._state[0]

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate by mu, D, rate of jumps (as FrozenNode), and by the variance of the trains [(1/s)/(V^2/s)], last."""
        z = np.asarray(lambdas, dtype=complex)
        through = self._through(z, self._sources)
        known = through[:, : through.shape[1] - self._fields].copy()
        for n in range(1, self._fields):
            known[n, -1] -= self._lost[n] / (z + n * self.beta)
        closing = self._closing(z, through)
        found = np.linalg.solve(closing, -known.transpose(2, 0, 1))[:, 0].T
        filtered = self.gamma**2 * (1.0 - self.gamma / self.beta) / (z + 2.0 * self.beta)
        variance = self.gamma * found[-3] + filtered * found[-2] + found[-1] / self.sigma2
        return np.vstack([found[:-3], variance])

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        z = 2j * np.pi * np.maximum(np.abs(np.atleast_1d(np.asarray(frequencies, dtype=float))), LOWEST)
        return np.asarray(self.rate * (1.0 + 2.0 * self._after_a_spike(z).real))

    def regularity(self, tau: float) -> Regularity:
        """Of its own spikes, for a membrane of time constant tau [s]; S(0)/r in the place of CV^2."""
        slow, seen = self.spectrum(0.0)[0] / self.rate, self._after_a_spike(np.array([1.0 / tau + 0.0j]))[0].real
        return Regularity(float(slow), 1.0 + 2.0 * float(seen - self.rate * tau), tau)

    def _after_a_spike(self, z: Complex) -> Complex:
        """Laplace transform (lambda,) of the rate of a neuron after its spike."""
        through = self._through(z, np.zeros((self._fields * self.plain.operator.width.size, 0)))
        late = np.array([np.exp(-rate * self.plain.t_ref) for rate in self._rates(z)])
        kept = self._state[2][:, None] * late
        known = np.einsum("fnz,nz->fz", through, kept)
        first = kept / np.array(self._rates(z))
        return np.asarray(np.linalg.solve(self._closing(z, through), (first - known).T[..., None])[:, 0, 0])

    @property
    def _fields(self) -> int:
        return self.order + 1

    def _rates(self, z: NDArray[Any]) -> list[NDArray[Any]]:
        return [z + n * self.beta for n in range(self._fields)]

    def _closing(self, z: NDArray[Any], through: NDArray[Any]) -> Complex:
        """(lambda, field, field) of the unknown r_n."""
        closing = np.empty((z.size, self._fields, self._fields), dtype=complex)
        for n, rate in enumerate(self._rates(z)):
            small = np.abs(rate) < 1e-9
            pool = np.where(small, self.plain.t_ref, -np.expm1(-rate * self.plain.t_ref) / np.where(small, 1.0, rate))
            closing[:, :, n] = (through[:, through.shape[1] - self._fields + n] * np.exp(-rate * self.plain.t_ref)).T
            closing[:, n, n] += pool
        return closing

    @cached_property
    def _state(self) -> tuple[float, Array, Array]:
        """Rate, the fields (cell, field), and what leaves each of them over the rate."""
        m, width, t_ref = self._fields, self.plain.operator.width, self.plain.t_ref
        found = solve_rows(self._matrix, self._below, self._resets).reshape(width.size, m, m)
        through = np.einsum("i,inc->nc", width, found)[:, :, None]
        closing = self._closing(np.zeros(1), through)[0].real
        leaving = np.append(1.0, -np.linalg.solve(closing[1:, 1:], closing[1:, 0]))
        back = leaving * np.exp(-self.beta * t_ref * np.arange(m))
        fields = found @ back
        rate = 1.0 / (t_ref + float(width @ fields[:, 0]))
        return rate, rate * fields, leaving

    @property
    def _resets(self) -> Array:
        """Reinjection into every field, (cell and field, field)."""
        found = np.zeros((self.plain.operator.width.size, self._fields, self._fields))
        for n in range(self._fields):
            found[:, n, n] = self.plain.operator.reset
        return found.reshape(-1, self._fields)

    @cached_property
    def _sources(self) -> Array:
        """(cell and field, source): mu, D, jumps on every field; X; S_z; m."""
        fields, width = self._state[1], self.plain.operator.width
        moved = [self.plain.sources_of(fields[:, n]) for n in range(self._fields)]
        found = np.zeros((fields.shape[0], self._fields, moved[0].shape[1] + 3))
        for n, source in enumerate(moved):
            found[:, n, :-3] = source
            found[:, n, -1] = -n * self.gamma * (width * fields[:, n] + self.plain.operator.reset * self._held[n])
        couplings = (self._couplings(1.0, 0.0), self._couplings(0.0, 1.0), self._of_pace)
        for column, parts in zip((-3, -2, -1), couplings, strict=True):
            for (n, m), band in parts.items():
                found[:, n, column] += self._apply(band, fields[:, m])
        return found.reshape(-1, found.shape[2])

    @property
    def _held(self) -> Array:
        """t_ref times what returns to every field, (field,): what a faster beta takes from it in the dead time."""
        rate, _, leaving = self._state
        t_ref = self.plain.t_ref
        return np.asarray(t_ref * rate * leaving * np.exp(-self.beta * t_ref * np.arange(self._fields)))

    @property
    def _lost(self) -> Array:
        """What a unit of m takes from every field by a faster beta, (field,)."""
        held = self.plain.operator.width @ self._state[1] + self._held
        return np.asarray(-self.gamma * np.arange(self._fields) * held)

    def _apply(self, band: Array, field: Array) -> Array:
        below, size = int(self.plain.jumps.below[0]), band.shape[1]
        padded = np.pad(field, (below, size - 1 - below))
        return np.asarray((band * np.lib.stride_tricks.sliding_window_view(padded, size)).sum(axis=1))

    def _through(self, z: Complex, sources: Array) -> Complex:
        """1'W h_n, (field, column, lambda), of every source, then of the reset of every field."""
        left = np.kron(self.plain.operator.width, np.eye(self._fields))
        width = np.repeat(self.plain.operator.width, self._fields)
        return resolvent(self._matrix, self._below, width, z, np.column_stack([sources, self._resets]), left)

    @property
    def _below(self) -> int:
        return self._fields * int(self.plain.jumps.below[0]) + self.order

    @cached_property
    def _matrix(self) -> Array:
        """Of all fields, those of a cell side by side, by rows: M and n beta W less the couplings."""
        m, op, single = self._fields, self.plain.operator, self.plain.matrix
        X, below = self.gamma * self.sigma2, int(self.plain.jumps.below[0])
        matrix = np.zeros((m * op.width.size, m * (single.shape[1] - 1) + 2 * self.order + 1))
        parts = [((n, n), single) for n in range(m)]
        for couplings in (
            self._couplings(X, self.gamma * X / (2.0 * self.beta)),
            self._couplings(0.0, 0.0, alone=True),
        ):
            parts += [(place, -band) for place, band in couplings.items()]
        for n in range(m):
            matrix[n::m, self._below] += n * self.beta * op.width
        for (n, source), band in parts:
            for k in range(single.shape[1]):
                matrix[n::m, self._below + m * (k - below) + source - n] += band[:, k]
        return matrix

    def _couplings(self, X: float, S: float, *, alone: bool = False) -> dict[tuple[int, int], Array]:
        """C_nm by rows, (cell, below + 1 + above): what is linear in X and S_z, or (alone) what neither is in."""
        G, moves, mean = self._gradient, self._moves(1), self.plain.jumps.trains[1, 0]
        if alone:
            found = {(0, 1): G, (1, 1): -self.gamma * moves, (1, 2): G, (2, 2): -2.0 * self.gamma * moves}
            kicks = self._moves(2)
            kicks[:, int(self.plain.jumps.below[0])] += mean * self.plain.operator.width
            found[2, 1] = -(self.gamma**2) * kicks
        else:
            third = self.gamma**2 * (X - 3.0 * S) * mean / (3.0 * self.beta)
            skew = third * G + self.gamma * (X - 2.0 * S) * moves
            found = {(1, 0): (S - X) * G, (2, 0): skew, (2, 1): 2.0 * (S - X) * G}
        return {(n, m): band for (n, m), band in found.items() if max(n, m) <= self.order}

    @property
    def _of_pace(self) -> dict[tuple[int, int], Array]:
        """By m: what is in C_nm at the working point."""
        X, G, beta = self.gamma * self.sigma2, self._gradient, self.beta
        S, mean = self.gamma * X / (2.0 * beta), self.plain.jumps.trains[1, 0]
        found = self._couplings(0.0, 0.0, alone=True)
        third = (X - 6.0 * S - self.gamma * (X - 3.0 * S) / beta) / (3.0 * beta)
        back = {(1, 0): S * G, (2, 1): 2.0 * S * G}
        back[2, 0] = self.gamma**2 * mean * third * G - 2.0 * self.gamma * S * self._moves(1)
        for (n, m), band in back.items():
            if n <= self.order:
                found[n, m] = found[n, m] + band if (n, m) in found else band
        return found

    def _moves(self, power: int) -> Array:
        """Sum over the sources of f J^(power - 1) [q(V - J) - q(V)], by rows."""
        jumps = self.plain.jumps
        share = jumps.trains[1, 1:]
        J = np.divide(share, jumps.trains[0, 1:], out=np.ones_like(share), where=share != 0.0)
        weight = share * J ** (power - 1)
        found = np.tensordot(weight, jumps.band, 1) if jumps.band.size else np.zeros(jumps.matrix.shape)
        found[:, int(jumps.below[0])] -= weight.sum() * self.plain.operator.width
        return np.asarray(found)

    @cached_property
    def _gradient(self) -> Array:
        """G by rows, (cell, below + 1 + above)."""
        op, jumps = self.plain.operator, self.plain.jumps
        below, part, up, down = int(jumps.below[0]), jumps.trains[0, 0], op.up[1], op.down[1]
        found = -self._moves(0)
        found[:, below] += part * up
        found[1:, below] += part * down[:-1]
        found[1:, below - 1] -= part * up[:-1]
        found[:-1, below + 1] -= part * down[:-1]
        return np.asarray(found)
