"""Firing of a Gaussian exponent in one step, tabulated: what the rank-one assumed-density update needs.

    f(xi) = 1 - exp(-exp(ell + sqrt(s) xi)),  xi ~ N(0, 1):    P = E f,  F1 = E[xi f]/P,  v_f = E[xi^2 f]/P - F1^2

The columns LOG_P = ln P - ell - s/2, TILT = F1/sqrt(s) and NARROW = (1 - v_f)/s are smooth, and 0, 1, 0 for rare
spikes. Rows are even in ell, columns even in u = 4 s/(4 + s), which takes s up to 16.
popdyn.theory.hazard_moments fills the table.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG_P, TILT, NARROW, COLUMNS = 0, 1, 2, 4  # padded: a corner of the table is one half of a cache line
LOWEST, HIGHEST, PER_ELL = -14.0, 6.0, 20.0  # range of ell, rows per unit of it
PER_U, LARGEST_U = 32.0, 3.2
LARGEST_S = 4.0 * LARGEST_U / (4.0 - LARGEST_U)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always")
def look_up(table: Array, rows: Array, ell: int, s: int, P: int, tilt: int, narrow: int) -> None:
    """P, TILT and NARROW into rows `P`, `tilt`, `narrow` of rows (row, case), from rows `ell` and `s`.

    By bilinear interpolation; spikes are rare below LOWEST.
    """
    last_row, last_column = table.shape[0] - 2, table.shape[1] - 2
    for c in range(rows.shape[1]):
        held = min(max(rows[s, c], 0.0), LARGEST_S)
        up = min(rows[ell, c], HIGHEST)
        y, x = (max(up, LOWEST) - LOWEST) * PER_ELL, 4.0 * held / (4.0 + held) * PER_U
        i, j = min(int(y), last_row), min(int(x), last_column)
        y, x = y - i, x - j
        a, b, d, e = (1.0 - y) * (1.0 - x), (1.0 - y) * x, y * (1.0 - x), y * x
        log_P = a * table[i, j, 0] + b * table[i, j + 1, 0] + d * table[i + 1, j, 0] + e * table[i + 1, j + 1, 0]
        rows[P, c] = np.exp(up + 0.5 * held + log_P)
        rows[tilt, c] = (
            a * table[i, j, 1] + b * table[i, j + 1, 1] + d * table[i + 1, j, 1] + e * table[i + 1, j + 1, 1]
        )
        rows[narrow, c] = (
            a * table[i, j, 2] + b * table[i, j + 1, 2] + d * table[i + 1, j, 2] + e * table[i + 1, j + 1, 2]
        )
