"""A population of escape-noise neurons in a linearised network: its response at complex lambda, its own spectrum.

Response rows: mu, D of every source of noise (white, then colours), and where inputs are unequal their width. Each is
the rate after a small step of its target, out of the cohort recursion at the working point: with jumps_n its increments

    H(lambda) = sum_n jumps_n exp(-lambda t_n),      Re lambda >= 0,

which without adaptation and noise is renewal theory's (theory.escape_renewal). Left of the axis, where the sum need not
converge, it is a sum of poles that agrees with it on the axis (theory.rational).

The recursion opens and merges cohorts in a cycle of ages, which modulates rates by some 1e-5. What a step leaves of
that for good is taken off: it is a line at the cycle's frequency, and no response. Of neurons so regular that they ring
for longer than is marched the rest is faded out.

Valid when frequencies are below HIGHEST. Poles stand for the response to `left.error` of its largest value on the axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.cohort_state import WIDTH
from popdyn.theory.cohort_march import StationaryCohorts, march, stationary
from popdyn.theory.cohort_response import COARSE, DT, LONG, STEP
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.rational import Poles, fit_poles

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

HIGHEST = 800.0  # [1/s] frequency of the samples that poles are fitted to
SAMPLES = 160
EARLY = 0.3  # [s] of single steps; later ones are summed in blocks
BLOCK = 10
AT_LEAST = 0.05  # [s] for a longest time constant


@dataclass(frozen=True)
class Ear:
    """What a population hears per unit of a projection's u or v: mu [V], D [V^2] of noise `source`, width [V]."""

    mu: float
    D: float
    source: int
    width: float


@dataclass(frozen=True)
class EscapeLinear:
    """problem: at its mean drive, unequal inputs as the frozen variable "gain" of width `width` [V/s].

    D (source,) [V^2/s]; trains: rate after a spike in steps of COARSE [1/s]; ears: by projection.
    """

    problem: GifProblem
    D: Array
    width: float
    rate: float
    trains: Array
    ears: Mapping[int, Ear]

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate/d mu [(1/s)/(V/s)], d rate/d D of every source [(1/s)/(V^2/s)], d rate/d width: (row, lambda)."""
        z = np.asarray(lambdas, dtype=complex)
        found, right = np.empty((len(self._jumps[1]), z.size), dtype=complex), z.real >= 0.0
        found[:, right], found[:, ~right] = self._on_the_right(np.asarray(z[right])), self.left(z[~right])
        return found

    def heard(self, k: int, rows: Complex, mean: Complex, variance: Complex) -> Complex:
        """Change of the rate per unit of the presynaptic rate of projection k; rows of `response`."""
        ear = self.ears[k]
        found = rows[0] * ear.mu * mean + rows[1 + ear.source] * ear.D * variance
        if self.width > 0.0:
            found = found + rows[-1] * ear.width * mean
        return np.asarray(found)

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        f = np.atleast_1d(np.asarray(frequencies, dtype=float))
        t = (np.arange(self.trains.size) + 1.0) * COARSE
        excess = fading(t.size) * (self.trains - self.trains[3 * t.size // 4 :].mean())
        M = np.array([np.sum(excess * np.cos(2.0 * np.pi * one * t)) for one in f]) - 0.5 * self.rate
        return np.asarray(self.rate * (1.0 + 2.0 * COARSE * M))

    @cached_property
    def left(self) -> Poles:
        """The same as a sum of poles."""
        slowest = 2.0 * np.pi / (LONG * max(self.problem.slowest, AT_LEAST))
        omega = np.geomspace(0.1 * slowest, 2.0 * np.pi * HIGHEST, SAMPLES)
        return fit_poles(omega, self._on_the_right(np.asarray(1j * omega)))

    def _on_the_right(self, z: Complex) -> Complex:
        (t, jumps), early = self._jumps, round(EARLY / DT)
        found = transform(t[:early], jumps[:, :early], z)
        return found if t.size <= early else found + transform(t[early:], jumps[:, early:], z)

    @cached_property
    def _jumps(self) -> tuple[Array, Array]:
        """Times (step,) [s], and increments of the rate per unit step of each target (row, step)."""
        at = stationary(self.problem, dt=DT, D=self.D, gain=self.width)
        rows = [step_response(at, self.D, self.width, row) for row in range(1 + self.D.size + (self.width > 0.0))]
        jumps: Array = np.diff(np.array(rows), axis=1, prepend=0.0)
        t: Array = DT * (np.arange(jumps.shape[1], dtype=np.float64) + 0.5)
        early = round(EARLY / DT)
        count = (t.size - early) // BLOCK if t.size > early else 0
        if count == 0:
            return t, jumps
        late = slice(early, early + count * BLOCK)
        summed: Array = jumps[:, late].reshape(len(rows), count, BLOCK).sum(axis=2)
        times: Array = np.append(t[:early], t[late].reshape(count, BLOCK).mean(axis=1))
        return times, np.asarray(np.hstack([jumps[:, :early], summed]), dtype=np.float64)


def transform(t: Array, jumps: Array, z: Complex) -> Complex:
    """sum_n jumps_n exp(-z t_n), (row, z), at evenly spaced t: within the rows of a square, then over its rows."""
    size = int(np.ceil(np.sqrt(t.size)))
    padded = np.zeros((jumps.shape[0], size * size))
    padded[:, : t.size] = jumps
    spacing = t[1] - t[0]
    within = np.exp(-z[None, :] * (t[0] + spacing * np.arange(size))[:, None])
    across = np.exp(-z[None, :] * (spacing * size * np.arange(size))[:, None])
    return np.einsum("abz,bz->az", padded.reshape(-1, size, size) @ within, across)


def step_response(at: StationaryCohorts, D: Array, width: float, row: int) -> Array:
    """Rate (step,) [1/s] after a unit step of mu (row 0), D of a source (then), the width of inputs (last)."""
    problem, dt = at.cohorts.problem, at.cohorts.dt
    steps = int(LONG * max(problem.slowest, AT_LEAST) / dt)
    unit = STEP * problem.Delta_V / problem.tau_m
    noisy = 1 <= row <= D.size
    change = unit * problem.Delta_V if noisy else unit
    signs = (2.0, 0.0) if noisy and D[row - 1] < change else (1.0, -1.0)  # no noise below zero
    answers = []
    for sign in signs:
        mu, noise, gain = np.full(steps, problem.mu), np.tile(D, (steps, 1)), np.full(steps, width)
        if noisy:
            noise[:, row - 1] += sign * change
        else:
            (mu if row == 0 else gain)[:] += sign * change
        answers.append(march(at.cohorts.copy(), mu, noise, gain=gain)[0])
    return settled(answers[0] - answers[1], at) / (2.0 * change)


def settled(moved: Array, at: StationaryCohorts) -> Array:
    """The response to a step without what the cycle of ages has of it, fading into the mean of its last quarter."""
    cohorts, count = at.cohorts, moved.size
    cycle = int(cohorts.model.whole[WIDTH]) * 2**cohorts.grid.levels
    end, last = moved[3 * count // 4 :].mean(), moved[-cycle:] - moved[-cycle:].mean()
    step = np.arange(count)
    there = -np.expm1(-step * cohorts.dt / cohorts.problem.tau_m)
    smooth = moved - np.roll(last, count % cycle)[step % cycle] * there
    return np.asarray(end + (smooth - end) * fading(count))


def fading(count: int) -> Array:
    """1 in the first half, then to 0."""
    x = np.clip(2.0 * np.arange(count) / count - 1.0, 0.0, 1.0)
    return np.asarray(np.cos(0.5 * np.pi * x) ** 2)
