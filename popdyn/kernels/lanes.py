"""Eight doubles at once: a number type of the kernels with its arithmetic. Two and four, likewise, for few units.

The functions here say in Python what they do, with an array (8,) for eight numbers; where numba compiles, what stands
at the foot runs in their stead, and an eight lives in one register where the processor has such. The same functions
of one number each serve one unit. Where a function is given a `like`, that says how many numbers are meant.
"""

from __future__ import annotations

import operator
from functools import partial
from typing import Any

import numpy as np
from numba import config, types
from numba.extending import intrinsic, lower_builtin, type_callable
from numpy.typing import NDArray

from popdyn.kernels import lane_code as code
from popdyn.kernels.lane_code import EIGHT, LanesType, emitted, halved, twice, wide

Array = NDArray[np.float64]
Eight = Any
"""Array (8,), or (4,) or (2,), or one number."""

LANES = code.LANES


def aligned(values: Array) -> Array:
    """A copy whose first number begins a line of the cache."""
    room = np.empty(values.size + LANES)
    skip = -(room.ctypes.data // 8) % LANES
    copy = room[skip : skip + values.size].reshape(values.shape)
    copy[...] = values
    return copy


def load(x: Array, at: int) -> Eight:
    """x[at : at + 8]."""
    return x[at : at + LANES].copy()


def store(value: Eight, x: Array, at: int) -> None:
    """x[at : at + 8] = value."""
    x[at : at + np.size(value)] = value


def load_like(like: Eight, x: Array, at: int) -> Eight:
    """As many of x, from `at` on."""
    return float(x[at]) if np.size(like) == 1 else x[at : at + np.size(like)].copy()


def load_apart(like: Eight, x: Array, at: int, stride: int) -> Eight:
    """As many of x, the first at `at`, every next `stride` further."""
    return float(x[at]) if np.size(like) == 1 else x[at : at + stride * np.size(like) : stride].copy()


def width(like: Eight) -> int:
    """How many numbers."""
    return int(np.size(like))


def filled(value: float) -> Eight:
    return np.full(LANES, value)


def two(value: float) -> Eight:
    """Lanes of two."""
    return np.full(2, value)


def joined(a: Eight, b: Eight) -> Eight:
    """a and behind it b, of which each is as wide."""
    return np.append(a, b)


def lower(x: Eight) -> Eight:
    """The first half."""
    return load_like(x[: x.size // 2], x, 0)


def upper(x: Eight) -> Eight:
    """The second half."""
    return load_like(x[: x.size // 2], x, x.size // 2)


def most(a: Eight, b: Eight) -> Eight:
    """The larger; b where a is no number."""
    return np.where(a > b, a, b)


def least(a: Eight, b: Eight) -> Eight:
    """The smaller; b where a is no number."""
    return np.where(a < b, a, b)


def chosen(x: Eight, a: Eight, b: Eight) -> Eight:
    """a where x >= 0, else b."""
    return np.where(x >= 0.0, a, b)


def fused_less(a: Eight, b: Eight, c: Eight) -> Eight:
    """a b - c in one operation, also where numba would not make it one."""
    return a * b - c


def counted(out: Eight, a: Eight, b: Eight, c: Eight, d: Eight) -> Eight:
    """out + 1 where a is not b or c is not d, else out."""
    return np.where((a != b) | (c != d), out + 1.0, out)


def differ(a: Eight, b: Eight, c: Eight, d: Eight) -> bool:
    """Whether a is not b, or c is not d, in any lane."""
    return bool(np.any((a != b) | (c != d)))


def total(x: Eight) -> float:
    """Sum of all eight."""
    return float(np.sum(x))


def size(x: Eight) -> Eight:
    return np.abs(x)


def whole(x: Eight) -> Eight:
    return np.floor(x)


def root(x: Eight) -> Eight:
    return np.sqrt(x)


def _operator(of: Any, name: str) -> None:
    made, number = emitted(partial(code.arithmetic, name), True), types.float64
    type_callable(of)(lambda _: lambda a, b: wide(a, b) if isinstance(wide(a, b), LanesType) else None)
    for pair in ((LanesType, LanesType), (LanesType, number), (number, LanesType)):
        lower_builtin(of, *pair)(made)


if not config.DISABLE_JIT:
    _stored, _loaded, _loaded_like = (emitted(f, False) for f in (code.store_at, code.load_at, code.load_like))
    _root, _floor, _size = (emitted(partial(code.called, name), True) for name in ("sqrt", "floor", "fabs"))
    _fill, _fill_two = (emitted(partial(code.everywhere, count=n), False) for n in (LANES, 2))
    _most, _least, _choice = (
        emitted(f, True) for f in (partial(code.compared, ">"), partial(code.compared, "<"), code.chosen)
    )
    _join, _low, _high = (emitted(f, False) for f in (code.joined, partial(code.half, 0), partial(code.half, 1)))
    _count, _differs, _sum = emitted(code.counted, True), emitted(code.differ, True), emitted(code.total, False)
    load = intrinsic(lambda _, x, at: (EIGHT(x, at), _loaded))
    load_like = intrinsic(lambda _, like, x, at: (like(like, x, at), _loaded_like))
    load_apart = intrinsic(lambda _, k, x, at, by: (k(k, x, at, by), emitted(code.load_apart, False)))
    store = intrinsic(lambda _, value, x, at: (types.void(value, x, at), _stored))
    width = intrinsic(lambda _, like: (types.intp(like), emitted(code.width, False)))
    filled = intrinsic(lambda _, value: (EIGHT(value), _fill))
    two = intrinsic(lambda _, value: (LanesType(2)(value), _fill_two))
    joined = intrinsic(lambda _, a, b: (twice(a)(a, b), _join))
    lower = intrinsic(lambda _, x: (halved(x)(x), _low))
    upper = intrinsic(lambda _, x: (halved(x)(x), _high))
    most = intrinsic(lambda _, a, b: (wide(a, b)(a, b), _most))
    least = intrinsic(lambda _, a, b: (wide(a, b)(a, b), _least))
    chosen = intrinsic(lambda _, x, a, b: (wide(x, a, b)(x, a, b), _choice))
    fused_less = intrinsic(lambda _, a, b, c: (wide(a, b, c)(a, b, c), emitted(code.fused_less, True)))
    counted = intrinsic(lambda _, out, a, b, c, d: (wide(out, a, b, c, d)(out, a, b, c, d), _count))
    differ = intrinsic(lambda _, a, b, c, d: (types.boolean(a, b, c, d), _differs))
    total = intrinsic(lambda _, x: (types.float64(x), _sum))
    size = intrinsic(lambda _, x: (x(x), _size))
    whole = intrinsic(lambda _, x: (x(x), _floor))
    root = intrinsic(lambda _, x: (x(x), _root))
    for _sign, _name in (
        (operator.add, "fadd"),
        (operator.sub, "fsub"),
        (operator.mul, "fmul"),
        (operator.truediv, "fdiv"),
    ):
        _operator(_sign, _name)
