"""The field one order above the hierarchy, q_(M+1), from the fields that are kept.

`hermite` (linear in the fields): q_1 = 0 | q_2 = S_2 q_0 | q_3 = 3 S_2 q_1 + S_3 q_0
| q_4 = 6 S_2 q_2 + 4 S_3 q_1 + (S_4 - 6 S_2^2) q_0, S_n the central moments of w over the active neurons.
`gaussian` (M = 2): w given V is Gaussian, with its own mean and variance at each V; nothing else is assumed.
Source: moving-frame hierarchy after Ly and Tranchina 2007; closures written out in docs/theory/adaptation.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MEAN, HERMITE, GAUSSIAN = 0, 1, 2
EMPTY = 1e-12  # relative density below which a cell's conditional moments are not formed

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy")
def linear_closure(order: int, S_2: float, S_3: float, S_4: float, q_0: float, q_1: float, q_2: float) -> float:
    """q_(M+1) of the `hermite` closure at one point (a field value or a flux)."""
    if order == 1:
        return S_2 * q_0
    if order == 2:
        return 3.0 * S_2 * q_1 + S_3 * q_0
    return 6.0 * S_2 * q_2 + 4.0 * S_3 * q_1 + (S_4 - 6.0 * S_2 * S_2) * q_0


@njit(cache=True, error_model="numpy")
def gaussian_closure(q_0: float, q_1: float, q_2: float, spread: float) -> float:
    """q_3 of the `gaussian` closure at one point; conditional moments limited to 12 standard deviations."""
    m = q_1 / q_0
    variance = q_2 / q_0 - m * m
    limit = 12.0 * spread
    m = min(max(m, -limit), limit)
    variance = min(max(variance, 0.0), limit * limit)
    return q_0 * m * (m * m + 3.0 * variance)


@njit(cache=True, error_model="numpy")
def close_fields(closure: int, order: int, fields: Array, S_2: float, S_3: float, S_4: float) -> None:
    """Write q_(M+1) into column M + 1 of `fields` (cell, column)."""
    n = fields.shape[0]
    if closure == GAUSSIAN:
        spread = np.sqrt(max(S_2, 0.0))
        peak = 0.0
        for i in range(n):
            peak = max(peak, fields[i, 0])
        for i in range(n):
            if fields[i, 0] > EMPTY * peak:
                fields[i, 3] = gaussian_closure(fields[i, 0], fields[i, 1], fields[i, 2], spread)
            else:
                fields[i, 3] = 0.0
    else:
        for i in range(n):
            fields[i, order + 1] = linear_closure(order, S_2, S_3, S_4, fields[i, 0], fields[i, 1], fields[i, 2])
