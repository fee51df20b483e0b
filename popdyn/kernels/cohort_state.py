"""Cohorts of escape-noise neurons by last spike time: their moments, and how they age and merge.

Every neuron has z = (U, x_1..x_K): V = E_L + h(t) + U + sum kappa_i x_i, where h is the potential that the drive alone
would give, so that U and all x decay by themselves (popdyn.theory.gif_problem). They are kept in units of their common
decay: z_i = scale_i mean_i, and between spikes nothing has to be done but to shrink the scale.

A slot holds a cohort: its share of the population, mean and packed covariance of z. Slot OLD holds all old neurons;
level l is a ring of cohorts 2^l times as wide as those of level 0, and the two oldest of a full ring become one of the
next.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

OFFSET, DROP, DRIVE, PART_DROP, PART_DRIVE, LEAK, STEP, PART, CONSTANTS = range(9)  # of CohortModel.constants
DECAY, SLOPE, KAPPA, KAPPA_RELEASE, JUMP, WIDE, SKEW, THIRD, MODES = range(9)  # rows of CohortModel.modes
VARIABLE, UU, UX, XX, PART_UU, SOURCE = 0, 1, 2, 3, 4, 5  # columns of CohortModel.noise
RELEASE, GAIN, WIDTH, RING, CLOSURE, SIZE, SHUNTED, CARRIER = range(8)  # of CohortModel.whole
GAUSSIAN, MEAN_ONLY, UNTOUCHED, SKEWED = 0, 1, 2, 3  # covariances within a cohort; means alone; neurons spikes do not
# change; third cumulants, too
OLD, COMING, FIRST = 0, 1, 2  # slots: old neurons, those coming back, first of the first level
STEPS, OPEN, CLOCK, LEVELS = 0, 1, 2, 3  # of CohortState.place
MASS, MEAN = 0, 1  # rows of CohortState.slots: share, 1 + K means, packed covariances, then WORK rows of every step
WORK = 10
RATE, FORCE, BARE, REACH, BENT, SHUNT_ROWS = range(6)  # of CohortModel.shunt


class CohortModel(NamedTuple):
    """Numbers of one population for steps of dt. Variable 0 is U, 1..K the slow ones; arrays may be longer."""

    constants: Array  # ln(lambda_0 dt) + (E_L - V_T_star)/Delta_V; V_reset - E_L [V]; tau_m (1 - exp(-dt/tau_m)) [s];
    # e (V_reset - E_L) and tau_m (1 - e), e = exp(-part/tau_m), part the time from release to the end of its step;
    # 1/tau_m [1/s], dt and part [s]
    modes: Array  # (MODES, 1 + K) exp(-dt/tau); d exponent/dz, 1/Delta_V for U; kappa; kappa e exp(part/tau); jump;
    # s.d. of a frozen variable; 1 where third cumulants are carried, and that over all neurons
    noise: Array  # (source, SOURCE) variable or 0; per D_s what a step adds to UU, Ux, xx; and to UU after release
    whole: Whole  # steps from spike to release; frozen gain of the drive, or -1; steps of a cohort; slots of a level;
    # closure; 1 + K; 1 where conductances shunt V; then of each variable the frozen one that it jumps by beside
    # `jump`, or -1
    shunt: Array  # (SHUNT_ROWS, 1 + K), of shunted populations (cohort_shunt): 1/tau; d(dV/dt)/dz; d exponent/dz at
    # constant V; the same for noise by its variables, E_rev - E_L of conductances; 1 for these


class CohortState(NamedTuple):
    """Moments of every cohort, the refractory neurons, and where things are."""

    slots: Array  # (1 + 1 + K + packed + WORK + 1 + K, slot); with SKEWED 3 (1 + K) + 2 more (cohort_skew)
    own: Array  # scale, slope in units of the means (1 + K); h, that of the gain [V]; fired; free; third cumulants
    pool: Array  # (row, 1 + K + packed(K) + source + 1 + K) rings of what fired: mass, mean, covariance of x; `free`
    # then; third cumulants
    kappa: Array  # (1 + K,) dV/dz of a shunted population, as it is now
    place: Whole  # steps done, open slot, steps since it opened, then of each level place of the oldest and count


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def packed(i: int, j: int) -> int:
    """Place of the element i, j <= i of a symmetric matrix."""
    return i * (i + 1) // 2 + j


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def either(i: int, j: int) -> int:
    """Place of the element i, j or j, i."""
    return packed(max(i, j), min(i, j))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def merge(slots: Array, size: int, a: int, b: int, closure: int) -> None:
    """Cohort b into cohort a, by their first two moments; b is left empty."""
    whole = slots[MASS, a] + slots[MASS, b]
    if slots[MASS, b] <= 0.0:
        slots[MASS, b] = 0.0
        return
    share = slots[MASS, b] / whole
    between = 0.0 if closure == MEAN_ONLY else share * (1.0 - share)
    if closure == SKEWED:
        third = MEAN + size + packed(size, 0) + WORK + size
        for i in range(size):
            k, away = MEAN + size + packed(i, i), slots[MEAN + i, b] - slots[MEAN + i, a]
            wider = 3.0 * (slots[k, b] - slots[k, a]) + (1.0 - 2.0 * share) * away * away
            slots[third + i, a] += share * (slots[third + i, b] - slots[third + i, a]) + between * away * wider
    k = MEAN + size
    for i in range(size):
        away = between * (slots[MEAN + i, b] - slots[MEAN + i, a])
        for j in range(i + 1):
            slots[k, a] += share * (slots[k, b] - slots[k, a]) + away * (slots[MEAN + j, b] - slots[MEAN + j, a])
            k += 1
    for i in range(MEAN, MEAN + size):
        slots[i, a] += share * (slots[i, b] - slots[i, a])
    slots[MASS, a], slots[MASS, b] = whole, 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def open_cohort(slots: Array, size: int, place: Whole, ring: int, closure: int) -> None:
    """Open an empty cohort; every full level below the first that is not passes its two oldest on as one."""
    levels, top = (place.shape[0] - LEVELS) // 2, -1
    while top + 1 < levels and place[LEVELS + 2 * top + 3] == ring:
        top += 1
    for n in range(top, -1, -1):
        oldest, count, first = LEVELS + 2 * n, LEVELS + 2 * n + 1, FIRST + n * ring
        a, b = first + place[oldest], first + (place[oldest] + 1) % ring
        merge(slots, size, a, b, closure)
        place[oldest], place[count] = (place[oldest] + 2) % ring, place[count] - 2
        target = OLD
        if n + 1 < levels:
            target = first + ring + (place[oldest + 2] + place[count + 2]) % ring
            place[count + 2] += 1
        merge(slots, size, target, a, closure)
    place[OPEN] = FIRST + (place[LEVELS] + place[LEVELS + 1]) % ring
    place[LEVELS + 1] += 1


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def rescale(state: CohortState, size: int, i: int, source: int) -> None:
    """Take scale_i into the moments of z_i; `source` (or -1): the noise that z_i carries."""
    slots, own, pool, slow = state.slots, state.own, state.pool, size - 1
    factor, fired = own[i], 2 * size + 2
    pairs = fired + size
    for c in range(slots.shape[1]):
        slots[MEAN + i, c] *= factor
    third = MEAN + size + packed(size, 0) + WORK + size + i
    if third < slots.shape[0]:
        for c in range(slots.shape[1]):
            slots[third, c] *= factor * factor * factor
        for row in range(pool.shape[0]):
            pool[row, pool.shape[1] - size + i] *= factor * factor * factor
    for j in range(size):
        both = factor * factor if j == i else factor
        for c in range(slots.shape[1]):
            slots[MEAN + size + either(i, j), c] *= both
        if i > 0 and j > 0:
            k = either(i - 1, j - 1)
            own[pairs + k] *= both
            for row in range(pool.shape[0]):
                pool[row, size + k] *= both
    if i > 0:
        own[fired + i] *= factor
        for row in range(pool.shape[0]):
            pool[row, i] *= factor
    if source >= 0:
        free = slow * (slow + 1) // 2 + size
        own[fired + free + source] *= factor * factor
        for row in range(pool.shape[0]):
            pool[row, free + source] *= factor * factor
    own[i] = 1.0
