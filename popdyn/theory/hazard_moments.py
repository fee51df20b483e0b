"""Moments of what fires of a cohort in a step, by quadrature, and the table of them that the kernels look up."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.hazard_table import COLUMNS, CORNER, HIGHEST, LARGEST_U, LOG_P, LOWEST, NARROW, PER_ELL, PER_U, TILT

Array = NDArray[np.float64]

NODE = 0.1  # spacing of the quadrature in xi, in units of min(1, 2/sqrt(s))
SMALLEST_S = 1e-3  # the limit s = 0 is extrapolated from this and its double


def fired_moments(ell: Array, s: float) -> Array:
    """LOG_P, TILT, NARROW and CORNER (ell, COLUMNS) at s > 0, by the trapezoidal rule (error below 1e-9).

    The integrand is that of P over exp(ell + s/2), under the tilted measure xi = sqrt(s) + x:
    f/exp(ell + sqrt(s) xi).
    """
    root = np.sqrt(s)
    step = NODE * min(1.0, 2.0 / root)
    x = np.arange(-9.0 - root, 9.0, step)
    hazard = np.exp(np.asarray(ell)[:, None] + s + root * x)
    weight = np.exp(-0.5 * x * x) * -np.expm1(-hazard) / hazard
    total, first, second = weight.sum(axis=1), weight @ x, weight @ (x * x)
    mean = first / total
    found = np.zeros((mean.size, COLUMNS))
    found[:, LOG_P] = np.log(total * step / np.sqrt(2.0 * np.pi))
    found[:, TILT] = 1.0 + mean / root
    found[:, CORNER] = np.exp(found[:, LOG_P] + ell + 0.5 * s)
    found[:, NARROW] = (1.0 - second / total + mean * mean) / s
    return found


@cache
def table() -> Array:
    """The table of `kernels.hazard_table`: (ell, u, COLUMNS)."""
    ell = LOWEST + np.arange(int((HIGHEST - LOWEST) * PER_ELL) + 1) / PER_ELL
    u = np.arange(1, int(LARGEST_U * PER_U) + 2) / PER_U
    limit = 2.0 * fired_moments(ell, SMALLEST_S) - fired_moments(ell, 2.0 * SMALLEST_S)
    limit[:, CORNER] = np.exp(limit[:, LOG_P] + ell)
    return np.stack([limit, *(fired_moments(ell, float(s)) for s in 4.0 * u / (4.0 - u))], axis=1)
