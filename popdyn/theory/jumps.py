"""Finite jumps of V by delta synapses as an operator on a grid: no diffusion approximation.

    dp/dt = sum_c rate_c [p(V - J_c) - p(V)],   a jump over the barrier is a spike

A neuron in cell i that jumps lands between cell centres: it is shared among the four nearest by the weights of cubic
interpolation, which keep its mass and the first three moments of the jump; where the jump is a whole number of cells
that is an exact shift. Checked against event-driven neurons: docs/verification.md.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from popdyn.distributions import Distribution
from popdyn.kernels.jumps import Jumps, fill_matrix, poisson
from popdyn.kernels.operators import Operator
from popdyn.theory.operator import make_operator
from popdyn.theory.problem import DensityProblem

Array = NDArray[np.float64]
STENCIL = 4
SIZES = 7  # Gauss nodes of a distributed jump


def sizes_of(J: float, weight: Distribution | None) -> list[tuple[float, float]]:
    """(share, jump [V]) of a synapse: its weight, or a rule of Gauss over the distribution."""
    if weight is None:
        return [(1.0, J)]
    nodes, shares = np.polynomial.legendre.leggauss(SIZES)
    values = weight.quantile(0.5 * (nodes + 1.0))
    return [(0.5 * float(w), float(v)) for w, v in zip(shares, values, strict=True)]


def make_jumps(op: Operator, sources: list[list[tuple[float, float]]]) -> Jumps:
    """Bands of sources, each a list of (share, jump [V]), on the operator's grid."""
    n = op.width.size
    moves = np.zeros((len(sources), n + 1, n))  # [source, into, from]; row n: over the barrier
    for c, sizes in enumerate(sources):
        for share, jump in sizes:
            _add_move(moves[c], op, share, jump)
    into, source = np.nonzero(np.any(moves[:, :n], axis=0)) if sources else (np.zeros(1, int), np.zeros(1, int))
    below = max(int(np.max(into - source)), 1)
    above = max(int(np.max(source - into)), 1)
    band = np.zeros((len(sources), n, below + above + 1))
    for k in range(below + above + 1):
        i = np.arange(max(below - k, 0), min(n, n + below - k))
        band[:, i, k] = moves[:, i, i + k - below] * op.width[i + k - below]
    out = moves[:, n] * op.width
    return Jumps(band, out, np.zeros((n, below + above + 1)), np.array([below]), poisson(len(sources)))


def _add_move(moves: Array, op: Operator, share: float, jump: float) -> None:
    """Add share times the landing weights of a jump to moves [into, from]."""
    n, top = op.width.size, op.centre[-1] + op.spacing[-1]
    points = np.append(op.centre, top)  # at the barrier and beyond: fired
    for i in range(n):
        V = op.centre[i] + jump
        if top - 1e-9 * op.width[-1] <= V:
            moves[n, i] += share
        elif op.centre[0] >= V:
            moves[0, i] += share
        else:
            high = int(np.searchsorted(points, V))
            first = min(max(high - STENCIL // 2, 0), points.size - STENCIL)
            stencil = np.arange(first, first + STENCIL)
            moves[stencil, i] += share * _lagrange(points[stencil], V)


def _lagrange(x: Array, V: float) -> Array:
    weights = np.ones(x.size)
    for a in range(x.size):
        for b in range(x.size):
            if a != b:
                weights[a] *= (V - x[b]) / (x[a] - x[b])
    weights[np.abs(weights) < 1e-12] = 0.0
    return weights


def frozen_jump_state(op: Operator, jumps: Jumps, u: float, D: float, rate: Array, t_ref: float) -> tuple[float, Array]:
    """Rate [1/s] and density (cell,) [1/V] of neurons without adaptation under white noise D and jumps."""
    up = op.up[0] + u * op.up[1] + D * op.up[2]
    down = op.down[0] + u * op.down[1] + D * op.down[2]
    fill_matrix(jumps, rate, np.zeros_like(op.width), up, down, 1.0)
    below, total = int(jumps.below[0]), float(rate.sum())
    matrix = jumps.matrix.copy()
    matrix[:, below] += total * op.width
    p = solve_rows(matrix, below, op.reset)
    found = 1.0 / (t_ref + float(p @ op.width))
    return found, p * found


def solve_rows(matrix: Array, below: int, right: Array) -> Array:
    """Solution of a banded system whose band stands by rows, (row, below + 1 + above)."""
    n, size = matrix.shape
    band = np.zeros((size, n))
    for k in range(size):
        offset = k - below  # column - row
        rows = np.arange(max(0, -offset), min(n, n - offset))
        band[size - 1 - below - offset, rows + offset] = matrix[rows, k]
    return np.asarray(solve_banded((below, size - 1 - below), band, right))


def aligned_operator(problem: DensityProblem, jump: float, lowest: float, D: float, parts: int = 2) -> Operator:
    """Grid for a hard threshold: cells of `jump`/parts counted from the barrier, for which the jump is a shift.

    Central fluxes: the density is smooth on the scale of a jump. Without white noise nothing but a jump, or an upward
    drift, crosses the barrier. problem.mu and problem.D are the drive beside the jumps, D [V^2/s] with what the jumps
    stand for.
    """
    h = jump / parts
    count = int(np.ceil((problem.barrier - lowest) / h))
    faces: Array = problem.barrier - h * np.arange(count, -1, -1, dtype=np.float64)
    op = make_operator(faces, problem.drift, problem.V_reset, problem.mu, D)
    half, ones = np.full(count, 0.5), np.ones(count)
    up = np.stack([0.5 * op.drift, half, ones / op.spacing])
    down = np.stack([-0.5 * op.drift, -half, ones / op.spacing])
    down[:, -1] = 0.0
    if problem.D == 0.0:
        speed = float(op.drift[-1])
        up[:, -1] = (speed, 1.0, 0.0) if speed + problem.mu > 0.0 else 0.0
    return op._replace(up=up, down=down)
