"""Rows of numbers that turn into columns of lanes, and back (popdyn.kernels.lanes).

Each says in Python what it does; where numba compiles, what stands at the foot runs in its stead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from popdyn.kernels.lane_code import LANES, WHOLE, emitted, load_at, shuffled, store_at, transposed

Array = NDArray[np.float64]


def turn(source: Array, at: int, stride: int, target: Array, to: int, stride_to: int) -> None:
    """Eight rows of eight numbers into columns; rows begin every `stride` numbers, where they go every `stride_to`."""
    rows = np.array([source[at + stride * k : at + stride * k + LANES] for k in range(LANES)])
    for k in range(LANES):
        target[to + stride_to * k : to + stride_to * k + LANES] = rows[:, k]


def turn_two(source: Array, at: int, stride: int, target: Array, to: int) -> None:
    """Two rows of eight numbers into eight rows of two, one behind the other."""
    rows = np.array([source[at + stride * k : at + stride * k + LANES] for k in range(2)])
    target[to : to + 2 * LANES] = rows.T.ravel()


def turn_to_two(source: Array, at: int, target: Array, to: int, stride_to: int) -> None:
    """Eight rows of two numbers, one behind the other, into two rows."""
    rows = source[at : at + 2 * LANES].reshape(LANES, 2).T.copy()
    for k in range(2):
        target[to + stride_to * k : to + stride_to * k + LANES] = rows[k]


def _times(builder: Any, stride: Any, k: int) -> Any:
    return builder.mul(stride, ir.Constant(WHOLE, k))


def _turn(builder: Any, source: Any, at: Any, stride: Any, target: Any, to: Any, stride_to: Any) -> None:
    rows = transposed(builder, [load_at(builder, source, at, _times(builder, stride, k)) for k in range(LANES)])
    for k, row in enumerate(rows):
        store_at(builder, row, target, builder.add(to, _times(builder, stride_to, k)))


def _turn_two(builder: Any, source: Any, at: Any, stride: Any, target: Any, to: Any) -> None:
    rows = [load_at(builder, source, at, _times(builder, stride, k)) for k in range(2)]
    for half in range(2):
        places = [row + LANES // 2 * half + k for k in range(LANES // 2) for row in (0, LANES)]
        store_at(
            builder,
            shuffled(builder, rows[0], rows[1], places),
            target,
            builder.add(to, ir.Constant(WHOLE, LANES * half)),
        )


def _turn_to_two(builder: Any, source: Any, at: Any, target: Any, to: Any, stride_to: Any) -> None:
    rows = [load_at(builder, source, at, LANES * half) for half in range(2)]
    for k in range(2):
        column = shuffled(builder, rows[0], rows[1], list(range(k, 2 * LANES, 2)))
        store_at(builder, column, target, builder.add(to, _times(builder, stride_to, k)))


if not config.DISABLE_JIT:
    _turns, _turns_two, _turns_to_two = (emitted(f, False) for f in (_turn, _turn_two, _turn_to_two))
    turn = intrinsic(lambda _, a, b, c, d, e, f: (types.void(a, b, c, d, e, f), _turns))
    turn_two = intrinsic(lambda _, a, b, c, d, e: (types.void(a, b, c, d, e), _turns_two))
    turn_to_two = intrinsic(lambda _, a, b, c, d, e: (types.void(a, b, c, d, e), _turns_to_two))
