"""Eight doubles at once: copies, fills, and look-ups that end with one unit in each lane.

LLVM makes such vectors by itself of loops over eight places of one array, not of what reads one array and writes
another (they might overlap, and a check costs more than eight steps). What stands here is for that: each function as
Python says what it does, and where numba compiles, what its `_emit_...` makes runs in its stead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Array = NDArray[np.float64]

LANES = 8
"""Doubles of a vector, of a line of the cache, and columns of a table."""
VECTOR, WHOLE, SHORT = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(64), ir.IntType(32)
MAY_FUSE = ("contract",)


def aligned(values: Array) -> Array:
    """A copy whose first number begins a line of the cache."""
    room = np.empty(values.size + LANES)
    skip = -(room.ctypes.data // 8) % LANES
    copy = room[skip : skip + values.size].reshape(values.shape)
    copy[...] = values
    return copy


def move(source: Array, at: int, target: Array, to: int) -> None:
    """target[to : to + 8] = source[at : at + 8]."""
    target[to : to + LANES] = source[at : at + LANES]


def fill(value: float, target: Array, to: int) -> None:
    """target[to : to + 8] = value."""
    target[to : to + LANES] = value


def _look_up(count: int, table: Array, row: int, work: Array, places: int, to: int) -> None:
    """Of the first `count` lanes: the eight columns, bilinear, into work[to + 8 column + lane]; 0 in the others.

    Of a lane, work[places + lane] is the number in the flat table where the cell's first column stands (those of the
    next e follow, those of the next sigma stand a `row` further), and the eight after those of all lanes are its
    share of the next e, the next its share of the next sigma.
    """
    found = np.zeros((LANES, LANES))
    for lane in range(count):
        at, e, sigma = (work[places + LANES * k + lane] for k in range(3))
        near, next_e, next_sigma, far = (
            table[int(at) + step : int(at) + step + LANES] for step in (0, LANES, row, row + LANES)
        )
        low = near + sigma * (next_sigma - near)
        found[:, lane] = low + e * (next_e + sigma * (far - next_e) - low)
    work[to : to + LANES * LANES] = found.ravel()


def look_up_two(table: Array, row: int, work: Array, places: int, to: int) -> None:
    _look_up(2, table, row, work, places, to)


def look_up_eight(table: Array, row: int, work: Array, places: int, to: int) -> None:
    _look_up(LANES, table, row, work, places, to)


def _place(builder: Any, data: Any, *steps: Any) -> Any:
    for step in steps:
        data = builder.gep(data, [ir.Constant(WHOLE, step) if isinstance(step, int) else step])
    return data


def _load(builder: Any, data: Any, *steps: Any) -> Any:
    vector = builder.load(builder.bitcast(_place(builder, data, *steps), VECTOR.as_pointer()))
    vector.align = 8
    return vector


def _store(builder: Any, vector: Any, data: Any, *steps: Any) -> None:
    done = builder.store(vector, builder.bitcast(_place(builder, data, *steps), VECTOR.as_pointer()))
    done.align = 8


def _chosen(builder: Any, first: Any, second: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(SHORT, LANES), places))


def _everywhere(builder: Any, number: Any) -> Any:
    none = ir.Constant(VECTOR, ir.Undefined)
    return _chosen(builder, builder.insert_element(none, number, ir.Constant(SHORT, 0)), none, LANES * [0])


def _between(builder: Any, a: Any, b: Any, share: Any) -> Any:
    difference = builder.fsub(b, a, flags=MAY_FUSE)
    return builder.fadd(a, builder.fmul(share, difference, flags=MAY_FUSE), flags=MAY_FUSE)


def _turned(builder: Any, rows: list[Any]) -> list[Any]:
    """The transpose of eight vectors, in three rounds that exchange halves, quarters, eighths."""
    for step in (1, 2, 4):
        stays = [k if not k & step else LANES + k - step for k in range(LANES)]
        comes = [k + step if not k & step else LANES + k for k in range(LANES)]
        before = list(rows)
        for k in (k for k in range(LANES) if not k & step):
            rows[k] = _chosen(builder, before[k], before[k + step], stays)
            rows[k + step] = _chosen(builder, before[k], before[k + step], comes)
    return rows


def _emit_look_up(count: int, builder: Any, table: Any, row: Any, work: Any, places: Any, to: Any) -> None:
    rows = [ir.Constant(VECTOR, LANES * [0.0])] * LANES
    for lane in range(count):
        at = builder.fptosi(builder.load(_place(builder, work, places, lane)), WHOLE)
        e, sigma = (_everywhere(builder, builder.load(_place(builder, work, places, LANES * k + lane))) for k in (1, 2))
        near, far = (
            _between(builder, _load(builder, table, at, step), _load(builder, table, at, row, step), sigma)
            for step in (0, LANES)
        )
        rows[lane] = _between(builder, near, far, e)
    for column, vector in enumerate(_turned(builder, rows)):
        _store(builder, vector, work, to, LANES * column)


def _emit_move(builder: Any, source: Any, at: Any, target: Any, to: Any) -> None:
    _store(builder, _load(builder, source, at), target, to)


def _emit_fill(builder: Any, value: Any, target: Any, to: Any) -> None:
    _store(builder, _everywhere(builder, value), target, to)


def _build(emit: Callable[..., None]) -> Callable[..., Any]:
    """As numba asks for it: `emit` is given the data of arrays, and numbers."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [
            context.make_array(of)(context, builder, a).data if isinstance(of, types.Array) else a
            for of, a in zip(signature.args, args, strict=True)
        ]
        emit(builder, *given)
        return context.get_dummy_value()

    return build


if not config.DISABLE_JIT:
    _move, _fill = _build(_emit_move), _build(_emit_fill)
    _two, _eight = _build(partial(_emit_look_up, 2)), _build(partial(_emit_look_up, LANES))
    move = intrinsic(lambda _, a, b, c, d: (types.void(a, b, c, d), _move))
    fill = intrinsic(lambda _, a, b, c: (types.void(a, b, c), _fill))
    look_up_two = intrinsic(lambda _, a, b, c, d, e: (types.void(a, b, c, d, e), _two))
    look_up_eight = intrinsic(lambda _, a, b, c, d, e: (types.void(a, b, c, d, e), _eight))
