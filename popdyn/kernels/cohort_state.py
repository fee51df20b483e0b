"""Cohorts of escape-noise neurons by last spike time: their moments, and how they age and merge.

Every neuron has z = (U, x_1..x_K): V = E_L + h(t) + U + sum kappa_i x_i, where h is the potential that the drive alone
would give, so that U and all x decay by themselves (popdyn.theory.gif_problem). They are kept in units of their common
decay: z_i = scale_i mean_i, and between spikes nothing has to be done but to shrink `scale`.

A slot holds a cohort: its share of the population, mean and packed covariance (row i, column j <= i at i (i + 1)/2 +
j) of z. Slot 0 holds all old neurons; level l is a ring of cohorts 2^l times as wide as those of level 0, and the two
oldest of a full ring become one of the next level.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Words = NDArray[np.uint64]

OFFSET, DROP, DRIVE, PART_DROP, PART_DRIVE, NUMBERS = 0, 1, 2, 3, 4, 5  # of CohortModel.numbers
GAUSSIAN, MEAN_ONLY = 0, 1  # closures: covariances within a cohort, or means alone
RELEASE, GAIN, WIDTH, RING, CLOSURE, WHOLES = 0, 1, 2, 3, 4, 5  # of CohortModel.whole
VARIABLE, UU, UX, XX, SOURCE = 0, 1, 2, 3, 4  # of CohortModel.noise
OLD, COMING, FIRST = 0, 1, 2  # slots of the old neurons, of those coming back, of the first level
STEPS, OPEN, CLOCK, POINTERS = 0, 1, 2, 3  # of CohortState.place


class CohortModel(NamedTuple):
    """Numbers of one population for steps of dt. Index 0 is U, 1..K the slow variables (all decay alone)."""

    numbers: Array  # ln(lambda_0 dt) + (E_L - V_T_star)/Delta_V; V_reset - E_L [V]; tau_m (1 - exp(-dt/tau_m)) [s];
    # e (V_reset - E_L) and tau_m (1 - e), e = exp(-part/tau_m), part the time from release to the end of its step
    decay: Array  # (1 + K,) exp(-dt/tau_i)
    slope: Array  # (1 + K,) d exponent / d z_i; slope[0] = 1/Delta_V
    kappa: Array  # (1 + K,) d V / d z_i
    kappa_release: Array  # (1 + K,) kappa_i e exp(part/tau_i)
    jump: Array  # (1 + K,) of x_i at a spike
    carrier: Whole  # (1 + K,) frozen variable that x_i jumps by beside `jump`, or -1
    whole: Whole  # steps from spike to release; frozen gain of the drive, or -1; steps of a cohort; slots of a level;
    # closure
    noise: Array  # (source, SOURCE): variable or 0, and per D_s the covariances that a step adds: UU, Ux, xx
    part_noise: Array  # (source,) variance of U between release and the end of its step, per D_s


class CohortState(NamedTuple):
    """Moments of every cohort, the refractory neurons, and where things are."""

    mass: Array  # (slot,)
    mean: Array  # (1 + K, slot)
    cov: Array  # (packed, slot)
    scale: Array  # (1 + K,)
    slope: Array  # (1 + K,) d exponent / d mean_i at the end of the step
    h: Array  # (1,) [V] what the drive alone adds to E_L
    pool: Array  # (row, 1 + K + packed(K) + source) rings of what fired: mass, mean, covariance of x, and `free` then
    fired: Array  # (1 + K + packed(K),) those that fired in the last step, before their jump
    free: Array  # (source,) variance of coloured noise that spikes do not touch
    level: Whole  # (level, 2) place of the oldest cohort in the level's ring, number of cohorts
    place: Whole  # (POINTERS,) steps done, open slot, steps since it opened
    work: Array  # (2 (1 + K) + ROWS, slot)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def packed(i: int, j: int) -> int:
    """Place of the element i, j of a symmetric matrix."""
    return i * (i + 1) // 2 + j if i >= j else j * (j + 1) // 2 + i


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def merge(state: CohortState, a: int, b: int, closure: int) -> None:
    """Cohort b into cohort a, by their first two moments; b is left empty."""
    mass, mean, cov = state.mass, state.mean, state.cov
    total = mass[a] + mass[b]
    if mass[b] <= 0.0:
        mass[b] = 0.0
        return
    share = mass[b] / total
    between = share * (1.0 - share)
    k = 0
    for i in range(mean.shape[0]):
        for j in range(i + 1):
            cov[k, a] += share * (cov[k, b] - cov[k, a])
            if closure == GAUSSIAN:
                cov[k, a] += between * (mean[i, b] - mean[i, a]) * (mean[j, b] - mean[j, a])
            k += 1
    for i in range(mean.shape[0]):
        mean[i, a] += share * (mean[i, b] - mean[i, a])
    mass[a], mass[b] = total, 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def move(state: CohortState, source: int, target: int) -> None:
    """Cohort `source` into the empty slot `target`."""
    for i in range(state.mean.shape[0]):
        state.mean[i, target] = state.mean[i, source]
    for k in range(state.cov.shape[0]):
        state.cov[k, target] = state.cov[k, source]
    state.mass[target], state.mass[source] = state.mass[source], 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def open_cohort(state: CohortState, ring: int, closure: int) -> None:
    """Open an empty cohort; every full level below the first that is not passes its two oldest on as one."""
    level, top = state.level, -1
    while top + 1 < level.shape[0] and level[top + 1, 1] == ring:
        top += 1
    for n in range(top, -1, -1):
        first = FIRST + n * ring
        oldest = first + level[n, 0]
        merge(state, oldest, first + (level[n, 0] + 1) % ring, closure)
        level[n, 0], level[n, 1] = (level[n, 0] + 2) % ring, level[n, 1] - 2
        if n + 1 == level.shape[0]:
            merge(state, OLD, oldest, closure)
        else:
            move(state, oldest, first + ring + (level[n + 1, 0] + level[n + 1, 1]) % ring)
            level[n + 1, 1] += 1
    state.place[OPEN] = FIRST + (level[0, 0] + level[0, 1]) % ring
    level[0, 1] += 1


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def rescale(state: CohortState, i: int, source: int) -> None:
    """Take scale_i into the moments of z_i; `source` (or -1): the noise that z_i carries."""
    factor = state.scale[i]
    slow = state.mean.shape[0] - 1
    for c in range(state.mass.shape[0]):
        state.mean[i, c] *= factor
    for j in range(slow + 1):
        k = packed(i, j)
        both = factor * factor if j == i else factor
        for c in range(state.mass.shape[0]):
            state.cov[k, c] *= both
        if i > 0 and j > 0:
            place = 1 + slow + packed(i - 1, j - 1)
            state.fired[place] *= both
            for row in range(state.pool.shape[0]):
                state.pool[row, place] *= both
    if i > 0:
        state.fired[i] *= factor
        for row in range(state.pool.shape[0]):
            state.pool[row, i] *= factor
    if source >= 0:
        state.free[source] *= factor * factor
        place = 1 + slow + slow * (slow + 1) // 2 + source
        for row in range(state.pool.shape[0]):
            state.pool[row, place] *= factor * factor
    state.scale[i] = 1.0
