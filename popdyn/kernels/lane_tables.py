"""Look-ups in a table of eight columns, for one unit in each lane (popdyn.kernels.lanes): bilinear.

Each says in Python what it does; where numba compiles, what stands at the foot runs in its stead. One unit, two and
eight find the same to the last digit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from popdyn.kernels.lane_code import (
    EIGHT,
    LANES,
    MAY_FUSE,
    VECTOR,
    WHOLE,
    LanesType,
    called,
    emitted,
    everywhere,
    half,
    halved,
    in_lane,
    joined,
    lanes_in,
    load_at,
    number_like,
    shuffled,
    store_at,
    transposed,
    twice,
)  # fmt: skip
from popdyn.kernels import lanes
from popdyn.kernels.lanes import Eight, load_like

Array = NDArray[np.float64]
EVEN = [number + k for k in range(0, LANES, 2) for number in (0, LANES)]
ODD = [1 + place for place in EVEN]


def _look_up(count: int, table: Array, row: int, first: Eight, e: Eight, sigma: Eight) -> tuple[Eight, ...]:
    """Of the first `count` lanes: the eight columns, bilinear; what the others hold is no matter.

    first : numbers in the flat table where the rows of sigma begin; the next row stands `row` further, every next e
    LANES. e : places in those rows. sigma : shares of the next row.
    """
    found = np.zeros((LANES, LANES))
    for lane in range(count):
        at, share = int(first[lane]) + LANES * int(e[lane]), e[lane] - int(e[lane])
        near, next_e, next_sigma, far = (table[at + step : at + step + LANES] for step in (0, LANES, row, row + LANES))
        low = near + sigma[lane] * (next_sigma - near)
        found[:, lane] = low + share * (next_e + sigma[lane] * (far - next_e) - low)
    return tuple(found)


def look_up_eight(table: Array, row: int, first: Eight, e: Eight, sigma: Eight) -> tuple[Eight, ...]:
    return _look_up(LANES, table, row, first, e, sigma)


def keep_cell(table: Array, row: int, first: Eight, place: Eight, x: Array, to: int) -> None:
    """A cell of the table for each lane of `first`, into x[to:]: the columns where it begins, what they rise by over e,
    over sigma, and what either rise rises by over the other. Eights of one unit; of two side by side all four of columns
    0, 2, 4, 6, then of columns 1, 3, 5, 7.

    first : numbers in the flat table where the unit's begins; place : whole places, joined those of e and of sigma.
    """
    count, found = np.size(first), []
    for begin, along, across in zip(np.atleast_1d(first), place[:count], place[count:], strict=True):
        at = int(begin) + row * int(across) + LANES * int(along)
        near, next_e, next_sigma, far = (table[at + k : at + k + LANES] for k in (0, LANES, row, row + LANES))
        found.append((near, next_e - near, next_sigma - near, (far - next_e) - (next_sigma - near)))
    side_by_side = np.array(found).transpose(1, 2, 0).reshape(4, -1, count * count)
    x[to : to + 4 * LANES * count] = side_by_side.reshape(4, LANES // count, count, count).transpose(2, 0, 1, 3).ravel()


def columns_of(x: Array, at: int, share: Eight) -> tuple[Eight, ...]:
    """Columns 0 to 3, 5 and 7 in cells that are kept at x[at:], for each lane; then 4 and 6, joined.

    share : of the cell, joined those of e and of sigma
    """
    count = np.size(share) // 2
    along, across = np.resize(share[:count], LANES), np.resize(share[count:], LANES)
    kept = x[at : at + 4 * LANES * count].reshape(count, 4, LANES)
    rows = [(a + across * c) + along * (b + across * d) for a, b, c, d in kept]
    columns = [load_like(share[:count] if count > 1 else 0.0, rows[k % count], k - k % count) for k in range(LANES)]
    return (*columns[:4], columns[5], columns[7], lanes.joined(columns[4], columns[6]))


def columns_from(table: Array, at: Eight) -> tuple[Eight, ...]:
    """Of each lane the eight numbers that follow place `at` of a table, as columns."""
    flat = table.reshape(-1)
    return tuple(np.array([flat[int(place) : int(place) + LANES] for place in at]).T)


def _times(builder: Any, a: Any, b: Any) -> Any:
    return builder.fmul(a, b, flags=MAY_FUSE)


def _plus(builder: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b, flags=MAY_FUSE)


def _minus(builder: Any, a: Any, b: Any) -> Any:
    return builder.fsub(a, b, flags=MAY_FUSE)


def _keep(builder: Any, table: Any, row: Any, first: Any, place: Any, x: Any, to: Any) -> None:
    rows = everywhere(builder, builder.sitofp(row, ir.DoubleType()), lanes_in(first))
    along, across = (half(k, builder, place) for k in range(2))
    begin = _plus(builder, first, _times(builder, rows, across))
    begin = _plus(builder, begin, _times(builder, along, number_like(along, float(LANES))))
    found = []
    for lane in range(lanes_in(first)):
        at = builder.fptosi(in_lane(builder, begin, lane), WHOLE)
        near, next_e = (load_at(builder, table, at, step) for step in (0, LANES))
        next_sigma, far = (load_at(builder, table, at, row, step) for step in (0, LANES))
        rise = _minus(builder, next_sigma, near)
        found.append([near, _minus(builder, next_e, near), rise, _minus(builder, _minus(builder, far, next_e), rise)])
    kept = found[0]
    if len(found) > 1:
        kept = [shuffled(builder, *of, places) for places in (EVEN, ODD) for of in zip(*found, strict=True)]
    for k, part in enumerate(kept):
        store_at(builder, part, x, builder.add(to, ir.Constant(WHOLE, LANES * k)))


def _columns(builder: Any, x: Any, at: Any, share: Any) -> list[Any]:
    count = lanes_in(share) // 2
    along, across = (
        shuffled(builder, share, share, LANES // count * list(range(k * count, (k + 1) * count))) for k in range(2)
    )
    rows = []
    for k in range(count):
        a, b, c, d = (load_at(builder, x, at, LANES * (4 * k + part)) for part in range(4))
        low, rise = _plus(builder, a, _times(builder, across, c)), _plus(builder, b, _times(builder, across, d))
        rows.append(_plus(builder, low, _times(builder, along, rise)))
    columns = [_column(builder, rows, k) for k in range(LANES)]
    return [*columns[:4], columns[5], columns[7], joined(builder, columns[4], columns[6])]


def _column(builder: Any, rows: list[Any], k: int) -> Any:
    """Number k, or of two side by side."""
    if len(rows) == 1:
        return in_lane(builder, rows[0], k)
    return shuffled(builder, rows[k % 2], rows[k % 2], [k - k % 2, k - k % 2 + 1])


def _many(builder: Any, table: Any, row: Any, first: Any, e: Any, sigma: Any) -> list[Any]:
    low = called("floor", builder, e)
    along = _minus(builder, e, low)
    at = _plus(builder, first, _times(builder, low, ir.Constant(VECTOR, LANES * [float(LANES)])))
    rows = []
    for lane in range(LANES):
        begin = builder.fptosi(in_lane(builder, at, lane), WHOLE)
        rows.append(_cell(builder, table, row, begin, along, sigma, lane))
    return transposed(builder, rows)


def _cell(builder: Any, table: Any, row: Any, at: Any, along: Any, sigma: Any, lane: int) -> Any:
    share, across = (everywhere(builder, in_lane(builder, x, lane)) for x in (along, sigma))
    near, far = _ends(builder, table, row, at, across)
    return _between(builder, near, far, share)


def _ends(builder: Any, table: Any, row: Any, at: Any, across: Any) -> tuple[Any, Any]:
    """The columns at both ends of a cell of e."""
    near, far = (
        _between(builder, load_at(builder, table, at, step), load_at(builder, table, at, row, step), across)
        for step in (0, LANES)
    )
    return near, far


def _columns_from(builder: Any, table: Any, at: Any) -> list[Any]:
    places = (builder.fptosi(in_lane(builder, at, lane), WHOLE) for lane in range(LANES))
    return transposed(builder, [load_at(builder, table, place) for place in places])


def _between(builder: Any, a: Any, b: Any, share: Any) -> Any:
    return _plus(builder, a, _times(builder, share, _minus(builder, b, a)))


def _column_type(like: Any) -> Any:
    return types.Tuple([*(LANES - 2) * [like], twice(like)])


if not config.DISABLE_JIT:
    EIGHTS = types.UniTuple(EIGHT, LANES)
    _all, _kept, _read = (emitted(f, False) for f in (_many, _keep, _columns))
    look_up_eight = intrinsic(lambda _, t, row, at, e, s: (EIGHTS(t, row, at, e, s), _all))
    keep_cell = intrinsic(lambda _, t, row, at, place, x, to: (types.void(t, row, at, place, x, to), _kept))
    columns_of = intrinsic(lambda _, x, at, s: (_column_type(halved(s))(x, at, s), _read))
    columns_from = intrinsic(lambda _, t, at: (EIGHTS(t, at), emitted(_columns_from, False)))
