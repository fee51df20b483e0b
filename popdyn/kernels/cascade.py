"""Time stepping of cascade units, eight at once: filtered input, tabulated gain, a complex mode and its harmonic,
adaptation ODEs. One and two: popdyn.kernels.few_units.

Everything that depends on the effective drive e = h - sum_j pull_j(w_j) is read from one table, so that no law of the
unit is known here. Scheme: of second order with one look-up a step, at a predicted middle of the step; exponential
factors keep it stable where a tabulated time constant is shorter than the step.

Lanes: an array (slot x 8,) of eight units, of each what stands below, state and numbers alike. What moves is taken
from it, lives in registers for some steps, and is put back. Nothing is allocated, so that numba need not count
references (_nrt=False).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.lane_tables import look_up_eight
from popdyn.kernels.lanes import (
    LANES,
    Eight,
    aligned,
    counted,
    load,
    load_like,
    store,
    whole,
)  # fmt: skip
from popdyn.kernels.unit_law import aim, inside, kicked, louder, pull, readout, remembered, squared, summed, turned

FILTER, RATE, V_MEAN, DAMPING, DECAY_RE, DECAY_IM, KICK, HARMONIC = range(LANES)
"""Columns of a table: per step 1 - exp(-dt/tau) of the input filter, rate [1/s], V_mean [V], what the harmonic decays
by beyond the square of exp(-(alpha + i omega) dt), that, what a change of h adds to the mode [s/V] but for a complex
factor, what it adds to the harmonic."""
NUMBERS = 15
"""Of a unit: first e in places, places per e [s/V], last place; likewise of sigma, but half the places per sigma;
1 - exp(-dt/tau) of its filter; half the complex factors of the mode and the harmonic; what a change of ln sigma adds
to each."""
STRENGTH, MORE, LESS, KEPT, REST, BY_V, BY_RATE, ADAPTATION = range(8)
"""Of an adaptation variable: it pulls the drive down by strength w (1 + more |w|)/(1 + less |w|) places [1/A], [1/A],
[1/A]; a step makes kept w + rest + by_V V_mean + by_rate rate of it [1], [A], [S], [A s]."""
H, SIGMA, Y_RE, Y_IM, Z_RE, Z_IM, PULL, PULL_BEFORE, OUTSIDE, LAST_FILTER, LAST_V, ROW, OWN = range(13)
"""Slots: filtered mu and sigma, mode, harmonic, the pull of all w one and two steps ago, looks outside, what the last
look-up gave, the place in the flat table where the unit's begins, first of its NUMBERS."""
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
    W,
) = range(OWN, OWN + NUMBERS + 1)
"""Slots of the numbers, then of its first variable: w [A], ADAPTATION numbers; EACH of each one."""
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
    e = inside(mu * column[PER_E] - column[E_FIRST] - column[PULL], column[E_LAST])
    place = inside(2.0 * sigma * column[PER_SIGMA] - column[SIGMA_FIRST], column[SIGMA_LAST])
    column[LAST_FILTER], column[LAST_V] = between(table, place, e, FILTER), between(table, place, e, V_MEAN)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def at(like: Eight, x: Array, slot: int) -> Eight:
    """The first of the lanes, as many as `like` has."""
    return load_like(like, x, LANES * slot)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def put(x: Array, slot: int, value: Eight, slot_2: int, value_2: Eight) -> None:
    store(value, x, LANES * slot)
    store(value_2, x, LANES * slot_2)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def pulled(x: Array, j: int, w: Eight) -> tuple[Eight, Eight]:
    slot = W + EACH * j + 1
    return pull(w, at(w, x, slot + STRENGTH), at(w, x, slot + MORE), at(w, x, slot + LESS))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remember(x: Array, j: int, w: Eight, V: Eight, rate: Eight) -> Eight:
    slot = W + EACH * j + 1
    kept, rest = at(w, x, slot + KEPT), at(w, x, slot + REST)
    return remembered(w, kept, rest, at(w, x, slot + BY_V), V, at(w, x, slot + BY_RATE), rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def all_pulled(x: Array, variables: int, w: Eight, w_2: Eight) -> Eight:
    """What the variables take off the drive together, in places; all but the first two are in x."""
    top, bottom = pulled(x, 0, w)
    if variables > 1:
        top_2, bottom_2 = pulled(x, 1, w_2)
        both = summed(top, bottom, top_2, bottom_2)
    else:
        both = top / bottom
    for j in range(AT_ONCE, variables):
        top, bottom = pulled(x, j, at(w, x, W + EACH * j))
        both = both + top / bottom
    return both


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def all_remembered(x: Array, variables: int, w: Eight, w_2: Eight, V: Eight, rate: Eight) -> tuple[Eight, Eight]:
    """w of the first two after a step; that of the others goes into x."""
    for j in range(AT_ONCE, variables):
        store(remember(x, j, at(w, x, W + EACH * j), V, rate), x, LANES * (W + EACH * j))
    return remember(x, 0, w, V, rate), remember(x, 1, w_2, V, rate) if variables > 1 else w_2


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def noted(x: Array, variables: int, w: Eight, w_2: Eight, V: Eight, seen: Array, to: int) -> None:
    """What is seen of a marked step."""
    store(V, seen, to)
    store(w, seen, to + LANES)
    store(w_2, seen, to + 2 * LANES)
    for j in range(AT_ONCE, variables):
        store(at(w, x, W + EACH * j), seen, to + LANES * (1 + j))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def louder_now(x: Array, s: Eight, sigma: Eight) -> tuple[Eight, Eight, Eight]:
    """Filtered sigma after the step, its place in the middle, what the change kicks the modes by."""
    new = s + (sigma - s) * at(s, x, SIGMA_FILTER)
    return new, (s + new) * at(s, x, PER_SIGMA) - at(s, x, SIGMA_FIRST), louder(s, new)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def swung(
    x: Array, first: int, y_re: Eight, y_im: Eight, kick: Eight, loud: Eight, decay_re: Eight, decay_im: Eight
) -> tuple[Eight, Eight]:
    """The mode (first K_RE) or the harmonic (H_RE) after the step, kicked and with what louder input adds."""
    half_re, re = kicked(y_re, at(kick, x, first), kick, at(kick, x, first + S_RE - K_RE), loud)
    half_im, im = kicked(y_im, at(kick, x, first + 1), kick, at(kick, x, first + 1 + S_RE - K_RE), loud)
    return turned(half_re, re, half_im, im, decay_re, decay_im)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def found_at(
    table: Array, row: int, x: Array, e: Eight, place: Eight
) -> tuple[Eight, Eight, Eight, Eight, Eight, Eight, Eight, Eight]:
    """Columns of the table where a place over e and one over sigma, both in the table, have led."""
    below = whole(place)
    return look_up_eight(table, row, at(e, x, ROW) + float(row) * below, e, place - below)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def march(
    table: Array, row: int, x: Array, variables: int, mu: Array, sigma: Array, steps: int, mark: int,
    every: int, seen: Array, to: int, rate: Array,
) -> None:  # fmt: skip
    """So many steps of eight lanes through mu and sigma (step x 8,), rates into rate (step x 8,).

    table : flat, of all units; row : numbers in a row of it; variables : of the unit with most; mark : of this step
    and every `every` further V_mean and all w go into seen[to:], `seen_numbers`.
    """
    h = load(x, LANES * H)
    s, last, V = at(h, x, SIGMA), at(h, x, LAST_FILTER), at(h, x, LAST_V)
    y_re, y_im, z_re, z_im = at(h, x, Y_RE), at(h, x, Y_IM), at(h, x, Z_RE), at(h, x, Z_IM)
    pull_now, pull_before, out = at(h, x, PULL), at(h, x, PULL_BEFORE), at(h, x, OUTSIDE)
    w, w_2 = at(h, x, W), at(h, x, W + EACH)
    for t in range(steps):
        drive = load(mu, LANES * t)
        behind = (at(h, x, E_FIRST) - 1.5 * pull_before) + 2.5 * pull_now  # extrapolated, not waited for
        wanted = aim(h, drive, last, behind, at(h, x, PER_E))
        new, wanted_sigma, loud = louder_now(x, s, load(sigma, LANES * t))
        e, place = inside(wanted, at(h, x, E_LAST)), inside(wanted_sigma, at(h, x, SIGMA_LAST))
        out = counted(out, e, wanted, place, wanted_sigma)
        last, fired, V, damping, re, im, kick, second = found_at(table, row, x, e, place)
        pull_before, pull_now = pull_now, all_pulled(x, variables, w, w_2)
        change, before = (drive - h) * last, y_re + z_re
        h, s = h + change, new
        y_re, y_im = swung(x, K_RE, y_re, y_im, kick * change, loud, re, im)
        re, im = squared(re, im, damping)
        z_re, z_im = swung(x, H_RE, z_re, z_im, second * change, loud, re, im)
        now = fired * readout(before + (y_re + z_re))
        w, w_2 = all_remembered(x, variables, w, w_2, V, now)
        if t == mark:
            noted(x, variables, w, w_2, V, seen, to)
            mark, to = mark + every, to + seen_numbers(variables)
        store(now, rate, LANES * t)
    put(x, H, h, SIGMA, s)
    put(x, Y_RE, y_re, Y_IM, y_im)
    put(x, Z_RE, z_re, Z_IM, z_im)
    put(x, PULL, pull_now, PULL_BEFORE, pull_before)
    put(x, LAST_FILTER, last, LAST_V, V)
    put(x, W, w, W + EACH, w_2)
    store(out, x, LANES * OUTSIDE)
