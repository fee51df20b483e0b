"""Time stepping of one cascade unit, or of two side by side, as popdyn.kernels.cascade steps eight, to the last digits.

Eight units keep a processor busy. A step of one waits: for what the table holds where its drive e is, and e waits for
the step before. Here the cell of e is guessed a step ahead, from the filter's share of two steps before, and what the
table holds there is on its way meanwhile; where e turns out to be elsewhere it is looked up anew. Mode and harmonic
share the lanes of one vector.
"""

from __future__ import annotations

from typing import NamedTuple

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
)
from popdyn.kernels.cascade_slots import EACH, OUTSIDE, H, W, at, put, seen_numbers
from popdyn.kernels.lane_tables import columns_of, keep_cell
from popdyn.kernels.lanes import LANES, Eight, chosen, counted, differ, joined, load_like, lower, most, store, upper, whole, width
from popdyn.kernels.unit_law import TINY, inside, kicked, readout, spread_after, spread_at, squared, turned

Array = NDArray[np.float64]
CHUNK = 64  # bins of a single unit whose steps are kept
WHILE = 16  # steps after it moved to another cell of the table that a unit's next is looked for ahead


class Few(NamedTuple):
    """The state of one unit, or of two side by side: numbers of popdyn.kernels.cascade_slots."""

    h: Eight
    s: Eight  # filtered sigma
    quiet: Eight  # h in places, less the pull that passes the input's filter
    last: Eight  # share of the filter
    re: Eight  # mode and harmonic
    im: Eight
    both: Eight  # sum of the real parts
    pull: Eight
    pull_before: Eight
    w: Eight
    w_2: Eight
    V: Eight
    spread: Eight
    shift_now: Eight
    shift_before: Eight
    shift: Eight  # of the next step
    until: int


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _both(x: Array, like: Eight, first: int, other: int) -> Eight:
    """A number of the mode and that of the harmonic."""
    return joined(at(like, x, first), at(like, x, other))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _swung(
    parts: tuple[Eight, Eight, Eight, Eight], re: Eight, im: Eight, kicks: Eight, loud: Eight, decay_re: Eight,
    decay_im: Eight, damping: Eight,
) -> tuple[Eight, Eight]:  # fmt: skip
    """Mode and harmonic after the step."""
    both_loud = joined(loud, loud)
    half_re, with_re = kicked(re, parts[0], kicks, parts[2], both_loud)
    half_im, with_im = kicked(im, parts[1], kicks, parts[3], both_loud)
    square_re, square_im = squared(decay_re, decay_im, damping)
    return turned(half_re, with_re, half_im, with_im, joined(decay_re, square_re), joined(decay_im, square_im))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _spread(x: Array, old: Eight, rate: Eight, still: Eight) -> tuple[Eight, Eight]:
    """The spread of w after a step, and by how many places it counts beyond that which a rate that stands still leaves."""
    kept, gain, loss = at(rate, x, slot.SPREAD_KEPT), at(rate, x, slot.SPREAD_GAIN), at(rate, x, slot.SPREAD_LOSS)
    new = spread_after(old, kept, gain, loss, rate)
    return new, at(rate, x, slot.SHIFTED) * (0.5 * (old + new) - spread_at(kept, gain, loss, still))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _look_at(table: Array, row: int, x: Array, place: Eight) -> Eight:
    """Keeps the cell of the table that a place is in, or that which is nearest to it; the place in it."""
    near = inside(place, joined(at(lower(place), x, slot.E_LAST), at(lower(place), x, slot.SIGMA_LAST)))
    store(whole(near), x, LANES * slot.CELL)
    keep_cell(table, row, at(lower(place), x, slot.ROW), whole(near), x, LANES * slot.KEPT_CELL)
    return near


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _moved_to(table: Array, row: int, x: Array, place: Eight) -> Eight:
    """The place, or the nearest in the table; a step that left the table is counted."""
    near = _look_at(table, row, x, place)
    out = at(lower(place), x, OUTSIDE)
    store(counted(out, lower(place), lower(near), upper(place), upper(near)), x, LANES * OUTSIDE)
    return near


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def awake(like: Eight, x: Array) -> Few:
    """The state that is kept in x."""
    h, re, im = at(like, x, H), _both(x, like, slot.Y_RE, slot.Z_RE), _both(x, like, slot.Y_IM, slot.Z_IM)
    quiet = at(like, x, slot.PER_E) * h - at(like, x, slot.LAG) * at(like, x, slot.LAGGED)
    return Few(
        h, at(like, x, slot.SIGMA), quiet, at(like, x, slot.LAST_FILTER), re, im, lower(re) + upper(re),
        at(like, x, slot.PULL), at(like, x, slot.PULL_BEFORE), at(like, x, W), at(like, x, W + EACH),
        at(like, x, slot.LAST_V), at(like, x, slot.SPREAD), at(like, x, slot.SHIFT), at(like, x, slot.SHIFT_2),
        moved(like, x), 0,
    )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def kick_parts(like: Eight, x: Array) -> tuple[Eight, Eight, Eight, Eight]:
    """What kicks add to mode and harmonic, real and imaginary parts, then what louder input does."""
    kick_re, kick_im = _both(x, like, slot.K_RE, slot.H_RE), _both(x, like, slot.K_IM, slot.H_IM)
    return kick_re, kick_im, _both(x, like, slot.S_RE, slot.T_RE), _both(x, like, slot.S_IM, slot.T_IM)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def asleep(f: Few, x: Array) -> None:
    """Into x."""
    lag, per_e = at(f.h, x, slot.LAG), at(f.h, x, slot.PER_E)
    lagged = chosen(0.0 - lag, at(f.h, x, slot.LAGGED), (per_e * f.h - f.quiet) / most(lag, TINY))
    put(x, H, f.h, slot.SIGMA, f.s)
    put(x, slot.Y_RE, lower(f.re), slot.Y_IM, lower(f.im))
    put(x, slot.Z_RE, upper(f.re), slot.Z_IM, upper(f.im))
    put(x, slot.PULL, f.pull, slot.PULL_BEFORE, f.pull_before)
    put(x, slot.LAST_FILTER, f.last, slot.LAST_V, f.V)
    put(x, W, f.w, W + EACH, f.w_2)
    put(x, slot.SPREAD, f.spread, slot.LAGGED, lagged)
    put(x, slot.SHIFT, f.shift_now, slot.SHIFT_2, f.shift_before)
    store(1.5 * f.shift_before - 0.5 * f.shift, x, LANES * slot.SHIFT_3)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def stepped(
    f: Few, parts: tuple[Eight, Eight, Eight, Eight], table: Array, row: int, x: Array, variables: int, t: int,
    mu: Eight, sigma: Eight, next_mu: Eight,
) -> tuple[Few, Eight]:  # fmt: skip
    """The state after step t at drive mu, sigma, and the rate; next_mu : about that of the next step."""
    lag, per_e = at(f.h, x, slot.LAG), at(f.h, x, slot.PER_E)
    s, wanted, loud = louder_now(x, f.s, sigma)
    behind = (at(f.h, x, slot.E_FIRST) - 1.5 * f.pull_before) + 2.5 * f.pull
    gap, u = (per_e * mu - lag * behind) - f.quiet, (0.125 * f.last + 0.5) * f.last
    e, until = u * gap + (f.quiet - (1.0 - lag) * behind), f.until
    place = joined(e, wanted + f.shift)
    if differ(whole(place), at(place, x, slot.CELL)):
        place, until = _moved_to(table, row, x, place), t + WHILE
    pull = all_pulled(x, variables, f.w, f.w_2)
    share, fired, V, damping, decay_re, decay_im, kicks = columns_of(
        x, LANES * slot.KEPT_CELL, place - at(place, x, slot.CELL)
    )
    change = (mu - f.h) * share
    re, im = _swung(parts, f.re, f.im, kicks * joined(change, change), loud, decay_re, decay_im, damping)
    both = lower(re) + upper(re)
    rate = fired * readout(f.both + both)
    w, w_2 = all_remembered(x, variables, f.w, f.w_2, V, rate)
    if t < until:
        wish = joined(e + gap * f.last + u * (per_e * (next_mu - mu)), upper(place))
        if differ(whole(wish), at(place, x, slot.CELL)):
            _look_at(table, row, x, wish)
            until = t + WHILE
    spread, shift_now = _spread(x, f.spread, rate, fired)
    shift = 3.0 * f.shift_now - 2.0 * f.shift_before
    return Few(
        f.h + change, s, f.quiet + gap * share, share, re, im, both, pull, f.pull, w, w_2, V, spread, shift_now,
        f.shift_now, shift, until,
    ), rate  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def march_few(
    like: Eight, table: Array, row: int, x: Array, variables: int, mu: Array, sigma: Array, steps: int, mark: int,
    every: int, seen: Array, to: int, rate: Array,
) -> None:  # fmt: skip
    """`cascade.march` of the first lanes of x, as many as `like` has; mu, sigma and rate are (step x that,)."""
    n, f, parts = width(like), awake(like, x), kick_parts(like, x)
    for t in range(steps):
        now_mu, next_mu = load_like(like, mu, n * t), load_like(like, mu, n * min(t + 1, steps - 1))
        f, now = stepped(f, parts, table, row, x, variables, t, now_mu, load_like(like, sigma, n * t), next_mu)
        store(now, rate, n * t)
        if t == mark:
            noted(x, variables, f.w, f.w_2, f.V, seen, to)
            mark, to = mark + every, to + seen_numbers(variables)
    asleep(f, x)


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
