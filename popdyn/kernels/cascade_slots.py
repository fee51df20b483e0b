"""What the kernel of cascade units keeps of each: a table, numbers and state, eight units side by side in lanes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.lanes import LANES, Eight, aligned, load_like, store
from popdyn.kernels.unit_law import inside, pull, spread_at

FILTER, RATE, V_MEAN, DAMPING, KICK, DECAY_RE, HARMONIC, DECAY_IM = range(LANES)
"""Columns of a table: per step 1 - exp(-dt/tau) of the input filter, rate [1/s], V_mean [V], what the harmonic decays
by beyond the square of exp(-(alpha + i omega) dt), what a change of h adds to the mode [s/V] but for a complex factor,
the real part of that decay, what a change of h adds to the harmonic, the imaginary part."""
NUMBERS = 20
"""Of a unit: first e in places, places per e [s/V], last place; likewise of sigma, but half the places per sigma;
1 - exp(-dt/tau) of its filter; half the complex factors of the mode and the harmonic; what a change of ln sigma adds
to each; share of the pull that passes the input's filter; places in sigma per unit of the spread of w beyond its
stationary value; of the spread what a step keeps [1], what a spike adds [s], what it adds less per unit of it [s]."""
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
    LAGGED,
    SPREAD,
    SHIFT,
    SHIFT_2,
    SHIFT_3,
    OUTSIDE,
    LAST_FILTER,
    LAST_V,
    ROW,
    CELL,
    KEPT_CELL,
) = range(19)
OWN = KEPT_CELL + LANES

"""Slots: filtered mu and sigma, mode, harmonic, the pull of all w one and two steps ago, that and the first e filtered,
spread of w, for how many places in sigma it counted beyond its stationary value one, two and three steps ago, looks
outside, what the last look-up gave, the place in the flat table where the unit's begins, of few units the cell of the
table that they are in and what the table holds there; first of the NUMBERS."""
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
    LAG,
    SHIFTED,
    SPREAD_KEPT,
    SPREAD_GAIN,
    SPREAD_LOSS,
    W,
) = range(OWN, OWN + NUMBERS + 1)
"""Slots of the numbers, then of its first variable: w [A], ADAPTATION numbers; EACH of each one."""
EACH = 1 + ADAPTATION
AT_ONCE = 2  # variables that all eight lanes have, perhaps of strength 0

Array = NDArray[np.float64]


class Unit(NamedTuple):
    """A unit at one step dt: numbers (NUMBERS,), table (sigma, e, column), adaptation (variable, ADAPTATION)."""

    numbers: Array
    table: Array
    adaptation: Array


def slots(variables: int) -> int:
    return W + EACH * max(variables, AT_ONCE)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def seen_numbers(variables: int) -> int:
    """V_mean and every w of eight units at a marked step."""
    return LANES * (1 + max(variables, AT_ONCE))


def in_lanes(columns: Array) -> Array:
    """(eight, slot x 8): units (unit, slot) in rows of eight; empty lanes are units that see and do nothing."""
    count, size = columns.shape
    rows = np.zeros((-(-count // LANES), LANES, size))
    rows.reshape(-1, size)[:count] = columns
    return aligned(rows.transpose(0, 2, 1)).reshape(len(rows), -1)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def between(table: Array, place: float, e: float, column: int) -> float:
    """One column, bilinear."""
    k, m = int(place), int(e)
    g, f = place - k, e - m
    low = table[k, m, column] + g * (table[k + 1, m, column] - table[k, m, column])
    high = table[k, m + 1, column] + g * (table[k + 1, m + 1, column] - table[k, m + 1, column])
    return low + f * (high - low)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def start(
    numbers: Array, table: Array, adaptation: Array, mu: float, sigma: float, w: Array, row: int, column: Array
) -> None:
    """Slots (slot,) of a unit whose filters have settled at mu, sigma and whose modes are still, all neurons at w.

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
    column[PULL_BEFORE], column[LAGGED] = column[PULL], column[E_FIRST] + column[PULL]
    column[H], column[SIGMA], column[CELL] = mu, sigma, np.nan
    e = inside(mu * column[PER_E] - column[E_FIRST] - column[PULL], column[E_LAST])
    place = inside(2.0 * sigma * column[PER_SIGMA] - column[SIGMA_FIRST], column[SIGMA_LAST])
    column[LAST_FILTER], column[LAST_V] = between(table, place, e, FILTER), between(table, place, e, V_MEAN)
    rest = spread_at(column[SPREAD_KEPT], column[SPREAD_GAIN], column[SPREAD_LOSS], between(table, place, e, RATE))
    column[SHIFT] = column[SHIFT_2] = column[SHIFT_3] = -column[SHIFTED] * rest


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def at(like: Eight, x: Array, slot: int) -> Eight:
    """The first of the lanes, as many as `like` has."""
    return load_like(like, x, LANES * slot)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def put(x: Array, slot: int, value: Eight, slot_2: int, value_2: Eight) -> None:
    store(value, x, LANES * slot)
    store(value_2, x, LANES * slot_2)
