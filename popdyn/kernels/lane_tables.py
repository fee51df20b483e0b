"""Look-ups in a table of eight columns, for one unit in each lane (popdyn.kernels.lanes): bilinear.

Each says in Python what it does; where numba compiles, what stands at the foot runs in its stead. One unit, two and
eight find the same to the last digit.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from popdyn.kernels.lanes import (
    EIGHT,
    LANES,
    MAY_FUSE,
    SHORT,
    VECTOR,
    WHOLE,
    Eight,
    called,
    emitted,
    everywhere,
    load_at,
    shuffled,
    transposed,
)  # fmt: skip

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


def look_up_one(table: Array, row: int, first: Eight, e: Eight, sigma: Eight) -> tuple[Eight, ...]:
    return _look_up(1, table, row, first, e, sigma)


def look_up_two(table: Array, row: int, first: Eight, e: Eight, sigma: Eight) -> tuple[Eight, ...]:
    return _look_up(2, table, row, first, e, sigma)


def look_up_eight(table: Array, row: int, first: Eight, e: Eight, sigma: Eight) -> tuple[Eight, ...]:
    return _look_up(LANES, table, row, first, e, sigma)


def columns_from(table: Array, at: Eight) -> tuple[Eight, ...]:
    """Of each lane the eight numbers that follow place `at` of a table, as columns."""
    flat = table.reshape(-1)
    return tuple(np.array([flat[int(place) : int(place) + LANES] for place in at]).T)


def _in_lane(builder: Any, x: Any, lane: int) -> Any:
    return builder.extract_element(x, ir.Constant(SHORT, lane))


def _times(builder: Any, a: Any, b: Any) -> Any:
    return builder.fmul(a, b, flags=MAY_FUSE)


def _plus(builder: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b, flags=MAY_FUSE)


def _minus(builder: Any, a: Any, b: Any) -> Any:
    return builder.fsub(a, b, flags=MAY_FUSE)


def _few(count: int, builder: Any, table: Any, row: Any, first: Any, e: Any, sigma: Any) -> list[Any]:
    along = _minus(builder, e, called("floor", builder, e))
    rows = []
    for lane in range(count):
        begin, cell = (builder.fptosi(_in_lane(builder, x, lane), WHOLE) for x in (first, e))
        at = builder.add(begin, builder.mul(cell, ir.Constant(WHOLE, LANES)))
        rows.append(_cell(builder, table, row, at, along, sigma, lane))
    return [_column(builder, rows, k) for k in range(LANES)]


def _column(builder: Any, rows: list[Any], k: int) -> Any:
    """Number k of each row, one behind the other."""
    return shuffled(builder, rows[0], rows[-1], [k, LANES + k] * (LANES // 2))


def _many(builder: Any, table: Any, row: Any, first: Any, e: Any, sigma: Any) -> list[Any]:
    low = called("floor", builder, e)
    along = _minus(builder, e, low)
    at = _plus(builder, first, _times(builder, low, ir.Constant(VECTOR, LANES * [float(LANES)])))
    rows = []
    for lane in range(LANES):
        begin = builder.fptosi(_in_lane(builder, at, lane), WHOLE)
        rows.append(_cell(builder, table, row, begin, along, sigma, lane))
    return transposed(builder, rows)


def _cell(builder: Any, table: Any, row: Any, at: Any, along: Any, sigma: Any, lane: int) -> Any:
    share, across = (everywhere(builder, _in_lane(builder, x, lane)) for x in (along, sigma))
    near, far = (
        _between(builder, load_at(builder, table, at, step), load_at(builder, table, at, row, step), across)
        for step in (0, LANES)
    )
    return _between(builder, near, far, share)


def _columns_from(builder: Any, table: Any, at: Any) -> list[Any]:
    places = (builder.fptosi(_in_lane(builder, at, lane), WHOLE) for lane in range(LANES))
    return transposed(builder, [load_at(builder, table, place) for place in places])


def _between(builder: Any, a: Any, b: Any, share: Any) -> Any:
    return _plus(builder, a, _times(builder, share, _minus(builder, b, a)))


if not config.DISABLE_JIT:
    EIGHTS = types.UniTuple(EIGHT, LANES)
    _one, _two, _all = (emitted(f, False) for f in (partial(_few, 1), partial(_few, 2), _many))
    look_up_one = intrinsic(lambda _, t, row, at, e, s: (EIGHTS(t, row, at, e, s), _one))
    look_up_two = intrinsic(lambda _, t, row, at, e, s: (EIGHTS(t, row, at, e, s), _two))
    look_up_eight = intrinsic(lambda _, t, row, at, e, s: (EIGHTS(t, row, at, e, s), _all))
    columns_from = intrinsic(lambda _, t, at: (EIGHTS(t, at), emitted(_columns_from, False)))
