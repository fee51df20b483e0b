"""Time stepping of cascade units, eight at once: filtered input, tabulated gain, a complex mode and its harmonic,
adaptation ODEs. One and two: popdyn.kernels.few_units.

Everything that depends on the effective drive e = h - sum_j pull_j(w_j) is read from one table, so that no law of the
unit is known here. Scheme: of second order with one look-up a step, at a predicted middle of the step; exponential
factors keep it stable where a tabulated time constant is shorter than the step.

Lanes: an array (slot x 8,) of eight units, of each its slots, state and numbers alike (cascade_slots.py). What moves
is taken from it, lives in registers for some steps, and is put back; what is seldom waited for stays in it. Nothing is
allocated, so that numba need not count references (_nrt=False).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels import cascade_slots as slot
from popdyn.kernels.cascade_slots import AT_ONCE, EACH, OUTSIDE, H, W, at, put, seen_numbers
from popdyn.kernels.lane_tables import look_up_eight
from popdyn.kernels.lanes import LANES, Eight, counted, load, store, total, whole
from popdyn.kernels.unit_law import (
    ahead,
    aim,
    inside,
    kicked,
    louder,
    pull,
    readout,
    remembered,
    spread_after,
    spread_at,
    squared,
    summed,
    turned,
)

NOT_FINITE = -1

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def pulled(x: Array, j: int, w: Eight) -> tuple[Eight, Eight]:
    first = W + EACH * j + 1
    return pull(w, at(w, x, first + slot.STRENGTH), at(w, x, first + slot.MORE), at(w, x, first + slot.LESS))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remember(x: Array, j: int, w: Eight, V: Eight, rate: Eight) -> Eight:
    first = W + EACH * j + 1
    kept, rest = at(w, x, first + slot.KEPT), at(w, x, first + slot.REST)
    return remembered(w, kept, rest, at(w, x, first + slot.BY_V), V, at(w, x, first + slot.BY_RATE), rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def all_pulled(x: Array, variables: int, w: Eight, w_2: Eight) -> Eight:
    """What the variables take off the drive together, in places; all but the first two are in x."""
    top, bottom = pulled(x, 0, w)
    if variables > 1:
        top_2, bottom_2 = pulled(x, 1, w_2)
        both = summed(top, bottom, top_2, bottom_2)
        for j in range(AT_ONCE, variables):
            top, bottom = pulled(x, j, at(w, x, W + EACH * j))
            both = both + top / bottom
    else:
        both = top / bottom
    return both


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def all_remembered(x: Array, variables: int, w: Eight, w_2: Eight, V: Eight, rate: Eight) -> tuple[Eight, Eight]:
    """w of the first two after a step; that of the others goes into x."""
    if variables > 1:
        w_2 = remember(x, 1, w_2, V, rate)
        for j in range(AT_ONCE, variables):
            store(remember(x, j, at(w, x, W + EACH * j), V, rate), x, LANES * (W + EACH * j))
    return remember(x, 0, w, V, rate), w_2


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def noted(x: Array, variables: int, w: Eight, w_2: Eight, V: Eight, seen: Array, to: int) -> None:
    """What is seen of a marked step."""
    store(V, seen, to)
    store(w, seen, to + LANES)
    store(w_2, seen, to + 2 * LANES)
    for j in range(AT_ONCE, variables):
        store(at(w, x, W + EACH * j), seen, to + LANES * (1 + j))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def moved(like: Eight, x: Array) -> Eight:
    """By how many places in sigma the spread of w moves the look-up: extrapolated from three and two steps ago."""
    return 3.0 * at(like, x, slot.SHIFT_2) - 2.0 * at(like, x, slot.SHIFT_3)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def spread_out(x: Array, rate: Eight, still: Eight) -> None:
    """The spread of w after a step, and what it is beyond that which a rate that stands `still` leaves."""
    kept, gain, loss = at(rate, x, slot.SPREAD_KEPT), at(rate, x, slot.SPREAD_GAIN), at(rate, x, slot.SPREAD_LOSS)
    old = at(rate, x, slot.SPREAD)
    new = spread_after(old, kept, gain, loss, rate)
    put(x, slot.SHIFT_3, at(rate, x, slot.SHIFT_2), slot.SHIFT_2, at(rate, x, slot.SHIFT))
    beyond = 0.5 * (old + new) - spread_at(kept, gain, loss, still)
    put(x, slot.SHIFT, at(rate, x, slot.SHIFTED) * beyond, slot.SPREAD, new)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def louder_now(x: Array, s: Eight, sigma: Eight) -> tuple[Eight, Eight, Eight]:
    """Filtered sigma after the step, its place in the middle, what the change kicks the modes by."""
    new = s + (sigma - s) * at(s, x, slot.SIGMA_FILTER)
    return new, (s + new) * at(s, x, slot.PER_SIGMA) - at(s, x, slot.SIGMA_FIRST), louder(s, new)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def swung(
    x: Array, first: int, y_re: Eight, y_im: Eight, kick: Eight, loud: Eight, decay_re: Eight, decay_im: Eight
) -> tuple[Eight, Eight]:
    """The mode (first slot.K_RE) or the harmonic (slot.H_RE) after the step, kicked and with what louder input adds."""
    half_re, re = kicked(y_re, at(kick, x, first), kick, at(kick, x, first + slot.S_RE - slot.K_RE), loud)
    half_im, im = kicked(y_im, at(kick, x, first + 1), kick, at(kick, x, first + 1 + slot.S_RE - slot.K_RE), loud)
    return turned(half_re, re, half_im, im, decay_re, decay_im)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def found_at(
    table: Array, row: int, x: Array, e: Eight, place: Eight
) -> tuple[Eight, Eight, Eight, Eight, Eight, Eight, Eight, Eight]:
    """Columns of the table where a place over e and one over sigma, both in the table, have led."""
    below = whole(place)
    return look_up_eight(table, row, at(e, x, slot.ROW) + float(row) * below, e, place - below)


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
    s, last, V = at(h, x, slot.SIGMA), at(h, x, slot.LAST_FILTER), at(h, x, slot.LAST_V)
    y_re, y_im, z_re, z_im = at(h, x, slot.Y_RE), at(h, x, slot.Y_IM), at(h, x, slot.Z_RE), at(h, x, slot.Z_IM)
    pull_now, pull_before, out = at(h, x, slot.PULL), at(h, x, slot.PULL_BEFORE), at(h, x, OUTSIDE)
    lagged, w, w_2 = at(h, x, slot.LAGGED), at(h, x, W), at(h, x, W + EACH)
    spreads = total(at(h, x, slot.LAG)) > 0.0
    for t in range(steps):
        drive = load(mu, LANES * t)
        behind = (at(h, x, slot.E_FIRST) - 1.5 * pull_before) + 2.5 * pull_now  # extrapolated, not waited for
        new, wanted_sigma, loud = louder_now(x, s, load(sigma, LANES * t))
        gap = behind - lagged
        if spreads:
            behind = ahead(behind, gap, last, at(h, x, slot.LAG))
            wanted_sigma = wanted_sigma + moved(h, x)
        wanted = aim(h, drive, last, behind, at(h, x, slot.PER_E))
        e, place = inside(wanted, at(h, x, slot.E_LAST)), inside(wanted_sigma, at(h, x, slot.SIGMA_LAST))
        out = counted(out, e, wanted, place, wanted_sigma)
        last, fired, V, damping, kick, re, second, im = found_at(table, row, x, e, place)
        pull_before, pull_now = pull_now, all_pulled(x, variables, w, w_2)
        change, before = (drive - h) * last, y_re + z_re
        h, s = h + change, new
        y_re, y_im = swung(x, slot.K_RE, y_re, y_im, kick * change, loud, re, im)
        re, im = squared(re, im, damping)
        z_re, z_im = swung(x, slot.H_RE, z_re, z_im, second * change, loud, re, im)
        now = fired * readout(before + (y_re + z_re))
        if spreads:
            spread_out(x, now, fired)
            lagged = lagged + gap * last
        w, w_2 = all_remembered(x, variables, w, w_2, V, now)
        if t == mark:
            noted(x, variables, w, w_2, V, seen, to)
            mark, to = mark + every, to + seen_numbers(variables)
        store(now, rate, LANES * t)
    put(x, H, h, slot.SIGMA, s)
    put(x, slot.Y_RE, y_re, slot.Y_IM, y_im)
    put(x, slot.Z_RE, z_re, slot.Z_IM, z_im)
    put(x, slot.PULL, pull_now, slot.PULL_BEFORE, pull_before)
    put(x, slot.LAST_FILTER, last, slot.LAST_V, V)
    put(x, W, w, W + EACH, w_2)
    put(x, slot.LAGGED, lagged, OUTSIDE, out)
