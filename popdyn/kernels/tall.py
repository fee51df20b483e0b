"""Products of a matrix of few rows and many columns with a vector: y = T' z, y of 16, 24 or 32 numbers.

The columns lie one behind the other and are taken eight at a time; the number of rows is in the code, since numba
vectorises a loop whose length it knows. Places are
unsigned, as those of a slice that may count from its end are not vectorised either.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64
from numpy.typing import NDArray

WIDTHS = (16, 24, 32)
UNROLLED = 8

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def multiply_16(T: Array, z: Array, y: Array) -> None:
    for i in range(16):
        y[i] = 0.0
    for j in range(0, z.shape[0], 8):
        a, b, c, d, e, f, g, h = z[j], z[j + 1], z[j + 2], z[j + 3], z[j + 4], z[j + 5], z[j + 6], z[j + 7]
        first = uint64(j) * uint64(16)
        for i in range(uint64(16)):
            k = first + i
            y[i] += (
                T[k] * a + T[k + uint64(16)] * b + T[k + uint64(32)] * c + T[k + uint64(48)] * d
                + T[k + uint64(64)] * e + T[k + uint64(80)] * f + T[k + uint64(96)] * g + T[k + uint64(112)] * h
            )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def multiply_24(T: Array, z: Array, y: Array) -> None:
    for i in range(24):
        y[i] = 0.0
    for j in range(0, z.shape[0], 8):
        a, b, c, d, e, f, g, h = z[j], z[j + 1], z[j + 2], z[j + 3], z[j + 4], z[j + 5], z[j + 6], z[j + 7]
        first = uint64(j) * uint64(24)
        for i in range(uint64(24)):
            k = first + i
            y[i] += (
                T[k] * a + T[k + uint64(24)] * b + T[k + uint64(48)] * c + T[k + uint64(72)] * d
                + T[k + uint64(96)] * e + T[k + uint64(120)] * f + T[k + uint64(144)] * g + T[k + uint64(168)] * h
            )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def multiply_32(T: Array, z: Array, y: Array) -> None:
    for i in range(32):
        y[i] = 0.0
    for j in range(0, z.shape[0], 8):
        a, b, c, d, e, f, g, h = z[j], z[j + 1], z[j + 2], z[j + 3], z[j + 4], z[j + 5], z[j + 6], z[j + 7]
        first = uint64(j) * uint64(32)
        for i in range(uint64(32)):
            k = first + i
            y[i] += (
                T[k] * a + T[k + uint64(32)] * b + T[k + uint64(64)] * c + T[k + uint64(96)] * d
                + T[k + uint64(128)] * e + T[k + uint64(160)] * f + T[k + uint64(192)] * g + T[k + uint64(224)] * h
            )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def multiply(T: Array, z: Array, y: Array) -> None:
    """y = sum_j T[j len(y) : (j + 1) len(y)] z_j; len(y) one of WIDTHS, len(z) a multiple of UNROLLED."""
    if y.shape[0] == 16:
        multiply_16(T, z, y)
    elif y.shape[0] == 24:
        multiply_24(T, z, y)
    else:
        multiply_32(T, z, y)
