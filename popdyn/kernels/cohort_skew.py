"""Third cumulants of cohorts: white noise and skewed frozen variables as shifted gamma variables.

    z_f ~ gamma of mean m_f, variance C_ff, third cumulant kappa_f;    z_i = b_fi z_f + ...,    b_f = C e_f/C_ff

With beta = g b_f, u = kappa beta/(2 C_ff) and phi = 1/(1 - u) the variable has, weighed by exp(g z),

    mean m_f + C_ff beta phi,    variance C_ff phi^2,    third cumulant kappa phi^3

and ln E exp(beta z_f) is larger by C_ff beta^2 (u/3 + u^2/4 + ...) than that of a normal variable. What stays follows
by complement. Rows of `work`, behind C g: kappa, u and room.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_firing import ELL, FIRED, FIRED_NARROW, LEFT_NARROW, TILT, TO_FIRED, TO_LEFT, P, S
from popdyn.kernels.cohort_state import MASS, MEAN, SKEW, THIRD, WORK, CohortModel, CohortState, either, packed

Array = NDArray[np.float64]

LEAST = 1e-30  # of a variance that is divided by, in the square of V
SKEWEST = 4.0  # of a cohort: where most of it fires at once, the others would get what errors leave
WIDEST = 1.0  # of its variance, that what stays can gain in a step: a few that are left of many would widen without end
FEWEST = 1e-12  # mass of a cohort whose covariance is left as `fire` has it
STEEPEST, SHALLOWEST = 0.5, -10.0  # u: of 1 the mean of exp(g z) does not exist


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def lean(model: CohortModel, slots: Array, size: int, work: int) -> None:
    """Third cumulants into the exponent and C g, before the look-up."""
    y, kappa = work + WORK, work + WORK + size
    turn, room, cov = kappa + size, kappa + 2 * size, MEAN + size
    for f in range(size):
        if model.modes[SKEW, f] > 0.0:
            for c in range(slots.shape[1]):
                slots[turn + f, c] = slots[y + f, c] / max(slots[cov + packed(f, f), c], LEAST)
    for f in range(size):
        if model.modes[SKEW, f] == 0.0:
            continue
        for c in range(slots.shape[1]):
            beta, v = slots[turn + f, c], max(slots[cov + packed(f, f), c], LEAST)
            u = min(max(0.5 * slots[kappa + f, c] * beta / v, SHALLOWEST), STEEPEST)
            slots[turn + f, c] = u
            slots[work + ELL, c] += v * beta * beta * u * (1.0 - 0.05 * u) / (3.0 - 2.4 * u)
            slots[room, c] = beta * u / (1.0 - u)
        for i in range(size):
            k = cov + either(i, f)
            for c in range(slots.shape[1]):
                slots[y + i, c] += slots[room, c] * slots[k, c]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _sum(slots: Array, row: int) -> float:
    """Of a row, in four parts that are added side by side."""
    a, b, e, d = 0.0, 0.0, 0.0, 0.0
    for c in range(0, slots.shape[1], 4):
        a += slots[row, c]
        b += slots[row, c + 1]
        e += slots[row, c + 2]
        d += slots[row, c + 3]
    return (a + b) + (e + d)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def fire_thirds(model: CohortModel, slots: Array, own: Array, size: int, work: int) -> None:
    """After `fire`: covariances by the third cumulants, these of what stayed, and of what fired into the end of own.

    What stays keeps half, what fires a twentieth of the variance that `fire` leaves it.
    """
    y, kappa = work + WORK, work + WORK + size
    turn, thin, less, first = kappa + size, kappa + 2 * size, kappa + 2 * size + 1, kappa + 2 * size + 2
    cov, fired, tail, room = MEAN + size, 2 * size + 2, own.shape[0] - size, work + P
    per = 1.0 / own[fired] if own[fired] > 0.0 else 0.0
    for f in range(size):
        if model.modes[SKEW, f] == 0.0:
            continue
        about = own[fired + f] if f > 0 else 0.0
        for i in range(size):
            k = cov + either(i, f)
            for c in range(slots.shape[1]):
                slots[first + i, c] = slots[k, c] - slots[work + LEFT_NARROW, c] * slots[y + i, c] * slots[y + f, c]
        for c in range(slots.shape[1]):
            V, w, third = slots[first + f, c], slots[y + f, c], slots[kappa + f, c]
            a, b = slots[work + TO_FIRED, c] * w, slots[work + TO_LEFT, c] * w
            q = -slots[work + TO_LEFT, c] / max(slots[work + TILT, c], LEAST)
            odds = max(q, LEAST) / max(1.0 - q, 1e-12)
            phi = 1.0 / (1.0 - slots[work + TO_FIRED, c] * slots[turn + f, c])
            left, gone = slots[work + LEFT_NARROW, c], slots[work + FIRED_NARROW, c]
            high = (1.0 + left * slots[work + S, c]) / max(2.0 * odds, LEAST)
            more = max(min(phi * phi - 1.0, high), -0.95 * (1.0 + gone * slots[work + S, c]), -WIDEST / odds)
            if slots[MASS, c] < FEWEST:
                more = 0.0
            V_fired, V_left = V + gone * w * w + more * V, V + left * w * w - odds * more * V
            third_fired, u = third * phi * phi * phi, slots[MEAN + f, c] - b + a - about
            slots[room, c] = slots[work + FIRED, c] * (third_fired + u * (3.0 * V_fired + u * u))
            most = SKEWEST * V_left * np.sqrt(max(V_left, 0.0))
            third += odds * (third - third_fired - a * (3.0 * V_fired + a * a)) - b * (3.0 * V_left + b * b)
            slots[kappa + f, c] = min(max(third, -most), most)
            slots[less, c] = odds * more / max(V, LEAST)
            slots[thin, c] = more / max(V, LEAST) * slots[work + FIRED, c] * per
        own[tail + f] = per * _sum(slots, room)
        for i in range(size):
            for j in range(i + 1):
                k = cov + packed(i, j)
                for c in range(slots.shape[1]):
                    both = slots[first + i, c] * slots[first + j, c]
                    slots[k, c] -= slots[less, c] * both
                    slots[room, c] = slots[thin, c] * both
                if j > 0:
                    own[fired + size + packed(i - 1, j - 1)] += _sum(slots, room)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def restore_thirds(model: CohortModel, state: CohortState, size: int) -> None:
    """Frozen variables keep their third cumulant over all neurons: chance, and several skewed ones, would move it."""
    slots, pool = state.slots, state.pool
    kappa, tail = MEAN + 2 * size + packed(size, 0) + WORK, pool.shape[1] - size
    for f in range(1, size):
        if model.modes[SKEW, f] == 0.0:
            continue
        found, wide = 0.0, 0.0
        v, w = MEAN + size + packed(f, f), size + packed(f - 1, f - 1)
        for c in range(slots.shape[1]):
            m = slots[MEAN + f, c]
            found += slots[MASS, c] * (slots[kappa + f, c] + m * (3.0 * slots[v, c] + m * m))
            wide += slots[MASS, c] * slots[v, c] * np.sqrt(max(slots[v, c], 0.0))
        for r in range(pool.shape[0]):
            m = pool[r, f]
            found += pool[r, 0] * (pool[r, tail + f] + m * (3.0 * pool[r, w] + m * m))
        for c in range(slots.shape[1]):
            missing = (model.modes[THIRD, f] - found) / max(wide, LEAST)
            slots[kappa + f, c] += missing * slots[v, c] * np.sqrt(max(slots[v, c], 0.0))
