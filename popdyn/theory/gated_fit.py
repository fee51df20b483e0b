"""From cohorts under way to gated modes: features, their coordinates, and the matrices that move these.

Coordinates are x = test (P, F): the share of active neurons, and proper orthogonal ones of the features' deviations
from P times their mean. What moves them is found by least squares on the changes over a step,

    (x(t + dt) - x(t))/dt - A R_3 x = (R_0 + g R_1 + g^2 R_2) x + E . psi,    A_m = (g c_m0 + g^2 c_m1) . x,

the traces' means move the features by R_3, which is known: dF_f/dt has -A F_f sum_j alpha_fj jump_j. The changes carry
no noise, so the fit needs no more than a little damping.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from popdyn.kernels import gated as kernel
from popdyn.kernels.gated import GatedModes
from popdyn.theory.gated import gates, sources
from popdyn.theory.gif_problem import GifProblem, modes, traces

Array = NDArray[np.float64]

LOG2_FEATURES = 7
SHARPEST, BLUNTEST = 10.0, 0.1  # weight of V in an exponent, over that in the hazard's
STRONGEST = 2.2  # likewise of the slow variables
WIDEST = 3.0  # largest weight times the standard deviation of V over Delta_V that noise alone makes
FEWEST, LEAST = 10, 5e-6  # coordinates; singular values below are rounding of the tables
DAMPING = 1e-8  # of regressors of unit size
OFTEN = 0.95  # g is 1 at this quantile
LEAST_WEIGHT = 1.0  # of a step where g = 0, over that which g adds at 1


@dataclass(frozen=True)
class Path:
    """Cohorts under one input: rows of `states` (step + 1, 1 + feature) are P and features, the first at the start.

    h (step,) [V] at the ends; rate (step,) [1/s]; abar (step + 1, J); V (step + 1,) sum over active neurons of
    V - E_L - h; fired (step, J) mean of the traces of those that fired, before their jump.
    """

    kind: str
    mu: Array
    h: Array
    rate: Array
    states: Array
    abar: Array
    V: Array
    fired: Array

    def fluxes(self, decay: Array) -> Array:
        """A and A_j (step, 1 + J) [1/s]; decay (J,) of abar over a step."""
        beyond = self.fired - self.abar[:-1] * decay
        return np.column_stack([self.rate, np.where(self.rate[:, None] > 0.0, self.rate[:, None] * beyond, 0.0)])

    def late(self, decay: Array, lag: int) -> Array:
        """The fluxes `lag` steps ago."""
        now = self.fluxes(decay)
        return np.concatenate([np.zeros((lag, now.shape[1])), now])[: len(now)]


def exponents(problem: GifProblem) -> Array:
    """alpha (feature, 1 + K): points of a Sobol sequence over weights of V, of every trace and frozen variable.

    Every fifth leaves one of these out; the first is the exponent of the hazard itself.
    """
    m = modes(problem)
    moving = [i for i in range(1, len(m.names)) if m.jump[i] != 0.0]
    frozen = [i for i in range(1, len(m.names)) if m.jump[i] == 0.0 and m.slope[i] != 0.0]
    drawn = qmc.Sobol(1 + len(moving) + len(frozen), seed=0).random_base2(LOG2_FEATURES)
    width = problem.sigma * np.sqrt(0.5 * problem.tau_m) / problem.Delta_V
    sharpest = min(SHARPEST, WIDEST / max(width, 1e-9))
    weight = BLUNTEST * (sharpest / BLUNTEST) ** drawn[:, 0]
    weight[::5] = 0.0
    alpha = np.zeros((len(drawn), len(m.names)))
    alpha[:, 0] = weight * m.slope[0]
    for k, i in enumerate(moving + frozen):
        own = STRONGEST * drawn[:, 1 + k]
        if i in moving:
            own[1 + k % 4 :: 5] = 0.0
            alpha[:, i] = weight * m.slope[0] * m.kappa[i] - own * abs(m.slope[i])
        else:
            alpha[:, i] = own * m.slope[i]
    alpha[0] = m.slope
    return alpha


def gate_numbers(problem: GifProblem, dt: float, paths: list[Path]) -> tuple[Array, Array]:
    """numbers and traces of GatedModes; centres and widths from the paths."""
    m, J, tau = modes(problem), len(traces(problem)), problem.tau_m
    own = slice(1, 1 + J)
    abar = np.concatenate([p.abar[1:] for p in paths])
    table = np.zeros((kernel.ROWS, J))
    table[kernel.DECAY], table[kernel.TRACE_SLOPE] = np.exp(-m.rate[own] * dt), m.slope[own]
    table[kernel.KAPPA], table[kernel.JUMP], table[kernel.CURRENT] = m.kappa[own], m.jump[own], m.current[own]
    table[kernel.TRACE_CENTRE], table[kernel.TRACE_WIDTH] = abar.mean(axis=0), 2.0 * abar.std(axis=0)
    level = np.concatenate([p.h + p.abar[:-1] @ (table[kernel.DECAY] * m.kappa[own]) for p in paths])
    numbers = np.zeros(kernel.NUMBERS)
    numbers[kernel.H_DECAY], numbers[kernel.H_DRIVE] = np.exp(-dt / tau), -tau * np.expm1(-dt / tau)
    numbers[kernel.SLOPE], numbers[kernel.E_L] = m.slope[0], problem.E_L
    numbers[kernel.DROP] = problem.V_reset - problem.E_L
    numbers[kernel.CENTRE], numbers[kernel.WIDTH] = level.mean(), 0.5 * (level.max() - level.min())
    numbers[kernel.LAG] = np.ceil(problem.t_ref / dt - 1e-9)
    g = np.concatenate([gates(numbers, table, p.h, p.abar[:-1])[0] for p in paths])
    numbers[kernel.NORM] = np.log(np.quantile(g, OFTEN))
    return numbers, table


def orthogonal(states: Array, alpha: Array, jump: Array, count: int) -> tuple[Array, Array]:
    """test (count, 1 + feature) of the leading coordinates, and R_3 (count, count) [1] in them; jump (1 + K,).

    Fewer than `count` where singular values fall below LEAST times the first, but FEWEST.
    """
    P, F = states[:, :1], states[:, 1:]
    mean = (F / P).mean(axis=0)
    deviation = F - P * mean
    scale = deviation.std(axis=0) + 1e-9 * mean
    deviation /= scale
    size, axes = np.linalg.eigh(deviation.T @ deviation / len(F))
    size, axes = size[::-1], axes[:, ::-1]
    count = min(count, max(FEWEST, 1 + int(np.sum(size > LEAST**2 * size[0]))))
    axes = axes[:, : count - 1]
    test = np.zeros((count, 1 + F.shape[1]))
    test[0, 0], test[1:, 0], test[1:, 1:] = 1.0, -axes.T @ (mean / scale), axes.T / scale
    basis = np.column_stack([mean / scale, axes])
    moved = np.zeros((count, count))
    moved[1:] = axes.T @ ((alpha @ -jump)[:, None] * basis)
    return test, moved


def regress(
    numbers: Array, table: Array, paths: list[Path], coordinates: list[Array], R_3: Array, dt: float,
    *, squares: bool,
) -> GatedModes:  # fmt: skip
    """The matrices of coordinates (step + 1, K) along the paths; steps count more the larger g. `squares`: R_2, too."""
    K, changes, rows, fluxes, gated = R_3.shape[0], [], [], [], []
    for p, x in zip(paths, coordinates, strict=True):
        g, q, b = gates(numbers, table, p.h, p.abar[:-1])
        now, weight, decay = x[:-1], (LEAST_WEIGHT + g)[:, None], table[kernel.DECAY]
        changes.append(weight * ((x[1:, 1:] - now[:, 1:]) / dt - p.rate[:, None] * (now @ R_3[1:].T)))
        gated.append(np.column_stack([g[:, None] * now, (g * g)[:, None] * now]) * weight)
        used = gated[-1] if squares else gated[-1][:, :K]
        rows.append(
            np.column_stack([weight * now, used, weight * sources(q, b, p.late(decay, int(numbers[kernel.LAG])))])
        )
        fluxes.append(weight * p.fluxes(decay))
    found = least_squares(np.concatenate(rows), np.concatenate(changes))
    c = least_squares(np.concatenate(gated), np.concatenate(fluxes)).T
    parts = 3 if squares else 2
    R, E = np.zeros((4, K, K)), np.zeros((len(found) - parts * K, K))
    for part in range(parts):
        R[part, 1:] = found[part * K : (part + 1) * K].T
    R[3], E[:, 1:] = R_3, found[parts * K :]
    seen = np.concatenate([np.column_stack([x, p.abar]) for p, x in zip(paths, coordinates, strict=True)])
    v = least_squares(seen, np.concatenate([p.V for p in paths])[:, None])[:, 0]
    return GatedModes(R, E, c.reshape(-1, 2, K), v, table, numbers)


def least_squares(rows: Array, wanted: Array) -> Array:
    """(column, wanted), damped in columns of unit size."""
    size = np.sqrt(np.mean(rows**2, axis=0)) + 1e-300
    scaled = rows / size
    square = scaled.T @ scaled / len(rows)
    found = np.linalg.solve(square + DAMPING * np.eye(len(square)), scaled.T @ wanted / len(rows))
    return np.asarray(found / size[:, None])
