"""One step of firing: the rank-one assumed-density update of every cohort (docs/theory/cohorts.md).

A cohort's exponent is normal, of mean ell and variance s; what fires, and what is left, have their moments along C g.
Rows of `work`, behind the moments in CohortState.slots: ELL to LEFT_NARROW, then C g.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import MASS, MEAN, OFFSET, OLD, SLOPE, WORK, CohortModel, either, packed
from popdyn.kernels.lanes import LANES, filled, least, load, most, store, total
from popdyn.kernels.random_words import binomial, poisson

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

ELL, S, P, TILT, NARROW, FIRED, TO_FIRED, TO_LEFT, FIRED_NARROW, LEFT_NARROW = range(10)
FULL = 1.0 - 1e-6  # share of its variance that a cohort can lose in one step


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def project(model: CohortModel, slots: Array, own: Array, size: int, work: int) -> None:
    """Mean ell and variance s of the exponent, and C g with g its slope, into the work rows."""
    y, cov = work + WORK, MEAN + size
    base = model.constants[OFFSET] + model.modes[SLOPE, 0] * own[2 * size]
    for c in range(0, slots.shape[1], LANES):
        ell, s = filled(base), filled(0.0)
        for i in range(size):
            along = own[size] * load(slots[cov + packed(i, 0)], c)
            for j in range(1, size):
                along = along + own[size + j] * load(slots[cov + either(i, j)], c)
            store(along, slots[y + i], c)
            ell = ell + own[size + i] * load(slots[MEAN + i], c)
            s = s + own[size + i] * along
        store(ell, slots[work + ELL], c)
        store(s, slots[work + S], c)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def split(slots: Array, work: int, neurons: float, words: Words) -> None:
    """How many fire in every cohort, and how the moments of these and of the others follow from C g.

    fired + t (1 - P) Cg, others - t P Cg, t = TILT/(1 - P); likewise the second moments, so that sums over all neurons
    stay where a share P fires. Where a variance would vanish both moves are shortened.
    """
    for c in range(0, slots.shape[1], LANES):
        q = least(load(slots[work + P], c), 1.0)
        store(q, slots[work + P], c)
        store(load(slots[MASS], c) * q, slots[work + FIRED], c)
    if neurons > 0.0:
        for c in range(slots.shape[1]):
            if slots[work + FIRED, c] > 0.0:
                count = np.round(slots[MASS, c] * neurons)
                slots[work + FIRED, c] = binomial(count, slots[work + P, c], words) / neurons
    for c in range(0, slots.shape[1], LANES):
        q, tilt, s = load(slots[work + P], c), load(slots[work + TILT], c), load(slots[work + S], c)
        left = 1.0 - q
        stay = 1.0 / most(left, 1e-12)
        t, b = tilt * stay, (tilt * tilt - load(slots[work + NARROW], c)) * stay
        held = FULL / most(s * most(q * (b + q * t * t), left * (left * t * t - b)), FULL)
        t, b = t * held, b * held
        store(left * t, slots[work + TO_FIRED], c)
        store(-1.0 * q * t, slots[work + TO_LEFT], c)
        store(left * (b - left * t * t), slots[work + FIRED_NARROW], c)
        store(-1.0 * q * (b + q * t * t), slots[work + LEFT_NARROW], c)
        store(t, slots[work + TILT], c)
        store(load(slots[work + FIRED], c) - load(slots[MASS], c) * q, slots[work + NARROW], c)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def fire(slots: Array, own: Array, size: int, work: int) -> None:
    """Update every cohort for those that stayed; moments of the slow variables of those that fired, into own."""
    y, cov, count, fired = work + WORK, MEAN + size, slots.shape[1], 2 * size + 2
    everyone = filled(0.0)
    for c in range(0, count, LANES):
        gone = load(slots[work + FIRED], c)
        everyone = everyone + gone
        store(load(slots[MASS], c) - gone, slots[MASS], c)
    own[fired] = total(everyone)
    per = 1.0 / own[fired] if own[fired] > 0.0 else 0.0
    for i in range(1, size):
        about, shift = own[fired + i], filled(0.0)
        for c in range(0, count, LANES):
            u = load(slots[MEAN + i], c) + load(slots[work + TO_FIRED], c) * load(slots[y + i], c) - about
            shift = shift + load(slots[work + FIRED], c) * u
        own[fired + i] += total(shift) * per
    for i in range(1, size):
        for j in range(1, i + 1):
            about, around, spread, k = own[fired + i], own[fired + j], filled(0.0), cov + packed(i, j)
            for c in range(0, count, LANES):
                to, along, across = load(slots[work + TO_FIRED], c), load(slots[y + i], c), load(slots[y + j], c)
                u, v = load(slots[MEAN + i], c) + to * along - about, load(slots[MEAN + j], c) + to * across - around
                thin = load(slots[work + FIRED_NARROW], c) * along * across
                spread = spread + load(slots[work + FIRED], c) * (load(slots[k], c) + thin + u * v)
            own[fired + size + packed(i - 1, j - 1)] = total(spread) * per
    for c in range(0, count, LANES):
        to, thin = load(slots[work + TO_LEFT], c), load(slots[work + LEFT_NARROW], c)
        for i in range(size):
            along = load(slots[y + i], c)
            for j in range(i + 1):
                k = cov + packed(i, j)
                store(load(slots[k], c) + thin * along * load(slots[y + j], c), slots[k], c)
            store(load(slots[MEAN + i], c) + to * along, slots[MEAN + i], c)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def balance(slots: Array, size: int, work: int) -> None:
    """Finite size: the sum of z over all neurons is not changed by who fires; what chance added, the others give back.

    NARROW holds the spikes beyond the expected ones, TILT t.
    """
    active = filled(0.0)
    for c in range(0, slots.shape[1], LANES):
        active = active + load(slots[MASS], c)
    left = total(active)
    if left <= 0.0:
        return
    for i in range(size):
        more = filled(0.0)
        for c in range(0, slots.shape[1], LANES):
            moved = load(slots[work + NARROW], c) * load(slots[work + TILT], c)
            more = more + moved * load(slots[work + WORK + i], c)
        back = total(more) / left
        for c in range(0, slots.shape[1], LANES):
            store(load(slots[MEAN + i], c) - back, slots[MEAN + i], c)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def fire_untouched(slots: Array, own: Array, size: int, work: int, neurons: float, words: Words) -> float:
    """Spikes per neuron of Poisson neurons: one cohort, of normal V, that spikes leave as it is."""
    expected = np.exp(slots[work + ELL, OLD] + 0.5 * slots[work + S, OLD])
    if neurons > 0.0:
        expected = poisson(neurons * expected, words) / neurons
    own[2 * size + 2] = expected
    return expected
