"""Time stepping of the cascade unit: one filtered input, a tabulated gain with one complex mode, adaptation ODEs.

Everything that depends on the effective drive e = h - sum_j strength_j w_j is read from one table, so that no law of
the unit is known here. Scheme: second-order exponential (the factors of a step are averaged over its two ends); it
stays stable where a tabulated time constant is shorter than the step.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

RATE, LOG_RATE, V_MEAN, FILTER, SIGMA_FILTER, DECAY_RE, DECAY_IM, KAPPA_RE, KAPPA_IM, COLUMNS = range(10)
NOT_FINITE = -1

Array = NDArray[np.float64]


class Table(NamedTuple):
    """Columns over effective drive and sigma, both evenly spaced.

    rate [1/s], its logarithm, V_mean [V]; per step: 1 - exp(-dt/tau) of the two input filters and
    exp(-(alpha + i omega) dt); kappa, the share of a change of log rate that enters the mode.
    """

    e_first: float  # [V/s]
    e_step: float
    sigma_first: float  # [V/sqrt(s)]
    sigma_step: float
    values: Array  # (sigma, e, COLUMNS)


class Adaptation(NamedTuple):
    """One entry per adaptation variable: w_j relaxes to a_j (V_mean - E_j) + jump_j A by `factor` per step."""

    strength: Array  # [1/F], effective
    a: Array  # [S]
    E: Array  # [V]
    jump: Array  # b tau [A s]
    factor: Array  # 1 - exp(-dt/tau)


@njit(cache=True, error_model="numpy")
def look_up(table: Table, e: float, sigma: float, row: Array) -> int:
    """Bilinear; the end of the table beyond it, and then 1 is returned (else 0)."""
    values = table.values
    last = values.shape[1] - 1
    x = (e - table.e_first) / table.e_step
    outside = 0
    if not 0.0 <= x <= last:
        outside = 1
        x = min(max(x, 0.0), last) if x == x else 0.0
    j = min(int(x), last - 1)
    f = x - j
    if values.shape[0] == 1:
        for c in range(COLUMNS):
            row[c] = values[0, j, c] + f * (values[0, j + 1, c] - values[0, j, c])
        return outside
    last = values.shape[0] - 1
    x = (sigma - table.sigma_first) / table.sigma_step
    if not 0.0 <= x <= last:
        outside = 1
        x = min(max(x, 0.0), last) if x == x else 0.0
    i = min(int(x), last - 1)
    g = x - i
    for c in range(COLUMNS):
        low = values[i, j, c] + f * (values[i, j + 1, c] - values[i, j, c])
        high = values[i + 1, j, c] + f * (values[i + 1, j + 1, c] - values[i + 1, j, c])
        row[c] = low + g * (high - low)
    return outside


@njit(cache=True, error_model="numpy")
def effective_drive(h: float, adaptation: Adaptation, w: Array) -> float:
    """h - sum_j strength_j w_j [V/s]."""
    e = h
    for j in range(w.shape[0]):
        e -= adaptation.strength[j] * w[j]
    return e


@njit(cache=True, error_model="numpy")
def integrate(
    table: Table,
    adaptation: Adaptation,
    mu: Array,
    sigma: Array,
    steps_per_bin: int,
    h: float,
    w: Array,
    rate: Array,
    V_mean: Array,
    w_mean: Array,
) -> int:
    """Steps through `mu`, `sigma` (step,), the drive at the middle of each step; h and w hold the initial state.

    rate (bin,) is the mean over each bin; V_mean and w_mean (bin,) are at its middle, at its end if it has one step.
    Returns how many steps left the table, or NOT_FINITE.
    """
    n = w.shape[0]
    old, trial, new = np.empty(COLUMNS), np.empty(COLUMNS), np.empty(COLUMNS)
    w_trial = np.empty(n)
    re, im, s = 0.0, 0.0, sigma[0]
    outside = 0
    look_up(table, effective_drive(h, adaptation, w), s, old)
    A = old[RATE]
    total = 0.0
    for k in range(mu.shape[0]):
        for j in range(n):
            drive = adaptation.a[j] * (old[V_MEAN] - adaptation.E[j]) + adaptation.jump[j] * A
            w_trial[j] = w[j] + (drive - w[j]) * adaptation.factor[j]
        h_trial = h + (mu[k] - h) * old[FILTER]
        s_trial = s + (sigma[k] - s) * old[SIGMA_FILTER]
        look_up(table, effective_drive(h_trial, adaptation, w_trial), s_trial, trial)
        kick = 0.5 * (trial[LOG_RATE] - old[LOG_RATE])
        grown = 1.0 + old[DECAY_RE]
        re_trial = re * old[DECAY_RE] - im * old[DECAY_IM]
        re_trial += kick * (old[KAPPA_RE] * grown - old[KAPPA_IM] * old[DECAY_IM])
        A_trial = trial[RATE] * np.exp(re_trial)

        for j in range(n):
            V = 0.5 * (old[V_MEAN] + trial[V_MEAN])
            drive = adaptation.a[j] * (V - adaptation.E[j]) + adaptation.jump[j] * 0.5 * (A + A_trial)
            w[j] += (drive - w[j]) * adaptation.factor[j]
        h += (mu[k] - h) * 0.5 * (old[FILTER] + trial[FILTER])
        s += (sigma[k] - s) * 0.5 * (old[SIGMA_FILTER] + trial[SIGMA_FILTER])
        outside += look_up(table, effective_drive(h, adaptation, w), s, new)

        kick = 0.5 * (new[LOG_RATE] - old[LOG_RATE])
        decay_re = 0.5 * (old[DECAY_RE] + new[DECAY_RE])
        decay_im = 0.5 * (old[DECAY_IM] + new[DECAY_IM])
        kick_re = kick * 0.5 * (old[KAPPA_RE] + new[KAPPA_RE])
        kick_im = kick * 0.5 * (old[KAPPA_IM] + new[KAPPA_IM])
        before = re
        re = before * decay_re - im * decay_im + kick_re * (1.0 + decay_re) - kick_im * decay_im
        im = before * decay_im + im * decay_re + kick_re * decay_im + kick_im * (1.0 + decay_re)

        total += 0.5 * A
        A = new[RATE] * np.exp(re)
        total += 0.5 * A
        old, new = new, old
        place = k % steps_per_bin
        if place == (steps_per_bin - 1) // 2:
            V_mean[k // steps_per_bin] = old[V_MEAN]
            w_mean[k // steps_per_bin] = w.sum()
        if place == steps_per_bin - 1:
            rate[k // steps_per_bin] = total / steps_per_bin
            total = 0.0
    return outside if np.isfinite(A) else NOT_FINITE
