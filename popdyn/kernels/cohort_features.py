"""Linear functionals of cohorts while they march: what modes of escape-noise populations are made of.

Feature f is the mass of the active neurons weighted by an exponential of their variables z = (U, slow variables),

    F_f = sum_c n_c E_c exp(alpha_f . z - sum_j alpha_fj abar_j),   abar_j: mean of trace j over all neurons,

closed form where z is normal. alpha = 0 counts neurons, the slope of the hazard's exponent weighs them by their hazard;
large alpha_0 picks those whose reset is long ago.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import KAPPA, MASS, MEAN, SIZE, CohortModel, CohortState, packed
from popdyn.kernels.cohorts import advance

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def observe(model: CohortModel, state: CohortState, alpha: Array, traces: int, features: Array, own: Array) -> None:
    """Features (feature,) and own: h [V], means of the slow variables (K,), active neurons, their sum of V - E_L - h,
    and means of the slow variables over those that fired in the last step, before their jump (K,).

    alpha (feature, 1 + K); the first `traces` of the slow variables are counted from their means.
    """
    size, slots, scale, pool = model.whole[SIZE], state.slots, state.own, state.pool
    own[0], own[size], own[size + 1] = scale[2 * size], 0.0, 0.0
    for c in range(slots.shape[1]):
        own[size] += slots[MASS, c]
    for i in range(size):
        active, resting = 0.0, 0.0
        for c in range(slots.shape[1]):
            active += slots[MASS, c] * slots[MEAN + i, c]
        if i > 0:
            for r in range(pool.shape[0]):
                resting += pool[r, 0] * pool[r, i]
            own[i] = scale[i] * (active + resting)
            own[size + 1 + i] = scale[i] * scale[2 * size + 2 + i]
        own[size + 1] += model.modes[KAPPA, i] * scale[i] * active
    cov = MEAN + size
    for f in range(alpha.shape[0]):
        base, total = 0.0, 0.0
        for j in range(1, 1 + traces):
            base -= alpha[f, j] * own[j]
        for c in range(slots.shape[1]):
            if slots[MASS, c] <= 0.0:
                continue
            exponent = base
            for i in range(size):
                a = alpha[f, i] * scale[i]
                exponent += a * (slots[MEAN + i, c] + 0.5 * a * slots[cov + packed(i, i), c])
                for j in range(i):
                    exponent += a * alpha[f, j] * scale[j] * slots[cov + packed(i, j), c]
            total += slots[MASS, c] * np.exp(exponent)
        features[f] = total


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def follow(
    model: CohortModel, table: Array, state: CohortState, mu: Array, D: Array, dt: float, alpha: Array, traces: int,
    rate: Array, features: Array, own: Array,
) -> int:  # fmt: skip
    """Advance through mu (step,); rate (step,) [1/s], features and own of `observe` (step, ...) at the ends of steps.

    Returns the number of steps done: fewer than asked where a value is not finite.
    """
    words = np.zeros(4, np.uint64)
    for t in range(mu.shape[0]):
        rate[t] = advance(model, table, state, mu[t], 0.0, D, 0.0, words) / dt
        if not np.isfinite(rate[t]):
            return t
        if features.shape[1] > 0:
            observe(model, state, alpha, traces, features[t], own[t])
    return mu.shape[0]
