"""Finite jumps of V: transition bands of Poisson sources, and the implicit solve with them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.operators import WIDTH

Array = NDArray[np.float64]


class Jumps(NamedTuple):
    """Sources of jumps on a grid: neurons move by `rate` (band q - width q), and fire by `rate` sum(out q).

    band[c, i, k]: cell width of cell j = i + k - below times the share of its neurons that a jump brings to cell i.
    """

    band: Array  # (source, cell, below + above + 1) [V]
    out: Array  # (source, cell) [V]: cell width times the share of its neurons that a jump brings over the barrier
    matrix: Array  # (cell, below + above + 1) work space
    below: NDArray[np.int64]  # (1,) cells below the target that jumps come from
    trains: (
        Array  # (2, 1 + source) of the noise of regular trains (kernels.density_train): share f of diffusion and f/J of
    )
    # each source; sum of f J [V] and f of each source


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def poisson(sources: int) -> Array:
    """Jumps.trains where none of the sources is of regular trains."""
    trains = np.zeros((2, 1 + sources))
    trains[0, 0] = 1.0
    return trains


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def no_jumps(n: int) -> Jumps:
    """No source at all."""
    return Jumps(np.zeros((0, n, 1)), np.zeros((0, n)), np.zeros((n, 1)), np.zeros(1, np.int64), poisson(0))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def fill_matrix(jumps: Jumps, rate: Array, width: Array, up: Array, down: Array, step: float) -> None:
    """Matrix of 1 - step L, times the cell width, with the faces' coefficients and the sources' rates [1/s]."""
    n, kl = width.shape[0], jumps.below[0]
    m = jumps.matrix
    total = 0.0
    for c in range(rate.shape[0]):
        total += rate[c]
    for i in range(n):
        for k in range(m.shape[1]):
            m[i, k] = 0.0
        for c in range(rate.shape[0]):
            weight = -step * rate[c]
            for k in range(m.shape[1]):
                m[i, k] += weight * jumps.band[c, i, k]
        m[i, kl] += width[i] * (1.0 + step * total) + step * up[i]
        if i > 0:
            m[i, kl] += step * down[i - 1]
            m[i, kl - 1] -= step * up[i - 1]
        if i < n - 1:
            m[i, kl + 1] -= step * down[i]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def solve_band(matrix: Array, below: int, x: Array, inverse: Array) -> None:
    """Solve the banded system for all WIDTH columns of x in place: elimination without pivoting."""
    n, size = matrix.shape
    above = size - 1 - below
    for i in range(n):
        for p in range(max(i - below, 0), i):
            factor = matrix[i, p - i + below] * inverse[p]
            if factor != 0.0:
                reach = min(above, n - 1 - p)
                for k in range(1, reach + 1):
                    matrix[i, p - i + below + k] -= factor * matrix[p, below + k]
                for c in range(WIDTH):
                    x[i, c] -= factor * x[p, c]
        inverse[i] = 1.0 / matrix[i, below]
    for i in range(n - 1, -1, -1):
        for k in range(1, min(above, n - 1 - i) + 1):
            weight = matrix[i, below + k]
            for c in range(WIDTH):
                x[i, c] -= weight * x[i + k, c]
        for c in range(WIDTH):
            x[i, c] *= inverse[i]
