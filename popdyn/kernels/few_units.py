"""Time stepping of one cascade unit, or of two side by side, as popdyn.kernels.cascade steps eight, to the last digits.

Eight units keep a processor busy. A step of one waits: for what the table holds where its drive e is, and e waits for
the step before. Here the cell of e is guessed a step ahead, from the filter's share of two steps before, and what the
table holds there is on its way meanwhile; where e turns out to be elsewhere it is looked up anew. Mode and harmonic
share the lanes of one vector.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels import cascade_slots as slot
from popdyn.kernels.cascade import (
    NOT_FINITE,
    all_pulled,
    all_remembered,
    louder_now,
    moved,
    noted,
    spread_out,
)
from popdyn.kernels.cascade_slots import EACH, OUTSIDE, H, W, at, put, seen_numbers
from popdyn.kernels.lane_tables import cells_of, columns_of
from popdyn.kernels.lanes import LANES, Eight, counted, differ, joined, load_like, lower, store, upper, whole, width
from popdyn.kernels.unit_law import ahead, aim, inside, readout, swung

Array = NDArray[np.float64]
CHUNK = 64  # bins of a single unit whose steps are kept


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _both(x: Array, like: Eight, first: int, other: int) -> Eight:
    """A number of the mode and that of the harmonic."""
    return joined(at(like, x, first), at(like, x, other))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _cells(like: Eight, table: Array, row: int, x: Array, cell: Eight, place: Eight) -> tuple[Eight, ...]:
    """What the table holds along a cell of e at a place over sigma."""
    below = whole(place)
    return cells_of(table, row, at(like, x, slot.ROW) + float(row) * below, cell, place - below)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _put_modes(x: Array, re: Eight, im: Eight) -> None:
    put(x, slot.Y_RE, lower(re), slot.Y_IM, lower(im))
    put(x, slot.Z_RE, upper(re), slot.Z_IM, upper(im))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _late(spreads: bool, behind: Eight, lagged: Eight, last: Eight, lag: Eight) -> tuple[Eight, Eight]:
    """How far the filtered pull is behind, and the pull in the middle of the step."""
    gap = behind - lagged
    return gap, ahead(behind, gap, last, lag) if spreads else behind


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _spreads(x: Array, lanes: int) -> bool:
    """Whether a unit follows the spread of w."""
    return x[LANES * slot.LAG] + x[LANES * slot.LAG + lanes - 1] > 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def march_few(
    like: Eight, table: Array, row: int, x: Array, variables: int, mu: Array, sigma: Array, steps: int, mark: int,
    every: int, seen: Array, to: int, rate: Array,
) -> None:  # fmt: skip
    """`cascade.march` of the first lanes of x, as many as `like` has; mu, sigma and rate are (step x that,)."""
    n, h = width(like), at(like, x, H)
    last, V, out = at(like, x, slot.LAST_FILTER), at(like, x, slot.LAST_V), at(like, x, OUTSIDE)
    re, im = _both(x, like, slot.Y_RE, slot.Z_RE), _both(x, like, slot.Y_IM, slot.Z_IM)
    parts_re = _both(x, like, slot.K_RE, slot.H_RE), _both(x, like, slot.S_RE, slot.T_RE)
    parts_im = _both(x, like, slot.K_IM, slot.H_IM), _both(x, like, slot.S_IM, slot.T_IM)
    pull_now, pull_before = at(like, x, slot.PULL), at(like, x, slot.PULL_BEFORE)
    w, w_2 = at(like, x, W), at(like, x, W + EACH)
    pull_older, drive = pull_before, load_like(like, mu, 0)
    s, wanted, loud = louder_now(x, at(like, x, slot.SIGMA), load_like(like, sigma, 0))
    lagged, lag, spreads = at(like, x, slot.LAGGED), at(like, x, slot.LAG), _spreads(x, n)
    behind = (at(like, x, slot.E_FIRST) - 1.5 * pull_before) + 2.5 * pull_now
    gap, behind = _late(spreads, behind, lagged, last, lag)
    wanted = wanted + moved(like, x) if spreads else wanted
    place = inside(wanted, at(like, x, slot.SIGMA_LAST))
    cell = whole(inside(aim(h, drive, last, behind, at(like, x, slot.PER_E)), at(like, x, slot.E_LAST)))
    cells = _cells(like, table, row, x, cell, place)
    for t in range(steps):
        e, now_loud, now_s = aim(h, drive, last, behind, at(like, x, slot.PER_E)), loud, s
        if differ(whole(e), cell, wanted, place):
            near = inside(e, at(like, x, slot.E_LAST))
            out, e, cell = counted(out, e, near, wanted, place), near, whole(near)
            cells = _cells(like, table, row, x, cell, place)
        share, fired, V, damping, decay_re, decay_im, kicks = columns_of(cells, e - cell)
        pull_older, pull_before, pull_now = pull_before, pull_now, all_pulled(x, variables, w, w_2)
        after = n * min(t + 1, steps - 1)
        s, wanted, loud = louder_now(x, s, load_like(like, sigma, after))
        guess, soon = h + (drive - h) * last, (at(like, x, slot.E_FIRST) - 2.5 * pull_older) + 3.5 * pull_before
        behind = (at(like, x, slot.E_FIRST) - 1.5 * pull_before) + 2.5 * pull_now
        if spreads:
            soon, lagged = _late(spreads, soon, lagged + gap * last, last, lag)[1], lagged + gap * share
            wanted = wanted + (3.0 * at(like, x, slot.SHIFT) - 2.0 * at(like, x, slot.SHIFT_2))  # `moved`, a step early
        gap, behind = _late(spreads, behind, lagged, share, lag)
        place = inside(wanted, at(like, x, slot.SIGMA_LAST))
        wish = aim(guess, load_like(like, mu, after), last, soon, at(like, x, slot.PER_E))
        cell = whole(inside(wish, at(like, x, slot.E_LAST)))
        cells = _cells(like, table, row, x, cell, place)
        change, before = (drive - h) * share, lower(re) + upper(re)
        h, last, drive = h + change, share, load_like(like, mu, after)
        re, im = swung(
            parts_re, parts_im, re, im, kicks * joined(change, change), now_loud, decay_re, decay_im, damping
        )
        now = fired * readout(before + (lower(re) + upper(re)))
        if spreads:
            spread_out(x, now, fired)
        w, w_2 = all_remembered(x, variables, w, w_2, V, now)
        if t == mark:
            noted(x, variables, w, w_2, V, seen, to)
            mark, to = mark + every, to + seen_numbers(variables)
        store(now, rate, n * t)
    put(x, H, h, slot.SIGMA, now_s)
    _put_modes(x, re, im)
    put(x, slot.PULL, pull_now, slot.PULL_BEFORE, pull_before)
    put(x, slot.LAST_FILTER, last, slot.LAST_V, V)
    put(x, W, w, W + EACH, w_2)
    put(x, slot.LAGGED, lagged, OUTSIDE, out)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(
    table: Array, row: int, x: Array, mu: Array, sigma: Array, steps_per_bin: int, work: Array, seen: Array,
    rate: Array, V_mean: Array, w: Array,
) -> int:  # fmt: skip
    """Steps the first lane of x through `mu`, `sigma` (step,), the drive at the middle of each step.

    rate (bin,) is the mean over each bin; V_mean (bin,) and w (bin, variable) are within half a step of its middle.
    work : (CHUNK steps_per_bin,); seen : (CHUNK `seen_numbers`,).
    Returns how many steps left the table, or NOT_FINITE.
    """
    middle, variables = (steps_per_bin - 1) // 2, w.shape[1]
    each = seen_numbers(variables)
    for begin in range(0, rate.shape[0], CHUNK):
        bins, first = min(CHUNK, rate.shape[0] - begin), begin * steps_per_bin
        march_few(
            0.0, table, row, x, variables, mu[first:], sigma[first:], bins * steps_per_bin, middle, steps_per_bin,
            seen, 0, work,
        )  # fmt: skip
        for b in range(bins):
            V_mean[begin + b] = seen[b * each]
            for j in range(variables):
                w[begin + b, j] = seen[b * each + LANES * (1 + j)]
            total = 0.0
            for t in range(b * steps_per_bin, (b + 1) * steps_per_bin):
                total += work[t]
            rate[begin + b] = total / steps_per_bin
    total = 0.0
    for k in range(H, OUTSIDE):
        total += x[LANES * k]
    for j in range(variables):
        total += x[LANES * (W + EACH * j)]
    return int(x[LANES * OUTSIDE]) if np.isfinite(total) else NOT_FINITE
