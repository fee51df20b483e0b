"""Voltage grids: uniform where the density lives, growing below, with V_reset and the barrier on faces."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from popdyn.errors import NumericsError
from popdyn.kernels.operators import Operator
from popdyn.theory.operator import make_operator
from popdyn.theory.problem import DensityProblem

Array = NDArray[np.float64]

GROWTH = 1.07  # of successive cells below the bulk
WIDEST = 4.0  # largest cell over the smallest
MOST_CELLS = 4000


def frozen_state(op: Operator, u: float, D: float, t_ref: float) -> tuple[float, Array]:
    """Rate [1/s] and density (cell,) [1/V] of neurons without adaptation at drift offset u and diffusion D."""
    up = op.up[0] + u * op.up[1] + D * op.up[2]
    down = op.down[0] + u * op.down[1] + D * op.down[2]
    band = np.zeros((3, up.size))
    band[1] = up
    band[1, 1:] += down[:-1]
    band[0, 1:] = -down[:-1]
    band[2, :-1] = -up[:-1]
    p = solve_banded((1, 1), band, op.reset)
    rate = 1.0 / (t_ref + float(p @ op.width))
    return rate, p * rate


def bulk(problem: DensityProblem, u: float, D: float) -> tuple[float, float]:
    """Rest point and standard deviation of V [V] around it, by the drift's own slope."""
    V = np.linspace(problem.V_reset - 0.2, problem.barrier, 4001)
    f = problem.drift(V) + u
    spread = problem.diffusion(V, D)
    falling = np.flatnonzero((f[:-1] > 0) & (f[1:] <= 0))
    if falling.size:
        k = falling[0]
        slope = (f[k] - f[k + 1]) / (V[1] - V[0])
        return float(V[k]), float(np.sqrt(spread[k] / slope))
    k = int(np.argmin(f))
    if f[k] <= 0:
        raise NumericsError("the drift has no resting point above V_reset - 200 mV; is the drive far too low?")
    slope = max(float(-np.gradient(f, V)[np.searchsorted(V, problem.V_reset)]), 0.0)
    scale = np.sqrt(D / slope) if slope > 0 else np.inf
    return problem.V_reset, float(min(scale, 4.0 * D / f[np.searchsorted(V, problem.V_reset)]))


def make_faces(problem: DensityProblem, u_low: float, D_high: float, spacing: float) -> Array:
    """Faces (cell + 1,) [V] with cells of about `spacing` in the bulk."""
    rest, spread = bulk(problem, u_low, D_high)
    lowest = min(rest, problem.V_reset) - 7.0 * spread
    count = int(np.ceil((problem.barrier - problem.V_reset) / spacing - 1e-9))
    h = (problem.barrier - problem.V_reset) / count
    faces = list(problem.V_reset + h * np.arange(count + 1))
    step, V = h, problem.V_reset
    below: list[float] = []
    while lowest < V:
        if rest - 2.0 * spread > V:
            step = min(step * GROWTH, WIDEST * h)
        V -= step
        below.append(V)
        if len(below) > MOST_CELLS:
            raise NumericsError(f"more than {MOST_CELLS} voltage cells; is sigma far too small for this drift?")
    return np.array(below[::-1] + faces)


def operator_on(problem: DensityProblem, spacing: float, u_low: float, D_high: float, u_ref: float) -> Operator:
    """Operator with cells of about `spacing`, exact at (u_ref, problem.D)."""
    faces = make_faces(problem, u_low, D_high, spacing)
    return make_operator(faces, problem.drift, problem.V_reset, u_ref, problem.D, problem.shunt)
