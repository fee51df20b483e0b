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
    kappa_sigma_re: float  # share of a change of ln sigma that enters the mode
    kappa_sigma_im: float


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
def relax(adaptation: Adaptation, w: Array, V_mean: float, A: float, out: Array) -> None:
    """One step of every w at constant V_mean [V] and rate A [1/s]."""
    for j in range(w.shape[0]):
        target = adaptation.a[j] * (V_mean - adaptation.E[j]) + adaptation.jump[j] * A
        out[j] = w[j] + (target - w[j]) * adaptation.factor[j]


@njit(cache=True, error_model="numpy")
def turn(re: float, im: float, decay_re: float, decay_im: float, kick_re: float, kick_im: float) -> tuple[float, float]:
    """y decay + kick (1 + decay)/2: the mode over one step in which its drive grows by a kick evenly."""
    grown, part = 0.5 * (1.0 + decay_re), 0.5 * decay_im
    return (
        re * decay_re - im * decay_im + kick_re * grown - kick_im * part,
        re * decay_im + im * decay_re + kick_re * part + kick_im * grown,
    )


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
    old, trial, new = np.empty(COLUMNS), np.empty(COLUMNS), np.empty(COLUMNS)
    w_trial = np.empty(w.shape[0])
    varies = table.values.shape[0] > 1
    k_re, k_im = table.kappa_sigma_re, table.kappa_sigma_im
    re, im, s, total, outside = 0.0, 0.0, sigma[0], 0.0, 0
    look_up(table, effective_drive(h, adaptation, w), s, old)
    A = old[RATE]
    for k in range(mu.shape[0]):
        relax(adaptation, w, old[V_MEAN], A, w_trial)
        h_trial = h + (mu[k] - h) * old[FILTER]
        s_trial = s + (sigma[k] - s) * old[SIGMA_FILTER]
        look_up(table, effective_drive(h_trial, adaptation, w_trial), s_trial, trial)
        change, louder = trial[LOG_RATE] - old[LOG_RATE], np.log(s_trial / s) if varies else 0.0
        kick_re, kick_im = change * old[KAPPA_RE] + louder * k_re, change * old[KAPPA_IM] + louder * k_im
        re_trial, _ = turn(re, im, old[DECAY_RE], old[DECAY_IM], kick_re, kick_im)
        A_trial = trial[RATE] * np.exp(re_trial)

        relax(adaptation, w, 0.5 * (old[V_MEAN] + trial[V_MEAN]), 0.5 * (A + A_trial), w)
        h += (mu[k] - h) * 0.5 * (old[FILTER] + trial[FILTER])
        s_old, s = s, s + (sigma[k] - s) * 0.5 * (old[SIGMA_FILTER] + trial[SIGMA_FILTER])
        outside += look_up(table, effective_drive(h, adaptation, w), s, new)
        for c in range(DECAY_RE, COLUMNS):
            trial[c] = 0.5 * (old[c] + new[c])
        change, louder = new[LOG_RATE] - old[LOG_RATE], np.log(s / s_old) if varies else 0.0
        kick_re, kick_im = change * trial[KAPPA_RE] + louder * k_re, change * trial[KAPPA_IM] + louder * k_im
        re, im = turn(re, im, trial[DECAY_RE], trial[DECAY_IM], kick_re, kick_im)

        A_old, A = A, new[RATE] * np.exp(re)
        total += 0.5 * (A_old + A)
        old, new = new, old
        place, row = k % steps_per_bin, k // steps_per_bin
        if place == (steps_per_bin - 1) // 2:
            V_mean[row], w_mean[row] = old[V_MEAN], w.sum()
        if place == steps_per_bin - 1:
            rate[row], total = total / steps_per_bin, 0.0
    return outside if np.isfinite(A + h + s) else NOT_FINITE
