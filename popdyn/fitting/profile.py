"""Ends of profile-likelihood intervals: the others re-optimised, many parameters and data sets side by side.

    max or min x_i  subject to  S(x) = S_min + rise_i

At the solution the gradient of S points along x_i, which is the profile's condition. Each step solves it for the
linearised residuals: with g = J'r, H = J'J,  dx = -H^-1 g +- k H^-1 e_i,  k^2 (H^-1)_ii = S_min + rise - S + g'H^-1 g.
H is damped as Levenberg and Marquardt do, which moves no solution.

Source: Venzon and Moolgavkar 1988, Appl Stat 37:87, with the Hessian of Gauss and Newton.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from popdyn.types import BoolArray, FloatArray, IntArray

Slopes = Callable[[FloatArray, IntArray], tuple[FloatArray, FloatArray]]
"""Coordinates (row, parameter), data set of each row -> residuals (row, bin), slopes (row, bin, parameter)."""

ITERATIONS, TOLERANCE = 80, 0.01
"""Most steps; what S and the re-optimised minimum may be off at an end, over the rise: 0.5 % of a half-width."""
PATIENCE = 4
"""Steps at a bound, below the rise, after which the bound is taken for the end."""
FREE_REACH = 2.0
"""Scales over which a coordinate that the data leave free moves as if they did not."""
RECOVERY = 1.15
"""Growth of a damped step after one that did not make things worse; a halved step needs some, which ends cycles."""


class Ends(NamedTuple):
    """(set, parameter, 2) coordinates of the lower and upper end; whether the profile rose to the level there."""

    x: FloatArray
    found: FloatArray


class Bounds(NamedTuple):
    """(parameter,) of the coordinates, and the largest step."""

    low: FloatArray
    high: FloatArray
    scale: FloatArray


def profile_ends(slopes: Slopes, best: FloatArray, least: FloatArray, rise: FloatArray, bounds: Bounds) -> Ends:
    """Ends about `best` (set, parameter), where the sums of squares are `least` (set,).

    `rise` (set, parameter): of the sum of squares at the ends of each. An end that is not found lies at its bound, or
    where the search stopped.
    """
    sets, k = best.shape
    owner, which = np.repeat(np.arange(sets), 2 * k), np.tile(np.repeat(np.arange(k), 2), sets)
    search = _Search(
        slopes, bounds, owner, which, np.tile([-1.0, 1.0], sets * k), least[owner] + rise[owner, which],
        rise[owner, which], best[owner].copy(),
    )  # fmt: skip
    now = np.arange(len(owner))
    for _ in range(ITERATIONS):
        now = now[~search.advance(now)]
        if not len(now):
            break
    ends = search.x[np.arange(len(owner)), which].reshape(sets, k, 2)
    return Ends(ends, search.found.reshape(sets, k, 2))


@dataclass
class _Search:
    """One row per end: its data set, parameter, side, level, rise, and where it is."""

    slopes: Slopes
    bounds: Bounds
    owner: IntArray
    which: IntArray
    sign: FloatArray
    level: FloatArray
    rise: FloatArray
    x: FloatArray

    def __post_init__(self) -> None:
        rows = len(self.owner)
        self.damping, self.last = np.ones(rows), np.full(rows, np.inf)
        self.waited, self.found = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)

    def advance(self, now: IntArray) -> BoolArray:
        """One step of the rows `now`; which of them are done."""
        which, rise = self.which[now], self.rise[now]
        residuals, J = self.slopes(self.x[now], self.owner[now])
        S = np.einsum("bn,bn->b", residuals, residuals)
        step, across = self._step(now, residuals, J, self.level[now] - S)
        missed = np.abs(S - self.level[now])
        self.found[now] = (missed < TOLERANCE * rise) & (across < TOLERANCE * rise)
        end = np.where(self.sign[now] > 0, self.bounds.high[which], self.bounds.low[which])
        waiting = (self.x[now, which] == end) & (self.level[now] > S)
        self.waited[now] = np.where(waiting, self.waited[now] + 1, 0)
        done = self.found[now] | (self.waited[now] > PATIENCE)
        worse = missed + across > self.last[now]
        self.damping[now] = np.where(worse, 0.5 * self.damping[now], np.minimum(1.0, RECOVERY * self.damping[now]))
        self.last[now] = missed + across
        longest = np.maximum(np.max(np.abs(step) / self.bounds.scale, axis=1), 1.0)
        moved = self.x[now] + step * (self.damping[now] / longest)[:, None]
        self.x[now] = np.where(done[:, None], self.x[now], np.clip(moved, self.bounds.low, self.bounds.high))
        return done

    def _step(
        self, now: IntArray, residuals: FloatArray, J: FloatArray, room: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Steps (row, parameter); how far S is above its minimum over the other parameters, to second order."""
        x, which, (rows, k) = self.x[now], self.which[now], self.x[now].shape
        g, H = np.einsum("bnp,bn->bp", J, residuals), np.einsum("bnp,bnq->bpq", J, J)
        damped = H + (self.rise[now, None] / (FREE_REACH * self.bounds.scale) ** 2)[:, :, None] * np.eye(k)
        held, each = np.zeros((rows, k), dtype=bool), np.arange(rows)
        unit = np.eye(k)[which]
        for _ in range(2):  # coordinates that would leave their bounds are held in the second round
            free = ~held
            H_free = np.where(free[:, :, None] & free[:, None, :], damped, np.eye(k))
            g_free = np.where(free, g, 0.0)
            solved = np.linalg.solve(H_free, np.stack([g_free, unit], axis=2))
            G, e = solved[:, :, 0], solved[:, :, 1]
            width = e[each, which]
            reach = np.sqrt(np.maximum(room + np.einsum("bp,bp->b", g_free, G), 0.0) / width)
            step = -G + (self.sign[now] * reach)[:, None] * e
            held = ((x <= self.bounds.low) & (step < 0)) | ((x >= self.bounds.high) & (step > 0))
            held[each, which] = False
        across = G - e * (G[each, which] / width)[:, None]
        return step, np.einsum("bp,bpq,bq->b", across, H_free, across)
