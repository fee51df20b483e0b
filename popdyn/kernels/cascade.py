"""Time stepping of cascade units, eight at once: filtered input, tabulated gain, a complex mode and its harmonic,
adaptation ODEs.

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
from popdyn.kernels.lane_tables import look_up_eight, look_up_one, look_up_two
from popdyn.kernels.lanes import LANES, Eight, counted, filled, load, store, total, whole
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
    return pull(w, at(x, first + slot.STRENGTH), at(x, first + slot.MORE), at(x, first + slot.LESS))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def remember(x: Array, j: int, w: Eight, V: Eight, rate: Eight) -> Eight:
    first = W + EACH * j + 1
    kept, rest = at(x, first + slot.KEPT), at(x, first + slot.REST)
    return remembered(w, kept, rest, at(x, first + slot.BY_V), V, at(x, first + slot.BY_RATE), rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def moved(x: Array) -> Eight:
    """By how many places in sigma the spread of w moves the look-up: extrapolated from three and two steps ago."""
    return 3.0 * at(x, slot.SHIFT_2) - 2.0 * at(x, slot.SHIFT_3)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def spread_out(x: Array, rate: Eight, still: Eight) -> None:
    """The spread of w after a step, and what it is beyond that which a rate that stands `still` leaves."""
    kept, gain, loss = at(x, slot.SPREAD_KEPT), at(x, slot.SPREAD_GAIN), at(x, slot.SPREAD_LOSS)
    old = at(x, slot.SPREAD)
    new = spread_after(old, kept, gain, loss, rate)
    put(x, slot.SHIFT_3, at(x, slot.SHIFT_2), slot.SHIFT_2, at(x, slot.SHIFT))
    put(x, slot.SHIFT, at(x, slot.SHIFTED) * (0.5 * (old + new) - spread_at(kept, gain, loss, still)), slot.SPREAD, new)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def louder_now(x: Array, s: Eight, sigma: Eight) -> tuple[Eight, Eight, Eight]:
    """Filtered sigma after the step, its place in the middle, what the change kicks the modes by."""
    new = s + (sigma - s) * at(x, slot.SIGMA_FILTER)
    return new, (s + new) * at(x, slot.PER_SIGMA) - at(x, slot.SIGMA_FIRST), louder(s, new)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def swung(
    x: Array, first: int, y_re: Eight, y_im: Eight, kick: Eight, loud: Eight, decay_re: Eight, decay_im: Eight
) -> tuple[Eight, Eight]:
    """The mode (first slot.K_RE) or the harmonic (slot.H_RE) after the step, kicked and with what louder input adds."""
    half_re, re = kicked(y_re, at(x, first), kick, at(x, first + slot.S_RE - slot.K_RE), loud)
    half_im, im = kicked(y_im, at(x, first + 1), kick, at(x, first + 1 + slot.S_RE - slot.K_RE), loud)
    return turned(half_re, re, half_im, im, decay_re, decay_im)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def found_at(
    table: Array, row: int, x: Array, used: int, e: Eight, place: Eight
) -> tuple[Eight, Eight, Eight, Eight, Eight, Eight, Eight, Eight]:
    """Columns of the table where a place over e and one over sigma, both in the table, have led."""
    below = whole(place)
    first, share = at(x, slot.ROW) + float(row) * below, place - below
    if used == 1:
        return look_up_one(table, row, first, e, share)
    if used == 2:
        return look_up_two(table, row, first, e, share)
    return look_up_eight(table, row, first, e, share)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def march(
    table: Array, row: int, x: Array, used: int, variables: int, mu: Array, sigma: Array, steps: int, mark: int,
    every: int, seen: Array, to: int, rate: Array,
) -> None:  # fmt: skip
    """So many steps of eight lanes through mu and sigma (step x 8,), rates into rate (step x 8,).

    table : flat, of all units; row : numbers in a row of it; used : lanes that are read, the first; variables : of the
    unit with most; mark : of this step and every `every` further V_mean and all w go into seen[to:], `seen_numbers`.
    """
    h, s, last, V = at(x, H), at(x, slot.SIGMA), at(x, slot.LAST_FILTER), at(x, slot.LAST_V)
    y_re, y_im, z_re, z_im = at(x, slot.Y_RE), at(x, slot.Y_IM), at(x, slot.Z_RE), at(x, slot.Z_IM)
    pull_now, pull_before, out = at(x, slot.PULL), at(x, slot.PULL_BEFORE), at(x, OUTSIDE)
    lagged, w, w_2 = at(x, slot.LAGGED), at(x, W), at(x, W + EACH)
    spreads = total(at(x, slot.LAG)) > 0.0
    for t in range(steps):
        drive = load(mu, LANES * t)
        behind = (at(x, slot.E_FIRST) - 1.5 * pull_before) + 2.5 * pull_now  # extrapolated, not waited for
        new, wanted_sigma, loud = louder_now(x, s, load(sigma, LANES * t))
        gap = behind - lagged
        if spreads:  # left out where none does: -20 %
            behind, wanted_sigma = ahead(behind, gap, last, at(x, slot.LAG)), wanted_sigma + moved(x)
        wanted = aim(h, drive, last, behind, at(x, slot.PER_E))
        e, place = inside(wanted, at(x, slot.E_LAST)), inside(wanted_sigma, at(x, slot.SIGMA_LAST))
        out = counted(out, e, wanted, place, wanted_sigma)
        last, fired, V, re, im, kick, damping, second = found_at(table, row, x, used, e, place)
        pull_before, (top, bottom) = pull_now, pulled(x, 0, w)
        if variables > 1:
            top_2, bottom_2 = pulled(x, 1, w_2)
            pull_now = summed(top, bottom, top_2, bottom_2)
        else:
            pull_now = top / bottom
        change, before = (drive - h) * last, y_re + z_re
        h, s = h + change, new
        y_re, y_im = swung(x, slot.K_RE, y_re, y_im, kick * change, loud, re, im)
        re, im = squared(re, im, damping)
        z_re, z_im = swung(x, slot.H_RE, z_re, z_im, second * change, loud, re, im)
        now = fired * readout(before + (y_re + z_re))
        if spreads:
            spread_out(x, now, fired)
            lagged = lagged + gap * last
        w = remember(x, 0, w, V, now)
        if variables > 1:
            w_2 = remember(x, 1, w_2, V, now)
        for j in range(AT_ONCE, variables):
            other = at(x, W + EACH * j)
            top, bottom = pulled(x, j, other)
            pull_now = pull_now + top / bottom
            other = remember(x, j, other, V, now)
            store(other, x, LANES * (W + EACH * j))
            if t == mark:
                store(other, seen, to + LANES * (1 + j))
        if t == mark:
            store(V, seen, to)
            store(w, seen, to + LANES)
            store(w_2, seen, to + 2 * LANES)
            mark, to = mark + every, to + seen_numbers(variables)
        store(now, rate, LANES * t)
    put(x, H, h, slot.SIGMA, s)
    put(x, slot.Y_RE, y_re, slot.Y_IM, y_im)
    put(x, slot.Z_RE, z_re, slot.Z_IM, z_im)
    put(x, slot.PULL, pull_now, slot.PULL_BEFORE, pull_before)
    put(x, slot.LAST_FILTER, last, slot.LAST_V, V)
    put(x, W, w, W + EACH, w_2)
    put(x, slot.LAGGED, lagged, OUTSIDE, out)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(
    table: Array, row: int, x: Array, mu: Array, sigma: Array, steps_per_bin: int, work: Array, rate: Array,
    V_mean: Array, w: Array,
) -> int:  # fmt: skip
    """Steps the first lane of x through `mu`, `sigma` (step,), the drive at the middle of each step.

    rate (bin,) is the mean over each bin; V_mean (bin,) and w (bin, variable) are within half a step of its middle.
    work : (3, 8 steps_per_bin). Returns how many steps left the table, or NOT_FINITE.
    """
    middle, variables = (steps_per_bin - 1) // 2, w.shape[1]
    seen = x.shape[0] - seen_numbers(variables)
    for b in range(rate.shape[0]):
        for t in range(steps_per_bin):
            store(filled(mu[b * steps_per_bin + t]), work[0], LANES * t)
            store(filled(sigma[b * steps_per_bin + t]), work[1], LANES * t)
        march(
            table, row, x, 1, variables, work[0], work[1], steps_per_bin, middle, steps_per_bin, x, seen, work[2]
        )  # fmt: skip
        V_mean[b] = x[seen]
        for j in range(variables):
            w[b, j] = x[seen + LANES * (1 + j)]
        total = 0.0
        for t in range(steps_per_bin):
            total += work[2, LANES * t]
        rate[b] = total / steps_per_bin
    total = 0.0
    for k in range(H, OUTSIDE):
        total += x[LANES * k]
    for j in range(variables):
        total += x[LANES * (W + EACH * j)]
    return int(x[LANES * OUTSIDE]) if np.isfinite(total) else NOT_FINITE
