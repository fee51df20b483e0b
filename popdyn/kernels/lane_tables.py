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
    VECTOR,
    WHOLE,
    LanesType,
    called,
    emitted,
    everywhere,
    in_lane,
    joined,
    lanes_in,
    load_at,
    minus,
    number_like,
    plus,
    shuffled,
    times,
    transposed,
    twice,
)  # fmt: skip
from popdyn.kernels.lanes import Eight, load_like

Array = NDArray[np.float64]


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


def cells_of(table: Array, row: int, first: Eight, cell: Eight, share: Eight) -> tuple[Eight, ...]:
    """Of each lane that there is: the eight columns where a cell of e begins, and what they rise by over it.

    first, share as for `look_up_eight`; cell : whole places e.
    """
    found = []
    for begin, along, across in zip(*(np.atleast_1d(x) for x in (first, cell, share)), strict=True):
        at = int(begin) + LANES * int(along)
        near, next_e, next_sigma, far = (load_like(table[:LANES], table, at + k) for k in (0, LANES, row, row + LANES))
        low = near + across * (next_sigma - near)
        found += [low, next_e + across * (far - next_e) - low]
    return tuple(found)


def columns_of(cells: tuple[Eight, ...], share: Eight) -> tuple[Eight, ...]:
    """Columns 0 to 3, 5 and 7 at a share of each cell, as wide as that; then 4 and 6, joined."""
    shares = np.atleast_1d(share)
    rows = np.array([low + s * rise for low, rise, s in zip(cells[::2], cells[1::2], shares, strict=True)])
    columns = [load_like(share, rows[:, k].copy(), 0) for k in (0, 1, 2, 3, 5, 7)]
    return (*columns, rows[:, 4:7:2].T.ravel())


def columns_from(table: Array, at: Eight) -> tuple[Eight, ...]:
    """Of each lane the eight numbers that follow place `at` of a table, as columns."""
    flat = table.reshape(-1)
    return tuple(np.array([flat[int(place) : int(place) + LANES] for place in at]).T)


def _cells(builder: Any, table: Any, row: Any, first: Any, cell: Any, share: Any) -> list[Any]:
    place = plus(builder, first, times(builder, cell, number_like(cell, float(LANES))))
    found = []
    for lane in range(lanes_in(cell)):
        at = builder.fptosi(in_lane(builder, place, lane), WHOLE)
        near, far = _ends(builder, table, row, at, everywhere(builder, in_lane(builder, share, lane)))
        found += [near, minus(builder, far, near)]
    return found


def _columns(builder: Any, cells: Any, share: Any) -> list[Any]:
    """The first column, which the next step waits for, is not taken out of a vector with the others."""
    count = lanes_in(share)
    low, rise = ([builder.extract_value(cells, 2 * lane + k) for lane in range(count)] for k in range(2))
    shares = [everywhere(builder, in_lane(builder, share, lane)) for lane in range(count)]
    rows = [plus(builder, a, times(builder, s, b)) for a, b, s in zip(low, rise, shares, strict=True)]
    first = plus(builder, _column(builder, low, 0), times(builder, share, _column(builder, rise, 0)))
    columns = [_column(builder, rows, k) for k in range(1, LANES)]
    return [first, *columns[:3], columns[4], columns[6], joined(builder, columns[3], columns[5])]


def _column(builder: Any, rows: list[Any], k: int) -> Any:
    """Number k of each row, one behind the other."""
    if len(rows) == 1:
        return in_lane(builder, rows[0], k)
    return shuffled(builder, rows[0], rows[1], [k, LANES + k])


def _many(builder: Any, table: Any, row: Any, first: Any, e: Any, sigma: Any) -> list[Any]:
    low = called("floor", builder, e)
    along = minus(builder, e, low)
    at = plus(builder, first, times(builder, low, ir.Constant(VECTOR, LANES * [float(LANES)])))
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
    return plus(builder, a, times(builder, share, minus(builder, b, a)))


def _cell_type(like: Any) -> Any:
    return types.UniTuple(EIGHT, 2 * like.count if isinstance(like, LanesType) else 2)


def _column_type(like: Any) -> Any:
    return types.Tuple([*(LANES - 2) * [like], twice(like)])


if not config.DISABLE_JIT:
    EIGHTS = types.UniTuple(EIGHT, LANES)
    _all, _found, _read = (emitted(f, False) for f in (_many, _cells, _columns))
    look_up_eight = intrinsic(lambda _, t, row, at, e, s: (EIGHTS(t, row, at, e, s), _all))
    cells_of = intrinsic(lambda _, t, row, at, cell, s: (_cell_type(cell)(t, row, at, cell, s), _found))
    columns_of = intrinsic(lambda _, cells, s: (_column_type(s)(cells, s), _read))
    columns_from = intrinsic(lambda _, t, at: (EIGHTS(t, at), emitted(_columns_from, False)))
