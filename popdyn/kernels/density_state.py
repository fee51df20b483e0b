"""State of a population's density in time stepping: fields, scalars, fluxes of the past, and their integrals."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.operators import Operator

RESET, SHIFT = 5, 6  # columns of the right-hand side: response to reinjection, and to a shift of the frame
TRAIN = 7  # column of h_1, what regular presynaptic trains take back of their noise (theory.train_noise)
TRAIN_ORDER = 2  # powers of z that are carried; h_2 in the column of q_4, where the closure leaves that free
SECOND, SECOND_STAR = 4, 6  # columns of h_2: of the fields, and of the extrapolated ones
BETA, CROSS, SPREAD, GAMMA, PACE, TRAINS = 0, 1, 2, 3, 4, 5  # of it: filter [1/s], X, S_z [V^2/s^2], gamma [1/s], m
W, S, J, Q, X, P, PV, I_2, I_3, PEAK, LEAST, SCALARS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11  # scalar state
FIELDS = 5  # columns that can hold q_0..q_4
FLUXES = 6  # R_0..R_5
PAST = FLUXES + 3  # these, W, and the outgoing fluxes of h_1 and h_2
AFFINE, POSITIVE, FITTED = 0, 1, 2
UNDERSHOOT = 1e-6
SCHEMES = {"affine": AFFINE, "positive": POSITIVE}
EDGE, OUTGOING, INFLOW, FIRED, LATE, BELOW, SUMS = range(7)
"""Explicit outflow, fluxes out and in, what the implicit part fires, late fluxes; flux below a cell."""
OUTPUTS = 8  # rate, int V q_0, P, W, Q, X, least q_0 over the largest, 1 where the positive scheme stepped

Array = NDArray[np.float64]


class State(NamedTuple):
    """Three rotating levels of fields, scalars and fluxes, the past of the fluxes, and work space."""

    fields: Array  # (3, cell, WIDTH)
    scalars: Array  # (3, SCALARS)
    past: Array  # (lag, PAST): R_0..R_5, W and the fluxes of h_1, h_2 at earlier steps, a ring
    work: Array  # (5, cell): up, down, inverse diagonal, conditional mean of w - W at the faces, firing per q [V/s]
    star: Array  # (cell, WIDTH) extrapolated fields
    done: NDArray[np.int64]  # (1,) steps
    sums: Array  # (SUMS, WIDTH) of a step: what EDGE .. BELOW name


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def make_nonnegative(width: Array, q: Array) -> None:
    """Empty the negative cells of q_0 and scale the others so that the mass stays."""
    total, kept = 0.0, 0.0
    for i in range(width.shape[0]):
        total += width[i] * q[i, 0]
        kept += width[i] * max(q[i, 0], 0.0)
    for i in range(width.shape[0]):
        q[i, 0] = max(q[i, 0], 0.0) * total / kept


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def measure(op: Operator, order: int, q: Array, s: Array) -> tuple[float, float]:
    """Integrals over V of the fields (P, V q_0, q_2, q_3), largest and least q_0, into s; returns those of q_M, V q_M.

    LEAST is -1 where a field is not finite, or w has no variance.
    """
    mass, mean_V, second, third, top, top_V = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    peak, least, total = 0.0, 0.0, 0.0
    for i in range(op.width.shape[0]):
        width, V = op.width[i], op.centre[i]
        weight = width * q[i, 0]
        mass += weight
        mean_V += V * weight
        second += width * q[i, 2]
        third += width * q[i, 3]
        top += width * q[i, order]
        top_V += width * V * q[i, order]
        total += q[i, 1] + q[i, 4]
        peak = max(peak, q[i, 0])
        least = min(least, q[i, 0])
    s[P], s[PV], s[I_2], s[I_3], s[PEAK] = mass, mean_V, second, third, peak
    finite = np.isfinite(mass + mean_V + second + third + total) and peak > 0.0
    s[LEAST] = least / peak if finite and second > -1e-9 else -1.0
    return top, top_V
