"""Stationary rate of a population of escape noise over (mu, D), quick and smooth: ln rate on a lattice, by cubics.

The lattice is even in asinh((rest - V_T_star)/(4 Delta_V)), rest the potential that mu alone would give, and in
ln(D + D_0); its points are computed when something beside them is asked for. Between them stand the cubics of Keys,
which have continuous slopes. ln rate is within SLIGHT of that of the cohorts at 0.5 ms (tests/theory).
Source: Keys 1981, IEEE Trans Acoust 29:1153.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.theory.cohort_march import DT, march, start
from popdyn.theory.escape_nodes import escape_rate
from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]

STEPS = (0.125, 0.35)  # of the lattice
SPAN = 4.0  # of Delta_V: distance from threshold about which the lattice is linear in mu
FAINT = 0.05  # of Delta_V^2/tau_m: D_0
FLOOR = 1e-3  # of the same: D that slopes are taken at where there is no noise
SETTLED = 1e-5
AVERAGED = 40.0  # longest time constants, of which the second half counts
LOWEST, HIGHEST = np.log(1e-12), np.log(1e4)  # of a rate [1/s]


class EscapeTable:
    """Rates (drive,) [1/s] at mu [V/s] and D [V^2/s] of white noise."""

    def __init__(self, problem: GifProblem) -> None:
        self.problem = problem
        self._unit = problem.Delta_V**2 / problem.tau_m
        self._known: dict[tuple[int, int], float] = {}

    @property
    def floor(self) -> float:
        """D [V^2/s] that slopes can be taken at."""
        return FLOOR * self._unit

    def __call__(self, mu: Array, D: Array) -> Array:
        p = self.problem
        x = np.arcsinh((p.E_L + p.tau_m * mu - p.V_T_star) / (SPAN * p.Delta_V)) / STEPS[0]
        y = np.log(np.maximum(D, 0.0) / self._unit + FAINT) / STEPS[1]
        return np.array([self._at(float(a), float(b)) for a, b in zip(x, y, strict=True)])

    def _at(self, x: float, y: float) -> float:
        i, j = int(np.floor(x)), int(np.floor(y))
        near = np.array([[self._point(i + a, j + b) for b in range(-1, 3)] for a in range(-1, 3)])
        return float(np.exp(keys(x - i) @ near @ keys(y - j)))

    def _point(self, i: int, j: int) -> float:
        """ln rate at a point of the lattice."""
        if (i, j) not in self._known:
            p = self.problem
            rest = p.V_T_star + SPAN * p.Delta_V * np.sinh(STEPS[0] * i)
            D = max(float(np.exp(STEPS[1] * j)) - FAINT, 0.0) * self._unit
            self._known[i, j] = self._logarithm(float((rest - p.E_L) / p.tau_m), D)
        return self._known[i, j]

    def _logarithm(self, mu: float, D: float) -> float:
        try:
            rate = escape_rate(self.problem, mu, D, SETTLED)
        except NumericsError:
            rate = self._average(mu, D)
        return float(np.clip(np.log(max(rate, 1e-300)), LOWEST, HIGHEST))

    def _average(self, mu: float, D: float) -> float:
        """Of neurons so regular that they stay in step."""
        p = replace(self.problem, mu=mu, sigma=float(np.sqrt(2.0 * D)))
        steps = round(AVERAGED * max(p.slowest, 0.05) / DT)
        try:
            rate = march(start(p), np.full(steps, mu), np.full((steps, 1), D))[0]
        except NumericsError:
            return float(np.exp(HIGHEST))
        return float(rate[steps // 2 :].mean())


def keys(t: float) -> Array:
    """Weights of the points -1, 0, 1, 2 at t in [0, 1]."""
    return np.array([
        -0.5 * t * (1.0 - t) ** 2, 1.0 + t * t * (1.5 * t - 2.5), t * (0.5 + t * (2.0 - 1.5 * t)),
        0.5 * t * t * (t - 1.0),
    ])  # fmt: skip
