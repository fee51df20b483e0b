"""Time stepping of cascade units, eight at once: filtered input, tabulated gain, a complex mode and its harmonic,
adaptation ODEs.

Everything that depends on the effective drive e = h - sum_j pull_j(w_j) is read from one table, so that no law of the
unit is known here. Scheme: of second order with one look-up a step, at a predicted middle of the step; exponential
factors keep it stable where a tabulated time constant is shorter than the step.

Lanes: an array (slot x 8,) of eight units, of each what stands below, state and numbers alike: one array, and every
place in it known before the program runs, is what lets LLVM make one instruction of a line for eight units (a step of
eight takes 1.2 times that of one). Nothing is allocated, so that numba need not count references (_nrt=False).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.lanes import LANES, aligned, fill, look_up_eight, look_up_two, move
from popdyn.kernels.unit_law import aim, cell, louder, outside, pull, readout, remembered, squared, summed, turned

FILTER, RATE, V_MEAN, DECAY_RE, DECAY_IM, KICK, DAMPING, HARMONIC = range(LANES)
"""Columns of a table: per step 1 - exp(-dt/tau) of the input filter, rate [1/s], V_mean [V], exp(-(alpha + i omega) dt),
what a change of h adds to the mode [s/V] but for a complex factor, what the harmonic decays by beyond its square, what
the change adds to it [s/V] but for its factor."""
(
    E_FIRST,
    PER_E,
    E_LAST,
    SIGMA_FIRST,
    PER_SIGMA,
    SIGMA_LAST,
    SIGMA_FILTER,
    K_RE,
    K_IM,
    H_RE,
    H_IM,
    S_RE,
    S_IM,
    T_RE,
    T_IM,
    NUMBERS,
) = range(16)
"""Of a unit: first e in places, places per e [s/V], last place; likewise of sigma (first in V/sqrt(s)); 1 - exp(-dt/tau)
of the filter of sigma; factors of the mode and the harmonic; what a change of ln sigma adds to each."""
STRENGTH, MORE, LESS, KEPT, REST, BY_V, BY_RATE, ADAPTATION = range(8)
"""Of an adaptation variable: it pulls the drive down by strength w (1 + more |w|)/(1 + less |w|) places [1/A], [1/A],
[1/A]; a step makes kept w + rest + by_V V_mean + by_rate rate of it [1], [A], [S], [A s]."""
(
    H,
    SIGMA,
    Y_RE,
    Y_IM,
    Z_RE,
    Z_IM,
    PULL,
    PULL_BEFORE,
    OUTSIDE,
    MU_NOW,
    SIGMA_NOW,
    RATE_NOW,
    AT,
    E_SHARE,
    SIGMA_SHARE,
    LOUDER,
    FOUND,
) = range(17)
"""Slots: filtered mu and sigma, mode, harmonic, the pull of all w one and two steps ago, looks outside; drive of this
step and its mean rate; where it looks up (see popdyn.kernels.lanes), change of ln sigma; what the look-up gave."""
OWN = FOUND + LANES
ROW = OWN + NUMBERS
W = ROW + 1
"""Slots of the unit's NUMBERS, of the place in the flat table where its own begins, and of its first variable: w [A] and
then its numbers; 1 + ADAPTATION slots of each further one."""
EACH = 1 + ADAPTATION
AT_ONCE = 2  # variables that all eight lanes have, perhaps of strength 0
NOT_FINITE = -1

Array = NDArray[np.float64]


class Unit(NamedTuple):
    """A unit at one step dt: numbers (NUMBERS,), table (sigma, e, column), adaptation (variable, ADAPTATION)."""

    numbers: Array
    table: Array
    adaptation: Array


def slots(variables: int) -> int:
    return W + EACH * max(variables, AT_ONCE)


def in_lanes(columns: Array) -> Array:
    """(eight, slot x 8): units (unit, slot) in rows of eight; empty lanes are units of table 0 that see and do nothing."""
    count, size = columns.shape
    rows = np.zeros((-(-count // LANES), LANES, size))
    rows.reshape(-1, size)[:count] = columns
    return aligned(rows.transpose(0, 2, 1)).reshape(len(rows), -1)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def between(table: Array, i: float, j: float, g: float, f: float, column: int) -> float:
    """One column, bilinear."""
    k, m = int(i), int(j)
    low = table[k, m, column] + g * (table[k + 1, m, column] - table[k, m, column])
    high = table[k, m + 1, column] + g * (table[k + 1, m + 1, column] - table[k, m + 1, column])
    return low + f * (high - low)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def start(
    numbers: Array, table: Array, adaptation: Array, mu: float, sigma: float, w: Array, row: int, column: Array
) -> None:
    """Slots (slot,) of a unit whose filters have settled at mu, sigma and whose modes are still.

    row : number of rows that stand before its own in the flat table
    """
    column[:] = 0.0
    for k in range(NUMBERS):
        column[OWN + k] = numbers[k]
    column[ROW] = row * table.shape[1] * LANES
    for j in range(w.shape[0]):
        at = W + EACH * j
        column[at] = w[j]
        for k in range(ADAPTATION):
            column[at + 1 + k] = adaptation[j, k]
        top, bottom = pull(w[j], adaptation[j, STRENGTH], adaptation[j, MORE], adaptation[j, LESS])
        column[PULL] += top / bottom
    column[PULL_BEFORE] = column[PULL]
    column[H], column[SIGMA] = mu, sigma
    j, f = cell(mu * numbers[PER_E] - numbers[E_FIRST] - column[PULL], numbers[E_LAST])
    i, g = cell((sigma - numbers[SIGMA_FIRST]) * numbers[PER_SIGMA], numbers[SIGMA_LAST])
    column[FOUND + FILTER] = between(table, i, j, g, f, FILTER)
    column[FOUND + V_MEAN] = between(table, i, j, g, f, V_MEAN)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def of(x: Array, slot: int, lane: int) -> float:
    return x[LANES * slot + lane]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def pulled(x: Array, j: int, lane: int) -> tuple[float, float]:
    at = W + EACH * j
    return pull(of(x, at, lane), of(x, at + 1 + STRENGTH, lane), of(x, at + 1 + MORE, lane), of(x, at + 1 + LESS, lane))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remember(x: Array, j: int, lane: int, V: float, rate: float) -> None:
    at = W + EACH * j
    kept, rest, by_V, by_rate = (
        of(x, at + 1 + KEPT, lane), of(x, at + 1 + REST, lane), of(x, at + 1 + BY_V, lane),
        of(x, at + 1 + BY_RATE, lane),
    )  # fmt: skip
    x[LANES * at + lane] = remembered(of(x, at, lane), kept, rest, by_V, V, by_rate, rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def look(x: Array, row: int) -> None:
    """Where the lanes look up in the middle of this step; sigma filtered, pulls of all w."""
    for k in range(LANES):
        per_e, e_last, sigma_last = of(x, OWN + PER_E, k), of(x, OWN + E_LAST, k), of(x, OWN + SIGMA_LAST, k)
        behind = (
            of(x, OWN + E_FIRST, k) + 2.5 * of(x, PULL, k) - 1.5 * of(x, PULL_BEFORE, k)
        )  # extrapolated, not awaited
        e = aim(of(x, H, k), of(x, MU_NOW, k), of(x, FOUND + FILTER, k), behind, per_e)
        s = of(x, SIGMA, k)
        new = s + (of(x, SIGMA_NOW, k) - s) * of(x, OWN + SIGMA_FILTER, k)
        place = (0.5 * (s + new) - of(x, OWN + SIGMA_FIRST, k)) * of(x, OWN + PER_SIGMA, k)
        j, e_share = cell(e, e_last)
        i, sigma_share = cell(place, sigma_last)
        x[LANES * AT + k] = of(x, ROW, k) + row * i + LANES * j
        x[LANES * E_SHARE + k], x[LANES * SIGMA_SHARE + k] = e_share, sigma_share
        x[LANES * OUTSIDE + k] = of(x, OUTSIDE, k) + max(outside(e, e_last), outside(place, sigma_last))
        x[LANES * LOUDER + k], x[LANES * SIGMA + k] = louder(s, new), new
        x[LANES * PULL_BEFORE + k] = of(x, PULL, k)
        (top, bottom), (top_2, bottom_2) = pulled(x, 0, k), pulled(x, 1, k)
        x[LANES * PULL + k] = summed(top, bottom, top_2, bottom_2)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def go_on(x: Array) -> None:
    """What the lanes make of what they found."""
    for k in range(LANES):
        h, re, im = of(x, H, k), of(x, FOUND + DECAY_RE, k), of(x, FOUND + DECAY_IM, k)
        change, loud = (of(x, MU_NOW, k) - h) * of(x, FOUND + FILTER, k), of(x, LOUDER, k)
        kick, second = of(x, FOUND + KICK, k) * change, of(x, FOUND + HARMONIC, k) * change
        kick_re = of(x, OWN + K_RE, k) * kick + of(x, OWN + S_RE, k) * loud
        kick_im = of(x, OWN + K_IM, k) * kick + of(x, OWN + S_IM, k) * loud
        second_re = of(x, OWN + H_RE, k) * second + of(x, OWN + T_RE, k) * loud
        second_im = of(x, OWN + H_IM, k) * second + of(x, OWN + T_IM, k) * loud
        before = of(x, Y_RE, k) + of(x, Z_RE, k)
        y_re, y_im = turned(of(x, Y_RE, k), of(x, Y_IM, k), re, im, kick_re, kick_im)
        re, im = squared(re, im, of(x, FOUND + DAMPING, k))
        z_re, z_im = turned(of(x, Z_RE, k), of(x, Z_IM, k), re, im, second_re, second_im)
        rate, V = of(x, FOUND + RATE, k) * readout(0.5 * (before + (y_re + z_re))), of(x, FOUND + V_MEAN, k)
        x[LANES * H + k], x[LANES * RATE_NOW + k] = h + change, rate
        x[LANES * Y_RE + k], x[LANES * Y_IM + k] = y_re, y_im
        x[LANES * Z_RE + k], x[LANES * Z_IM + k] = z_re, z_im
        remember(x, 0, k, V, rate)
        remember(x, 1, k, V, rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def advance(table: Array, row: int, x: Array, used: int, variables: int) -> None:
    """One step of the first `used` of eight lanes (the others are not to be read) at the drive in MU_NOW, SIGMA_NOW.

    table : flat, of all units; row : numbers in a row; variables : of the lane with most. The rate is in RATE_NOW.
    """
    look(x, row)
    if used <= 2:
        look_up_two(table, row, x, LANES * AT, LANES * FOUND)
    else:
        look_up_eight(table, row, x, LANES * AT, LANES * FOUND)
    go_on(x)
    for j in range(AT_ONCE, variables):
        for k in range(used):
            top, bottom = pulled(x, j, k)
            x[LANES * PULL + k] += top / bottom
            remember(x, j, k, of(x, FOUND + V_MEAN, k), of(x, RATE_NOW, k))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def march(
    table: Array, row: int, x: Array, used: int, variables: int, mu: Array, sigma: Array, first: int, end: int,
    rate: Array,
) -> None:  # fmt: skip
    """Steps `first` to `end` of eight lanes through mu and sigma (step x 8,), rates into rate (step x 8,)."""
    for t in range(first, end):
        move(mu, LANES * t, x, LANES * MU_NOW)
        move(sigma, LANES * t, x, LANES * SIGMA_NOW)
        advance(table, row, x, used, variables)
        move(x, LANES * RATE_NOW, rate, LANES * t)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(
    table: Array, row: int, x: Array, mu: Array, sigma: Array, steps_per_bin: int, rate: Array, V_mean: Array, w: Array
) -> int:
    """Steps the first lane of x through `mu`, `sigma` (step,), the drive at the middle of each step.

    rate (bin,) is the mean over each bin; V_mean (bin,) and w (bin, variable) are within half a step of its middle.
    Returns how many steps left the table, or NOT_FINITE.
    """
    middle, variables = (steps_per_bin - 1) // 2, w.shape[1]
    for b in range(rate.shape[0]):
        total = 0.0
        for k in range(steps_per_bin):
            at = b * steps_per_bin + k
            fill(mu[at], x, LANES * MU_NOW)
            fill(sigma[at], x, LANES * SIGMA_NOW)
            advance(table, row, x, 1, variables)
            total += of(x, RATE_NOW, 0)
            if k == middle:
                V_mean[b] = of(x, FOUND + V_MEAN, 0)
                for j in range(variables):
                    w[b, j] = of(x, W + EACH * j, 0)
        rate[b] = total / steps_per_bin
    total = 0.0
    for slot in range(H, Z_IM + 1):
        total += of(x, slot, 0)
    for j in range(variables):
        total += of(x, W + EACH * j, 0)
    return int(of(x, OUTSIDE, 0)) if np.isfinite(total) else NOT_FINITE
