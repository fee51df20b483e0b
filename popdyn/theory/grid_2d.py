"""Grids of the two-dimensional density: graded cells in V, uniform nodes in w, and interpolation between the nodes.

Everything is set up for test functions u(V, w), which are smooth even where the density is not (without a, the
density of w has algebraic singularities at w = 0, b, 2b, ...). Masses move by the transposed matrices: an
interpolation row of 2k points conserves mass and the moments 1 ... 2k - 1 of w.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Drift = Callable[[FloatArray], FloatArray]

GRADING_LENGTH = 0.25e-3  # [V] cells shrink where |drift| times this length exceeds D
STENCIL = 6  # points of an interpolation in w


@dataclass(frozen=True)
class VoltageGrid:
    """Cells between V_lower and the barrier; V_reset is the face below cell `i_reset`.

    `drift` is the mean of drift(V) between neighbouring centres (inner faces) and from the last centre to the barrier
    (last entry), `distance` the matching lengths. A spike returns to cells i_reset - 1 and i_reset, with
    `reset_weights`.
    """

    faces: FloatArray
    centres: FloatArray
    width: FloatArray
    distance: FloatArray
    drift: FloatArray
    i_reset: int
    reset_weights: tuple[float, float]


@dataclass(frozen=True)
class AdaptationGrid:
    """Uniform nodes of w [A]; a single node means that w never moves."""

    nodes: FloatArray

    @property
    def spacing(self) -> float:
        return float(self.nodes[1] - self.nodes[0]) if self.nodes.size > 1 else 1.0


def make_voltage_grid(
    drift: Drift, V_lower: float, V_reset: float, V_barrier: float, mu: float, D: float, cells: int, refine: int = 1
) -> VoltageGrid:
    """`cells` cells, fine where |drift + mu| is large, each of them cut into `refine`."""

    def density(V: FloatArray) -> FloatArray:
        return (1.0 + (GRADING_LENGTH * (drift(V) + mu) / D) ** 2) ** 0.25

    lengths, parts = [], []
    for low, high in ((V_lower, V_reset), (V_reset, V_barrier)):
        V = np.linspace(low, high, 4001)
        weight = density(V)
        cumulative = np.concatenate(([0.0], np.cumsum(0.5 * (weight[1:] + weight[:-1]) * np.diff(V))))
        lengths.append(cumulative[-1])
        parts.append((V, cumulative))
    lower_cells = int(np.clip(round(cells * lengths[0] / sum(lengths)), 4, cells - 4))
    faces = []
    for (V, cumulative), n in zip(parts, (lower_cells, cells - lower_cells), strict=True):
        faces.append(np.interp(np.linspace(0.0, cumulative[-1], refine * n + 1), cumulative, V))
    return _from_faces(drift, np.concatenate((faces[0], faces[1][1:])), refine * lower_cells)


def _from_faces(drift: Drift, faces: FloatArray, i_reset: int) -> VoltageGrid:
    centres = 0.5 * (faces[1:] + faces[:-1])
    right = np.append(centres[1:], faces[-1])
    mean_drift = (drift(centres) + 4.0 * drift(0.5 * (centres + right)) + drift(right)) / 6.0
    below, above = faces[i_reset] - centres[i_reset - 1], centres[i_reset] - faces[i_reset]
    weights = (above / (below + above), below / (below + above))
    return VoltageGrid(faces, centres, np.diff(faces), right - centres, mean_drift, i_reset, weights)


def interpolation_weights(grid: AdaptationGrid, points: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """First node and STENCIL Lagrange weights for each point (clipped into the grid)."""
    n = grid.nodes.size
    size = min(STENCIL, n)
    position = (np.clip(points, grid.nodes[0], grid.nodes[-1]) - grid.nodes[0]) / grid.spacing
    first = np.clip(np.floor(position).astype(np.int64) - (size - 1) // 2, 0, n - size)
    x = position - first
    weights = np.ones((*x.shape, size))
    for k in range(size):
        for m in range(size):
            if m != k:
                weights[..., k] *= (x - m) / (k - m)
    return first, weights


def interpolation_matrix(grid: AdaptationGrid, points: FloatArray) -> FloatArray:
    """Row p: the weights that give u(points[p]) from the values at the nodes."""
    first, weights = interpolation_weights(grid, points)
    matrix = np.zeros((points.size, grid.nodes.size))
    for k in range(weights.shape[-1]):
        matrix[np.arange(points.size), first + k] += weights[:, k]
    return matrix


def derivative_matrices(grid: AdaptationGrid) -> tuple[FloatArray, FloatArray]:
    """d/dw at the nodes from STENCIL nodes, biased to larger w and to smaller w (the side the flow goes to)."""
    n = grid.nodes.size
    size = min(STENCIL, n)
    ahead, behind = np.zeros((n, n)), np.zeros((n, n))
    for matrix, offset in ((ahead, size // 2 - 1), (behind, size // 2)):
        for j in range(n):
            first = int(np.clip(j - offset, 0, n - size))
            x = np.arange(size, dtype=np.float64) - (j - first)
            vandermonde = np.vander(x, size, increasing=True).T
            unit = np.zeros(size)
            unit[1] = 1.0
            matrix[j, first : first + size] = np.linalg.solve(vandermonde, unit) / grid.spacing
    return ahead, behind
