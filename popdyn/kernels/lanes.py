"""Eight doubles at once: a number type of the kernels with its arithmetic.

The functions here say in Python what they do, with an array (8,) for eight numbers; where numba compiles, what stands
at the foot runs in their stead, and an eight lives in one register where the processor has such. The same functions
of one number each serve one unit.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic, lower_builtin, models, register_model, type_callable
from numpy.typing import NDArray

Array = NDArray[np.float64]
Eight = Any
"""Array (8,), or one number."""

LANES = 8
"""Doubles of a vector, of a line of the cache, and columns of a table."""


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
    x[at : at + LANES] = value


def turn(source: Array, at: int, stride: int, target: Array, to: int, stride_to: int) -> None:
    """Eight rows of eight numbers into columns; rows begin every `stride` numbers, where they go every `stride_to`."""
    rows = np.array([source[at + stride * k : at + stride * k + LANES] for k in range(LANES)])
    for k in range(LANES):
        target[to + stride_to * k : to + stride_to * k + LANES] = rows[:, k]


def turn_two(source: Array, at: int, stride: int, target: Array, to: int, stride_to: int) -> None:
    """`turn` where only the first two rows matter."""
    turn(source, at, stride, target, to, stride_to)


def turn_to_two(source: Array, at: int, stride: int, target: Array, to: int, stride_to: int) -> None:
    """`turn` where only the first two columns matter."""
    turn(source, at, stride, target, to, stride_to)


def filled(value: float) -> Eight:
    return np.full(LANES, value)


def most(a: Eight, b: Eight) -> Eight:
    """The larger; b where a is no number."""
    return np.where(a > b, a, b)


def least(a: Eight, b: Eight) -> Eight:
    """The smaller; b where a is no number."""
    return np.where(a < b, a, b)


def chosen(x: Eight, a: Eight, b: Eight) -> Eight:
    """a where x >= 0, else b."""
    return np.where(x >= 0.0, a, b)


def counted(out: Eight, a: Eight, b: Eight, c: Eight, d: Eight) -> Eight:
    """out + 1 where a is not b or c is not d, else out."""
    return np.where((a != b) | (c != d), out + 1.0, out)


def total(x: Eight) -> float:
    """Sum of all eight."""
    return float(np.sum(x))


def size(x: Eight) -> Eight:
    return np.abs(x)


def whole(x: Eight) -> Eight:
    return np.floor(x)


def root(x: Eight) -> Eight:
    return np.sqrt(x)


VECTOR, WHOLE, SHORT = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(64), ir.IntType(32)
MAY_FUSE = ("contract",)


class EightType(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name="eight")


EIGHT = EightType()


@register_model(EightType)
class EightModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, VECTOR)


def _place(builder: Any, data: Any, *steps: Any) -> Any:
    for step in steps:
        data = builder.gep(data, [ir.Constant(WHOLE, step) if isinstance(step, int) else step])
    return builder.bitcast(data, VECTOR.as_pointer())


def load_at(builder: Any, data: Any, *steps: Any) -> Any:
    vector = builder.load(_place(builder, data, *steps))
    vector.align = 8
    return vector


def _store(builder: Any, vector: Any, data: Any, at: Any) -> None:
    builder.store(vector, _place(builder, data, at)).align = 8


def shuffled(builder: Any, first: Any, second: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(SHORT, LANES), places))


def everywhere(builder: Any, number: Any) -> Any:
    none = ir.Constant(VECTOR, ir.Undefined)
    return shuffled(builder, builder.insert_element(none, number, ir.Constant(SHORT, 0)), none, LANES * [0])


def transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """The transpose of eight vectors, in three rounds that exchange halves, quarters, eighths."""
    for step in (1, 2, 4):
        stays = [k if not k & step else LANES + k - step for k in range(LANES)]
        comes = [k + step if not k & step else LANES + k for k in range(LANES)]
        before = list(rows)
        for k in (k for k in range(LANES) if not k & step):
            rows[k] = shuffled(builder, before[k], before[k + step], stays)
            rows[k + step] = shuffled(builder, before[k], before[k + step], comes)
    return rows


def _total(builder: Any, x: Any) -> Any:
    """By halves, quarters, eighths."""
    for step in (4, 2, 1):
        x = builder.fadd(x, shuffled(builder, x, x, [k ^ step for k in range(LANES)]))
    return builder.extract_element(x, ir.Constant(SHORT, 0))


def _times(builder: Any, stride: Any, k: int) -> Any:
    return builder.mul(stride, ir.Constant(WHOLE, k))


def _turn(builder: Any, source: Any, at: Any, stride: Any, target: Any, to: Any, stride_to: Any) -> None:
    rows = transposed(builder, [load_at(builder, source, at, _times(builder, stride, k)) for k in range(LANES)])
    for k, row in enumerate(rows):
        _store(builder, row, target, builder.add(to, _times(builder, stride_to, k)))


def _turn_two(builder: Any, source: Any, at: Any, stride: Any, target: Any, to: Any, stride_to: Any) -> None:
    rows = [load_at(builder, source, at, _times(builder, stride, k)) for k in range(2)]
    for k in range(LANES):
        column = shuffled(builder, rows[0], rows[1], LANES // 2 * [k, LANES + k])
        _store(builder, column, target, builder.add(to, _times(builder, stride_to, k)))


def _turn_to_two(builder: Any, source: Any, at: Any, stride: Any, target: Any, to: Any, stride_to: Any) -> None:
    rows = [load_at(builder, source, at, _times(builder, stride, k)) for k in range(LANES)]
    while len(rows) > 2:  # 1 x 2 numbers that matter, 2 x 2, 4 x 2
        have = 2 * LANES // len(rows)
        take = [*range(have), *range(LANES, LANES + have)]
        take = LANES // len(take) * take
        rows = [shuffled(builder, a, b, take) for a, b in zip(rows[::2], rows[1::2], strict=True)]
    for k in range(2):
        column = shuffled(builder, rows[0], rows[1], list(range(k, 2 * LANES, 2)))
        _store(builder, column, target, builder.add(to, _times(builder, stride_to, k)))


def _compared(sign: str, builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(sign, a, b), a, b)


def _chosen(builder: Any, x: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">=", x, ir.Constant(x.type, _zero(x))), a, b)


def _counted(builder: Any, out: Any, *pairs: Any) -> Any:
    differ = [builder.fcmp_unordered("!=", a, b) for a, b in zip(pairs[::2], pairs[1::2], strict=True)]
    one = ir.Constant(out.type, LANES * [1.0] if out.type == VECTOR else 1.0)
    return builder.select(builder.or_(*differ), builder.fadd(out, one), out)


def _zero(x: Any) -> Any:
    return LANES * [0.0] if x.type == VECTOR else 0.0


def called(name: str, builder: Any, x: Any) -> Any:
    kind = "v8f64" if x.type == VECTOR else "f64"
    function = builder.module.declare_intrinsic(f"llvm.{name}.{kind}", (), ir.FunctionType(x.type, [x.type]))
    return builder.call(function, [x])


def _arithmetic(name: str, builder: Any, a: Any, b: Any) -> Any:
    return getattr(builder, name)(a, b, flags=MAY_FUSE)


def emitted(emit: Callable[..., Any], numbers: bool) -> Callable[..., Any]:
    """As numba asks for it: `emit` is given the data of arrays; `numbers` are all eights where one is."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [
            context.make_array(of)(context, builder, a).data if isinstance(of, types.Array) else a
            for of, a in zip(signature.args, args, strict=True)
        ]
        if numbers and EIGHT in signature.args:
            given = [a if a.type == VECTOR else everywhere(builder, a) for a in given]
        made = emit(builder, *given)
        if isinstance(signature.return_type, types.UniTuple):
            return context.make_tuple(builder, signature.return_type, made)
        return context.get_dummy_value() if made is None else made

    return build


def _of(*given: Any) -> Any:
    """An eight where one is given, else a number."""
    return EIGHT if EIGHT in given else types.float64


def _operator(of: Any, name: str) -> None:
    code, number = emitted(partial(_arithmetic, name), True), types.float64
    type_callable(of)(lambda _: lambda a, b: EIGHT if EIGHT in (a, b) else None)
    for pair in ((EIGHT, EIGHT), (EIGHT, number), (number, EIGHT)):
        lower_builtin(of, *pair)(code)


if not config.DISABLE_JIT:
    _stored, _loaded = (emitted(f, False) for f in (_store, load_at))
    _turns, _turns_two, _turns_to_two = (emitted(f, False) for f in (_turn, _turn_two, _turn_to_two))
    _root, _floor, _size = (emitted(partial(called, name), True) for name in ("sqrt", "floor", "fabs"))
    _fill, _count, _sum = emitted(everywhere, True), emitted(_counted, True), emitted(_total, False)
    _most, _least, _choice = (emitted(f, True) for f in (partial(_compared, ">"), partial(_compared, "<"), _chosen))
    load = intrinsic(lambda _, x, at: (EIGHT(x, at), _loaded))
    turn = intrinsic(lambda _, a, b, c, d, e, f: (types.void(a, b, c, d, e, f), _turns))
    turn_two = intrinsic(lambda _, a, b, c, d, e, f: (types.void(a, b, c, d, e, f), _turns_two))
    turn_to_two = intrinsic(lambda _, a, b, c, d, e, f: (types.void(a, b, c, d, e, f), _turns_to_two))
    store = intrinsic(lambda _, value, x, at: (types.void(value, x, at), _stored))
    filled = intrinsic(lambda _, value: (EIGHT(value), _fill))
    most = intrinsic(lambda _, a, b: (_of(a, b)(a, b), _most))
    least = intrinsic(lambda _, a, b: (_of(a, b)(a, b), _least))
    chosen = intrinsic(lambda _, x, a, b: (_of(x, a, b)(x, a, b), _choice))
    counted = intrinsic(lambda _, out, a, b, c, d: (_of(out, a, b, c, d)(out, a, b, c, d), _count))
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
