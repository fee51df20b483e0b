"""Firing of a Gaussian exponent in one step, tabulated: what the rank-one assumed-density update needs.

    f(xi) = 1 - exp(-exp(ell + sqrt(s) xi)),  xi ~ N(0, 1):    P = E f,  F1 = E[xi f]/P,  v_f = E[xi^2 f]/P - F1^2

The columns LOG_P = ln P - ell - s/2, TILT = F1/sqrt(s) and NARROW = (1 - v_f)/s are smooth, and 0, 1, 0 for rare
spikes; CORNER is P. Rows are even in ell, columns even in u = 4 s/(4 + s), which takes s up to 16.
popdyn.theory.hazard_moments fills the table.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOG_P, TILT, NARROW, CORNER, COLUMNS = 0, 1, 2, 3, 4  # CORNER: P itself
LOWEST, HIGHEST, PER_ELL = -14.0, 6.0, 20.0  # range of ell, rows per unit of it
PER_U, LARGEST_U = 32.0, 3.2
LARGEST_S = 4.0 * LARGEST_U / (4.0 - LARGEST_U)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def look_up(table: Array, rows: Array, ell: int, s: int, P: int, tilt: int, narrow: int, beyond: int) -> None:
    """P, TILT and NARROW into rows `P`, `tilt`, `narrow` of rows (row, case), from rows `ell` and `s`.

    By bilinear interpolation, of ln P from the corner's P: vectors but for the look-up itself, and no exponential (10.8
    to 4.1 ns a case). `beyond` is work space. Spikes are rare below LOWEST.
    """
    top, right = table.shape[0] - 1.001, table.shape[1] - 1.001
    for c in range(rows.shape[1]):
        held = min(max(rows[s, c], 0.0), LARGEST_S)
        up = (min(max(rows[ell, c], LOWEST), HIGHEST) - LOWEST) * PER_ELL
        y, x = min(up, top), min(4.0 * PER_U * held / (4.0 + held), right)
        corner = np.floor(x) / PER_U
        rows[tilt, c], rows[narrow, c] = y, x
        rows[beyond, c] = (up - np.floor(y)) / PER_ELL + 0.5 * (held - 4.0 * corner / (4.0 - corner))
    for c in range(rows.shape[1]):
        y, x = rows[tilt, c], rows[narrow, c]
        i, j = int(y), int(x)
        y, x = y - i, x - j
        e = x * y
        b, d = x - e, y - e
        a = 1.0 - y - b
        low = table[i, j, LOG_P]
        log_P = a * low + b * table[i, j + 1, 0] + d * table[i + 1, j, 0] + e * table[i + 1, j + 1, 0]
        rows[beyond, c] += log_P - low
        rows[P, c] = table[i, j, CORNER]
        rows[tilt, c] = (
            a * table[i, j, 1] + b * table[i, j + 1, 1] + d * table[i + 1, j, 1] + e * table[i + 1, j + 1, 1]
        )
        rows[narrow, c] = (
            a * table[i, j, 2] + b * table[i, j + 1, 2] + d * table[i + 1, j, 2] + e * table[i + 1, j + 1, 2]
        )
    for c in range(rows.shape[1]):
        z = rows[beyond, c]
        series = 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z / 120.0))))
        rows[P, c] *= series
    for c in range(rows.shape[1]):
        if rows[ell, c] < LOWEST:
            rows[P, c] *= np.exp(rows[ell, c] - LOWEST)
