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

from popdyn.kernels.lane_tables import columns_from
from popdyn.kernels.lanes import LANES, least, load, most, store, whole

Array = NDArray[np.float64]

LOG_P, TILT, NARROW, CORNER, COLUMNS = 0, 1, 2, 3, 4  # CORNER: P itself
LOWEST, HIGHEST, PER_ELL = -14.0, 6.0, 20.0  # range of ell, rows per unit of it
PER_U, LARGEST_U = 32.0, 3.2
LARGEST_S = 4.0 * LARGEST_U / (4.0 - LARGEST_U)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def look_up(table: Array, rows: Array, ell: int, s: int, P: int, tilt: int, narrow: int) -> None:
    """P, TILT and NARROW into rows `P`, `tilt`, `narrow` of rows (row, case), from rows `ell` and `s`; eights of cases.

    By bilinear interpolation, of ln P from the corner's P, so that there is no exponential. Spikes are rare below
    LOWEST.
    """
    top, right, across = table.shape[0] - 1.001, table.shape[1] - 1.001, float(table.shape[1])
    for c in range(0, rows.shape[1], LANES):
        held = least(most(load(rows[s], c), 0.0), LARGEST_S)
        up = (least(most(load(rows[ell], c), LOWEST), HIGHEST) - LOWEST) * PER_ELL
        y, x = least(up, top), least(4.0 * PER_U * held / (4.0 + held), right)
        i, j = whole(y), whole(x)
        corner = j / PER_U
        beyond = (up - i) / PER_ELL + 0.5 * (held - 4.0 * corner / (4.0 - corner))
        y, x = y - i, x - j
        e = x * y
        b, d = x - e, y - e
        a = 1.0 - y - b
        near = columns_from(table, (i * across + j) * float(COLUMNS))  # columns of the cell's corner, and of the next u
        far = columns_from(table, ((i + 1.0) * across + j) * float(COLUMNS))
        z = beyond + (a * near[0] + b * near[4] + d * far[0] + e * far[4]) - near[LOG_P]
        series = 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0)))))
        store(near[CORNER] * series, rows[P], c)
        store(a * near[1] + b * near[5] + d * far[1] + e * far[5], rows[tilt], c)
        store(a * near[2] + b * near[6] + d * far[2] + e * far[6], rows[narrow], c)
    for c in range(rows.shape[1]):
        if rows[ell, c] < LOWEST:
            rows[P, c] *= np.exp(rows[ell, c] - LOWEST)
