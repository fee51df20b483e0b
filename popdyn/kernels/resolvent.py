"""Resolvent of a banded operator at many complex rates: responses of densities without adaptation."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


@njit(cache=True, error_model="numpy")
def resolvent(matrix: Array, below: int, width: Array, z: Complex, right: Array, left: Array) -> Complex:
    """left (z diag(width) + M)^-1 right, (row of left, column of right, z); M as (cell, below + 1 + above).

    Elimination without pivoting: M is dominated by its diagonal, which z with Re z >= 0 only strengthens.
    """
    n, size = matrix.shape
    above, columns = size - 1 - below, right.shape[1]
    found = np.zeros((left.shape[0], columns, z.size), dtype=np.complex128)
    m = np.zeros((n, size), dtype=np.complex128)
    x = np.zeros((n, columns), dtype=np.complex128)
    for s in range(z.size):
        for i in range(n):
            for k in range(size):
                m[i, k] = matrix[i, k]
            m[i, below] += z[s] * width[i]
            for c in range(columns):
                x[i, c] = right[i, c]
        for i in range(n):
            reach = min(above, n - 1 - i)
            for j in range(i + 1, min(i + below + 1, n)):
                place = i - j + below
                if m[j, place] != 0.0:
                    factor = m[j, place] / m[i, below]
                    for k in range(1, reach + 1):
                        m[j, place + k] -= factor * m[i, below + k]
                    for c in range(columns):
                        x[j, c] -= factor * x[i, c]
        for i in range(n - 1, -1, -1):
            for c in range(columns):
                for k in range(1, min(above, n - 1 - i) + 1):
                    x[i, c] -= m[i, below + k] * x[i + k, c]
                x[i, c] /= m[i, below]
                for row in range(left.shape[0]):
                    found[row, c, s] += left[row, i] * x[i, c]
    return found
