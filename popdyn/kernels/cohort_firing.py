"""One step of firing: the rank-one assumed-density update of every cohort (docs/theory/cohorts.md).

A cohort's exponent is normal, of mean ell and variance s; what fires, and what is left, have their moments along C g.
Rows of `work`, behind the moments in CohortState.slots: ELL to LEFT_NARROW, then C g.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import MASS, MEAN, OFFSET, OLD, SLOPE, WORK, CohortModel, either, packed
from popdyn.kernels.random_words import binomial, poisson

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

ELL, S, P, TILT, NARROW, FIRED, TO_FIRED, TO_LEFT, FIRED_NARROW, LEFT_NARROW = range(10)
FULL = 1.0 - 1e-6  # share of its variance that a cohort can lose in one step


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def project(model: CohortModel, slots: Array, own: Array, size: int, work: int) -> None:
    """Mean ell and variance s of the exponent, and C g with g its slope, into the work rows."""
    y, cov, count = work + WORK, MEAN + size, slots.shape[1]
    base = model.constants[OFFSET] + model.modes[SLOPE, 0] * own[2 * size]
    for c in range(count):
        slots[work + ELL, c], slots[work + S, c] = base, 0.0
    for i in range(size):
        g = own[size]
        for c in range(count):
            slots[y + i, c] = g * slots[cov + packed(i, 0), c]
        for j in range(1, size):
            g, k = own[size + j], cov + either(i, j)
            for c in range(count):
                slots[y + i, c] += g * slots[k, c]
        g = own[size + i]
        for c in range(count):
            slots[work + ELL, c] += g * slots[MEAN + i, c]
            slots[work + S, c] += g * slots[y + i, c]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def split(slots: Array, work: int, neurons: float, words: Words) -> None:
    """How many fire in every cohort, and how the moments of these and of the others follow from C g.

    fired + t (1 - P) Cg, others - t P Cg, t = TILT/(1 - P); likewise the second moments, so that sums over all neurons
    stay where a share P fires. Where a variance would vanish both moves are shortened.
    """
    for c in range(slots.shape[1]):
        slots[work + P, c] = min(slots[work + P, c], 1.0)
        slots[work + FIRED, c] = slots[MASS, c] * slots[work + P, c]
    if neurons > 0.0:
        for c in range(slots.shape[1]):
            if slots[work + FIRED, c] > 0.0:
                count = np.round(slots[MASS, c] * neurons)
                slots[work + FIRED, c] = binomial(count, slots[work + P, c], words) / neurons
    for c in range(slots.shape[1]):
        q = slots[work + P, c]
        more = slots[work + FIRED, c] - slots[MASS, c] * q
        stay = 1.0 / max(1.0 - q, 1e-12)
        tilt, s, left = slots[work + TILT, c], slots[work + S, c], 1.0 - q
        t, b = tilt * stay, (tilt * tilt - slots[work + NARROW, c]) * stay
        held = FULL / max(s * max(q * (b + q * t * t), left * (left * t * t - b)), FULL)
        t, b = t * held, b * held
        slots[work + TO_FIRED, c], slots[work + TO_LEFT, c] = left * t, -q * t
        slots[work + FIRED_NARROW, c] = left * (b - left * t * t)
        slots[work + LEFT_NARROW, c] = -q * (b + q * t * t)
        slots[work + TILT, c], slots[work + NARROW, c] = t, more


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def fire(slots: Array, own: Array, size: int, work: int) -> None:
    """Update every cohort for those that stayed; moments of the slow variables of those that fired, into own."""
    y, cov, count, fired = work + WORK, MEAN + size, slots.shape[1], 2 * size + 2
    everyone, other = 0.0, 0.0
    for c in range(0, count, 2):
        everyone += slots[work + FIRED, c]
        other += slots[work + FIRED, c + 1]
    everyone += other
    own[fired] = everyone
    per = 1.0 / everyone if everyone > 0.0 else 0.0
    for i in range(1, size):
        about, shift, more = own[fired + i], 0.0, 0.0
        for c in range(count):
            u = slots[MEAN + i, c] + slots[work + TO_FIRED, c] * slots[y + i, c] - about
            slots[work + P, c] = slots[work + FIRED, c] * u
        for c in range(0, count, 2):
            shift += slots[work + P, c]
            more += slots[work + P, c + 1]
        own[fired + i] += (shift + more) * per
    for i in range(size):
        for j in range(i + 1):
            k = cov + packed(i, j)
            if j > 0:
                about, around, spread, more = own[fired + i], own[fired + j], 0.0, 0.0
                for c in range(count):
                    u = slots[MEAN + i, c] + slots[work + TO_FIRED, c] * slots[y + i, c] - about
                    v = slots[MEAN + j, c] + slots[work + TO_FIRED, c] * slots[y + j, c] - around
                    thin = slots[work + FIRED_NARROW, c] * slots[y + i, c] * slots[y + j, c]
                    slots[work + P, c] = slots[work + FIRED, c] * (slots[k, c] + thin + u * v)
                for c in range(0, count, 2):
                    spread += slots[work + P, c]
                    more += slots[work + P, c + 1]
                own[fired + size + packed(i - 1, j - 1)] = (spread + more) * per
            for c in range(count):
                slots[k, c] += slots[work + LEFT_NARROW, c] * slots[y + i, c] * slots[y + j, c]
    for i in range(size):
        for c in range(count):
            slots[MEAN + i, c] += slots[work + TO_LEFT, c] * slots[y + i, c]
    for c in range(count):
        slots[MASS, c] -= slots[work + FIRED, c]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def balance(slots: Array, size: int, work: int) -> None:
    """Finite size: the sum of z over all neurons is not changed by who fires; what chance added, the others give back.

    NARROW holds the spikes beyond the expected ones, TILT t.
    """
    active = 0.0
    for c in range(slots.shape[1]):
        active += slots[MASS, c]
    if active <= 0.0:
        return
    for i in range(size):
        more = 0.0
        for c in range(slots.shape[1]):
            more += slots[work + NARROW, c] * slots[work + TILT, c] * slots[work + WORK + i, c]
        more /= active
        for c in range(slots.shape[1]):
            slots[MEAN + i, c] -= more


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def fire_untouched(slots: Array, own: Array, size: int, work: int, neurons: float, words: Words) -> float:
    """Spikes per neuron of Poisson neurons: one cohort, of normal V, that spikes leave as it is."""
    expected = np.exp(slots[work + ELL, OLD] + 0.5 * slots[work + S, OLD])
    if neurons > 0.0:
        expected = poisson(neurons * expected, words) / neurons
    own[2 * size + 2] = expected
    return expected
