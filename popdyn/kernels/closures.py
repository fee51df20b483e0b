"""The field one order above the hierarchy, q_(M+1), from the fields that are kept.

`hermite` (linear in the fields): q_1 = 0 | q_2 = S_2 q_0 | q_3 = 3 S_2 q_1 + S_3 q_0
| q_4 = 6 S_2 q_2 + 4 S_3 q_1 + (S_4 - 6 S_2^2) q_0, S_n the central moments of w over the active neurons.
Cumulant closures: w given V has its own first M cumulants at each V, and cumulant M + 1 is zero: `gaussian` (M = 2),
`cumulant3`, `cumulant4`.
Source: moving-frame hierarchy after Ly and Tranchina 2007; closures written out in docs/theory/adaptation.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

MEAN, HERMITE, CUMULANT = 0, 1, 2
EMPTY = 1e-12  # relative density below which a cell's conditional moments are not formed

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def linear_closure(order: int, S_2: float, S_3: float, S_4: float, q_0: float, q_1: float, q_2: float) -> float:
    """q_(M+1) of the `hermite` closure at one point (a field value or a flux)."""
    if order == 1:
        return S_2 * q_0
    if order == 2:
        return 3.0 * S_2 * q_1 + S_3 * q_0
    return 6.0 * S_2 * q_2 + 4.0 * S_3 * q_1 + (S_4 - 6.0 * S_2 * S_2) * q_0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def cumulant_closure(order: int, q: Array, limit: float, limit_2: float, limit_3: float, limit_4: float) -> float:
    """q_(M+1) from q (column,) with the cumulant M + 1 of w given V zero; moments within powers of `limit`."""
    inverse = 1.0 / q[0]
    m = min(max(q[1] * inverse, -limit), limit)
    m_2 = m * m
    variance = min(max(q[2] * inverse - m_2, 0.0), limit_2)
    if order == 2:
        return q[0] * m * (m_2 + 3.0 * variance)
    third = min(max(q[3] * inverse - m * (3.0 * variance + m_2), -limit_3), limit_3)
    low = m_2 * (m_2 + 6.0 * variance) + 4.0 * m * third
    if order == 3:
        return q[0] * (low + 3.0 * variance * variance)
    fourth = min(max(q[4] * inverse - low, 0.0), limit_4)
    return q[0] * (m * (m_2 * (m_2 + 10.0 * variance) + 10.0 * m * third + 5.0 * fourth) + 10.0 * variance * third)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def close_fields(closure: int, order: int, fields: Array, S_2: float, S_3: float, S_4: float, peak: float) -> None:
    """Write q_(M+1) into column M + 1 of `fields` (cell, column); `peak` is the largest q_0.

    Conditional moments are limited to 12 standard deviations.
    """
    n = fields.shape[0]
    if closure != CUMULANT:
        for i in range(n):
            fields[i, order + 1] = linear_closure(order, S_2, S_3, S_4, fields[i, 0], fields[i, 1], fields[i, 2])
        return
    limit = 12.0 * np.sqrt(max(S_2, 0.0))
    limit_2 = limit * limit
    for i in range(n):
        top = 0.0
        if fields[i, 0] > EMPTY * peak:
            top = cumulant_closure(order, fields[i], limit, limit_2, limit * limit_2, limit_2 * limit_2)
        fields[i, order + 1] = top
