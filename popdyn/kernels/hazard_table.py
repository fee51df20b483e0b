"""Firing of a Gaussian exponent in one step, tabulated: what the rank-one assumed-density update needs.

    f(xi) = 1 - exp(-exp(ell + sqrt(s) xi)),  xi ~ N(0, 1):    P = E f,  F1 = E[xi f]/P,  v_f = E[xi^2 f]/P - F1^2

The columns LOG_P = ln P - ell - s/2, TILT = F1/sqrt(s) and NARROW = (1 - v_f)/s are smooth, and 0, 1, 0 for rare
spikes. Rows are even in ell, columns even in u = 4 s/(4 + s), which takes s up to 16.
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
NODE = 0.1  # spacing of the quadrature in xi, in units of min(1, 2/sqrt(s))
SMALLEST_S = 1e-3  # below, the column of s = SMALLEST_S stands


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def fired_moments(ell: float, s: float, out: Array) -> None:
    """LOG_P, TILT and NARROW at ell and s > 0 into out, by the trapezoidal rule (error below 1e-9).

    The integrand is that of P over exp(ell + s/2), under the tilted measure xi = sqrt(s) + x: f / exp(ell + sqrt(s) xi).
    """
    root = np.sqrt(s)
    step = NODE * min(1.0, 2.0 / root)
    low = -9.0 - root
    count = int((18.0 + root) / step) + 1
    total, first, second = 0.0, 0.0, 0.0
    for k in range(count):
        x = low + k * step
        hazard = np.exp(ell + s + root * x)
        weight = np.exp(-0.5 * x * x) * (-np.expm1(-hazard)) / hazard
        total += weight
        first += weight * x
        second += weight * x * x
    mean = first / total
    variance = second / total - mean * mean
    out[LOG_P] = np.log(total * step / np.sqrt(2.0 * np.pi))
    out[TILT] = 1.0 + mean / root
    out[NARROW] = (1.0 - variance) / s


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def fill_table(table: Array, ell_step: float, u_step: float) -> None:
    """Fill table (ell, u, COLUMNS) from LOWEST and 0 on."""
    for i in range(table.shape[0]):
        for j in range(table.shape[1]):
            u = j * u_step
            fired_moments(LOWEST + i * ell_step, max(4.0 * u / (4.0 - u), SMALLEST_S), table[i, j])


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
