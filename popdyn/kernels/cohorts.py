"""Time stepping of escape-noise cohorts: they fire by the rank-one assumed-density update, rest for t_ref, and return.

A step: drive and decay (exact), noise into the covariances, firing with the hazard at the end of the step, the
neurons whose dead time is over back into the open cohort. Firing and return at the ends of steps make first-order
errors that cancel but for dt/2 times the hazard at V_reset. Equations: docs/theory/cohorts.md.

All pieces are inlined into `advance`: handed between functions, the tuples of arrays cost as much as the arithmetic.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_firing import ELL, NARROW, TILT, P, S, balance, fire, fire_untouched, project, split
from popdyn.kernels.cohort_shunt import drive_shunted, release_shunted
from popdyn.kernels.cohort_skew import fire_thirds, lean, restore_thirds
from popdyn.kernels.cohort_state import (
    CARRIER,
    CLOCK,
    CLOSURE,
    COMING,
    DECAY,
    DRIVE,
    GAIN,
    JUMP,
    KAPPA_RELEASE,
    MASS,
    MEAN,
    MEAN_ONLY,
    OPEN,
    PART_DRIVE,
    PART_DROP,
    PART_UU,
    RELEASE,
    RING,
    SIZE,
    SKEWED,
    SLOPE,
    STEPS,
    UNTOUCHED,
    UU,
    UX,
    VARIABLE,
    WIDE,
    WIDTH,
    WORK,
    XX,
    CohortModel,
    CohortState,
    either,
    merge,
    open_cohort,
    packed,
    rescale,
)
from popdyn.kernels.hazard_table import look_up

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Words = NDArray[np.uint64]

SMALLEST_SCALE = 1e-4


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _drive(model: CohortModel, state: CohortState, size: int, mu: float, gain: float, D: Array) -> None:
    """Everything that changes V between spikes: decay, mean drive, noise."""
    own, slots, modes, noise, cov = state.own, state.slots, model.modes, model.noise, MEAN + size
    for i in range(size):
        own[i] *= modes[DECAY, i]
        if own[i] < SMALLEST_SCALE:
            source = -1
            for k in range(noise.shape[0]):
                if i > 0 and int(noise[k, VARIABLE]) == i:
                    source = k
            rescale(state, size, i, source)
        own[size + i] = modes[SLOPE, i] * own[i]
    own[2 * size] = modes[DECAY, 0] * own[2 * size] + model.constants[DRIVE] * mu
    own[2 * size + 1] = modes[DECAY, 0] * own[2 * size + 1] + model.constants[DRIVE] * gain
    if model.whole[GAIN] >= 0:
        own[size + model.whole[GAIN]] += modes[SLOPE, 0] * own[2 * size + 1]
    unit = 1.0 / own[0]
    for k in range(noise.shape[0]):
        if D[k] == 0.0:
            continue
        more, i = noise[k, UU] * D[k] * unit * unit, int(noise[k, VARIABLE])
        for c in range(slots.shape[1]):
            slots[cov, c] += more
        if i > 0:
            along, more = noise[k, UX] * D[k] * unit / own[i], noise[k, XX] * D[k] / (own[i] * own[i])
            for c in range(slots.shape[1]):
                slots[cov + packed(i, 0), c] += along
                slots[cov + packed(i, i), c] += more
            own[2 * size + 2 + size + packed(size - 1, 0) + k] += more


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _restore(model: CohortModel, state: CohortState, size: int) -> None:
    """Finite size: frozen variables keep their variance over all neurons; chance would let it wander."""
    slots, own, pool, cov = state.slots, state.own, state.pool, MEAN + size
    for i in range(1, size):
        width = model.modes[WIDE, i]
        if width == 0.0:
            continue
        square = 0.0
        for c in range(slots.shape[1]):
            square += slots[MASS, c] * (slots[cov + packed(i, i), c] + slots[MEAN + i, c] * slots[MEAN + i, c])
        for r in range(pool.shape[0]):
            square += pool[r, 0] * (pool[r, size + packed(i - 1, i - 1)] + pool[r, i] * pool[r, i])
        own[i] = width / np.sqrt(square)
        rescale(state, size, i, -1)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _store(model: CohortModel, state: CohortState, size: int) -> None:
    """What fired goes into the pool, its slow variables jump: x_i += jump_i + x_carrier, an affine map."""
    own, pool, fired = state.own, state.pool, 2 * size + 2
    r = state.place[STEPS] % pool.shape[0]
    for k in range(size + packed(size - 1, 0) + model.noise.shape[0]):
        pool[r, k] = own[fired + k]
    if model.whole[CLOSURE] == MEAN_ONLY:
        for k in range(size, size + packed(size - 1, 0)):
            pool[r, k] = 0.0
    for k in range(-size, 0):
        pool[r, pool.shape[1] + k] = own[own.shape[0] + k]
    for i in range(1, size):
        unit, f = 1.0 / own[i], model.whole[CARRIER + i]
        pool[r, i] += model.modes[JUMP, i] * unit
        if f > 0:
            pool[r, i] += unit * own[fired + f]
            own_f, mixed = size + packed(f - 1, f - 1), size + either(i - 1, f - 1)
            pool[r, size + packed(i - 1, i - 1)] += unit * (2.0 * pool[r, mixed] + unit * pool[r, own_f])
            for j in range(1, size):
                if j != i:
                    pool[r, size + either(i - 1, j - 1)] += unit * pool[r, size + either(f - 1, j - 1)]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _release(model: CohortModel, state: CohortState, size: int, work: int, mu: float, gain: float, D: Array) -> None:
    """Neurons whose dead time is over: V_reset, and what has come since in the part of the step that is left."""
    slots, own, pool, cov, c = state.slots, state.own, state.pool, MEAN + size, COMING
    r = (state.place[STEPS] - model.whole[RELEASE]) % pool.shape[0]
    part, unit, variance = mu * model.constants[PART_DRIVE], 1.0 / own[0], 0.0
    slots[MASS, c], pool[r, 0] = pool[r, 0], 0.0
    for i in range(1, size):
        slots[MEAN + i, c] = pool[r, i]
        for j in range(1, i + 1):
            slots[cov + packed(i, j), c] = pool[r, size + packed(i - 1, j - 1)]
    for k in range(D.shape[0]):
        i, free = int(model.noise[k, VARIABLE]), size + packed(size - 1, 0) + k
        if i > 0:
            slots[cov + packed(i, i), c] += own[2 * size + 2 + free] - pool[r, free]
        variance += model.noise[k, PART_UU] * D[k] * unit * unit
    U = (model.constants[PART_DROP] - (own[2 * size] - part)) * unit
    for i in range(1, size):
        kappa = model.modes[KAPPA_RELEASE, i]
        if model.whole[GAIN] == i:
            kappa += own[2 * size + 1] - gain * model.constants[PART_DRIVE]
        slots[work + i, c] = -kappa * own[i] * unit
        U += slots[work + i, c] * slots[MEAN + i, c]
    slots[MEAN, c] = U
    for i in range(1, size):
        with_x = 0.0
        for j in range(1, size):
            with_x += slots[work + j, c] * slots[cov + either(i, j), c]
        slots[cov + packed(i, 0), c] = with_x
        variance += slots[work + i, c] * with_x
    slots[cov, c] = variance
    if model.whole[CLOSURE] == SKEWED:
        slots[work + WORK + size, c] = 0.0
        for i in range(1, size):
            slots[work + WORK + size + i, c] = pool[r, pool.shape[1] - size + i]
    merge(slots, size, state.place[OPEN], c, model.whole[CLOSURE])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def advance(
    model: CohortModel, table: Array, state: CohortState, mu: float, gain: float, D: Array, neurons: float, words: Words
) -> float:
    """One step under the drive mu [V/s] and noise D (source,) [V^2/s], both its means; returns the share that fired.

    gain: the drive [V/s] of the frozen variable whole[GAIN] per unit of it.
    neurons > 0: a population of that size, whose spikes are drawn with `words`; 0: infinitely many.
    """
    size = model.whole[SIZE]
    work = MEAN + size + packed(size, 0)
    _drive(model, state, size, mu, gain, D)
    project(model, state.slots, state.own, size, work)
    if model.whole[CLOSURE] == UNTOUCHED:
        return fire_untouched(state.slots, state.own, size, work, neurons, words)
    _spikes(model, table, state, size, work, neurons, words)
    _release(model, state, size, work, mu, gain, D)
    _count(model, state, size, neurons)
    return state.own[2 * size + 2]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def advance_shunted(
    model: CohortModel, table: Array, state: CohortState, mu: float, gain: float, shunt: float, D: Array,
    neurons: float, words: Words,
) -> float:  # fmt: skip
    """The same of neurons with conductances: shunt [1/s] their mean over C_m in the step; mu has their mean currents.

    D of a conductance's noise in 1/s. Equations: cohort_shunt.
    """
    size = model.whole[SIZE]
    work = MEAN + size + packed(size, 0)
    drive_shunted(model, state, size, work, mu, gain, shunt, D)
    project(model, state.slots, state.own, size, work)
    if model.whole[CLOSURE] == UNTOUCHED:
        return fire_untouched(state.slots, state.own, size, work, neurons, words)
    _spikes(model, table, state, size, work, neurons, words)
    release_shunted(model, state, size, work, mu, gain, shunt, D)
    _count(model, state, size, neurons)
    return state.own[2 * size + 2]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _spikes(
    model: CohortModel, table: Array, state: CohortState, size: int, work: int, neurons: float, words: Words
) -> None:
    """What fires at the end of the step goes into the pool."""
    slots, own = state.slots, state.own
    if model.whole[CLOSURE] == SKEWED:
        lean(model, slots, size, work)
    look_up(table, slots, work + ELL, work + S, work + P, work + TILT, work + NARROW)
    split(slots, work, neurons, words)
    fire(slots, own, size, work)
    if model.whole[CLOSURE] == SKEWED:
        fire_thirds(model, slots, own, size, work)
    if neurons > 0.0:
        balance(slots, size, work)
    _store(model, state, size)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def _count(model: CohortModel, state: CohortState, size: int, neurons: float) -> None:
    """A step is done; cohorts are closed in time."""
    place = state.place
    place[STEPS] += 1
    place[CLOCK] += 1
    if place[CLOCK] >= model.whole[WIDTH]:
        place[CLOCK] = 0
        if neurons > 0.0:
            _restore(model, state, size)
        if model.whole[CLOSURE] == SKEWED:
            restore_thirds(model, state, size)
        open_cohort(state.slots, size, place, model.whole[RING], model.whole[CLOSURE])
