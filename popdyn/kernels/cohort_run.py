"""Steps of one population of cohorts, and what is seen of it on the way."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_firing import ELL, NARROW, S
from popdyn.kernels.cohort_state import (
    CLOSURE,
    COMING,
    DROP,
    GAIN,
    KAPPA,
    MASS,
    MEAN,
    OLD,
    SHUNTED,
    SIZE,
    UNTOUCHED,
    CohortModel,
    CohortState,
    packed,
)
from popdyn.kernels.cohorts import advance, advance_shunted
from popdyn.kernels.lanes import LANES, filled, load, total

Array = NDArray[np.float64]
Words = NDArray[np.uint64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def expected_rate(model: CohortModel, state: CohortState) -> float:
    """Of the share that fired in the last step, what was to be expected of the hazard."""
    size = model.whole[SIZE]
    work, slots = MEAN + size + packed(size, 0), state.slots
    if model.whole[CLOSURE] == UNTOUCHED:
        return np.exp(slots[work + ELL, OLD] + 0.5 * slots[work + S, OLD])
    expected = state.own[2 * size + 2]
    for c in range(slots.shape[1]):
        if c != COMING:  # its work rows have served another purpose since
            expected -= slots[work + NARROW, c]
    return expected


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def look(model: CohortModel, state: CohortState, seen: Array) -> None:
    """Mean V [V] over E_L, mass, and the mean of every variable into seen (2 + 1 + K,): of all neurons."""
    size, slots, own, pool = model.whole[SIZE], state.slots, state.own, state.pool
    every, refractory = filled(0.0), 0.0
    for c in range(0, slots.shape[1], LANES):
        every = every + load(slots[MASS], c)
    for r in range(pool.shape[0]):
        refractory += pool[r, 0]
    active = total(every)
    seen[0], seen[1] = active * own[2 * size] + refractory * model.constants[DROP], active + refractory
    for i in range(size):
        every, resting = filled(0.0), 0.0
        for c in range(0, slots.shape[1], LANES):
            every = every + load(slots[MASS], c) * load(slots[MEAN + i], c)
        mean = total(every)
        if i > 0:
            for r in range(pool.shape[0]):
                resting += pool[r, 0] * pool[r, i]
        kappa = state.kappa[i] if model.whole[SHUNTED] > 0 else model.modes[KAPPA, i]
        if model.whole[GAIN] == i:
            kappa += own[2 * size + 1]
        seen[0] += kappa * own[i] * mean
        seen[2 + i] = own[i] * (mean + resting)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(
    model: CohortModel, table: Array, state: CohortState, mu: Array, gain: Array, shunt: Array, D: Array, dt: float,
    every: int, neurons: float, words: Words, rate: Array, seen: Array,
) -> int:  # fmt: skip
    """Advance through mu, gain, shunt (step,) and D (step, source); rate (step,) [1/s]. shunt: of conductances alone.

    seen (sample, 2 + 1 + K): `look` in the middle of every `every` steps (an odd number: half a step before). Returns
    the number of steps done: fewer than asked where a value is not finite.
    """
    for t in range(mu.shape[0]):
        if model.whole[SHUNTED] > 0:
            fired = advance_shunted(model, table, state, mu[t], gain[t], shunt[t], D[t], neurons, words)
        else:
            fired = advance(model, table, state, mu[t], gain[t], D[t], neurons, words)
        rate[t] = fired / dt
        if not np.isfinite(fired):
            return t
        if (t + 1) % every == every // 2 % every:
            look(model, state, seen[t // every])
    return mu.shape[0]
