"""One step of two cascade units side by side, which keep what the table holds while they stay in a cell of it.

popdyn.kernels.few_units looks up anew in every step; here what the table holds in a cell is kept, which is less to do
where drives move slowly, as they do in most networks. Where the next step looks is known before the modes of this one,
so that both go on at once. The law and its figures are those of popdyn.kernels.cascade.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels import cascade_slots as slot
from popdyn.kernels.cascade import (
    all_pulled,
    all_remembered,
    louder_now,
    moved,
)
from popdyn.kernels.cascade_slots import EACH, OUTSIDE, H, W, at, put
from popdyn.kernels.lane_cells import keep_cells, kept_columns
from popdyn.kernels.lanes import (
    LANES,
    Eight,
    chosen,
    counted,
    differ,
    joined,
    lower,
    most,
    store,
    upper,
    whole,
)
from popdyn.kernels.unit_law import TINY, inside, readout, spread_after, spread_at, swung

Array = NDArray[np.float64]


class Pair(NamedTuple):
    """The state of two units side by side: numbers of popdyn.kernels.cascade_slots."""

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
    shift: Eight


class Aim(NamedTuple):
    """Where in the table the next step looks."""

    place: Eight  # over e and sigma, joined
    gap: Eight  # of the drive to the filtered one, in places
    mu: Eight
    s: Eight  # filtered sigma after the step
    loud: Eight  # half the change of its logarithm


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _both(x: Array, like: Eight, first: int, other: int) -> Eight:
    """A number of the mode and that of the harmonic."""
    return joined(at(like, x, first), at(like, x, other))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _spread(x: Array, old: Eight, rate: Eight, still: Eight) -> tuple[Eight, Eight]:
    """The spread of w after a step; by how many places it counts beyond that which a rate that stands still leaves."""
    kept, gain, loss = at(rate, x, slot.SPREAD_KEPT), at(rate, x, slot.SPREAD_GAIN), at(rate, x, slot.SPREAD_LOSS)
    shifted = at(rate, x, slot.SHIFTED)
    new = spread_after(old, kept, gain, loss, rate)
    return new, 0.5 * shifted * new + shifted * (0.5 * old - spread_at(kept, gain, loss, still))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _look_at(table: Array, row: int, x: Array, place: Eight) -> Eight:
    """Keeps the cell of the table that a place is in, or that which is nearest to it; the place in it."""
    near = inside(place, joined(at(lower(place), x, slot.E_LAST), at(lower(place), x, slot.SIGMA_LAST)))
    store(whole(near), x, LANES * slot.CELL)
    keep_cells(table, row, at(lower(place), x, slot.ROW), whole(near), x, LANES * slot.KEPT_CELL)
    return near


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _moved_to(table: Array, row: int, x: Array, place: Eight) -> Eight:
    """The place, or the nearest in the table; a step that left the table is counted."""
    near = _look_at(table, row, x, place)
    out = at(lower(place), x, OUTSIDE)
    store(counted(out, lower(place), lower(near), upper(place), upper(near)), x, LANES * OUTSIDE)
    return near


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def awake(like: Eight, x: Array) -> Pair:
    """The state that is kept in x."""
    h, re, im = at(like, x, H), _both(x, like, slot.Y_RE, slot.Z_RE), _both(x, like, slot.Y_IM, slot.Z_IM)
    quiet = at(like, x, slot.PER_E) * h - at(like, x, slot.LAG) * at(like, x, slot.LAGGED)
    return Pair(
        h, at(like, x, slot.SIGMA), quiet, at(like, x, slot.LAST_FILTER), re, im, lower(re) + upper(re),
        at(like, x, slot.PULL), at(like, x, slot.PULL_BEFORE), at(like, x, W), at(like, x, W + EACH),
        at(like, x, slot.LAST_V), at(like, x, slot.SPREAD), at(like, x, slot.SHIFT), at(like, x, slot.SHIFT_2),
        moved(like, x),
    )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def kick_parts(like: Eight, x: Array) -> tuple[Eight, Eight, Eight, Eight]:
    """What kicks add to mode and harmonic, real and imaginary parts, then what louder input does."""
    kick_re, kick_im = _both(x, like, slot.K_RE, slot.H_RE), _both(x, like, slot.K_IM, slot.H_IM)
    return kick_re, kick_im, _both(x, like, slot.S_RE, slot.T_RE), _both(x, like, slot.S_IM, slot.T_IM)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def asleep(f: Pair, x: Array) -> None:
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
def first_aim(f: Pair, x: Array, mu: Eight, sigma: Eight) -> Aim:
    """Of the first step, at this drive."""
    return _aimed(x, mu, sigma, f.s, f.quiet, f.last, f.pull, f.pull_before, f.shift)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _aimed(
    x: Array, mu: Eight, sigma: Eight, s: Eight, quiet: Eight, last: Eight, pull: Eight, pull_before: Eight,
    shift: Eight,
) -> Aim:  # fmt: skip
    """e and sigma in the middle of a step, in places.

    e = quiet + (1 - sqrt(1 - last)) gap - (1 - lag) behind, nearly: `unit_law.aim` and `ahead` in one filter
    """
    lag = at(mu, x, slot.LAG)
    behind = (at(mu, x, slot.E_FIRST) - 1.5 * pull_before) + 2.5 * pull
    gap = (at(mu, x, slot.PER_E) * mu - lag * behind) - quiet
    s, wanted, loud = louder_now(x, s, sigma)
    e = ((0.125 * last + 0.5) * last) * gap + (quiet - (1.0 - lag) * behind)
    return Aim(joined(e, wanted + shift), gap, mu, s, loud)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def stepped(
    f: Pair, to: Aim, parts: tuple[Eight, Eight, Eight, Eight], table: Array, row: int, x: Array, variables: int,
    next_mu: Eight, next_sigma: Eight,
) -> tuple[Pair, Aim, Eight]:  # fmt: skip
    """The state after a step, where the next one looks, and the rate."""
    place, cell = to.place, at(to.place, x, slot.CELL)
    if differ(whole(place), cell, whole(place), cell):
        place = _moved_to(table, row, x, place)
    pull, shift = all_pulled(x, variables, f.w, f.w_2), 3.0 * f.shift_now - 2.0 * f.shift_before
    share, fired, V, damping, decay_re, decay_im, kicks = kept_columns(
        x, LANES * slot.KEPT_CELL, place - at(place, x, slot.CELL)
    )
    change, quiet = (to.mu - f.h) * share, f.quiet + to.gap * share
    then = _aimed(x, next_mu, next_sigma, to.s, quiet, share, pull, f.pull, shift)
    re, im = swung(
        parts[::2], parts[1::2], f.re, f.im, kicks * joined(change, change), to.loud, decay_re, decay_im, damping
    )
    both = lower(re) + upper(re)
    rate = fired * readout((f.both + lower(re)) + upper(re))
    w, w_2 = all_remembered(x, variables, f.w, f.w_2, V, rate)
    spread, shift_now = _spread(x, f.spread, rate, fired)
    after = Pair(
        f.h + change, to.s, quiet, share, re, im, both, pull, f.pull, w, w_2, V, spread, shift_now, f.shift_now, shift
    )
    return after, then, rate
