"""What numba compiles lanes to (popdyn.kernels.lanes): their type, and the code of what is done to them.

Every function is given a builder of code and the values that stand for numbers, vectors and data of arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import models, register_model

LANES = 8
"""Doubles of a vector, of a line of the cache, and columns of a table."""
VECTOR, WHOLE, SHORT = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(64), ir.IntType(32)
MAY_FUSE = ("contract",)


class LanesType(types.Type):  # type: ignore[misc]
    def __init__(self, count: int) -> None:
        self.count = count
        super().__init__(name=f"lanes of {count}")


EIGHT = LanesType(LANES)


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, of: Any) -> None:
        super().__init__(manager, of, ir.VectorType(ir.DoubleType(), of.count))


def _place(builder: Any, kind: Any, data: Any, *steps: Any) -> Any:
    for step in steps:
        data = builder.gep(data, [ir.Constant(WHOLE, step) if isinstance(step, int) else step])
    return builder.bitcast(data, kind.as_pointer())


def load_at(builder: Any, data: Any, *steps: Any, kind: Any = VECTOR) -> Any:
    vector = builder.load(_place(builder, kind, data, *steps))
    vector.align = 8
    return vector


def load_like(builder: Any, like: Any, data: Any, at: Any) -> Any:
    return load_at(builder, data, at, kind=like.type)


def load_apart(builder: Any, like: Any, data: Any, at: Any, stride: Any) -> Any:
    made = like
    for lane in range(lanes_in(like)):
        number = builder.load(builder.gep(data, [builder.add(at, builder.mul(stride, ir.Constant(WHOLE, lane)))]))
        made = number if lanes_in(like) == 1 else builder.insert_element(made, number, ir.Constant(SHORT, lane))
    return made


def store_at(builder: Any, vector: Any, data: Any, at: Any) -> None:
    builder.store(vector, _place(builder, vector.type, data, at)).align = 8


def shuffled(builder: Any, first: Any, second: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(first, second, ir.Constant(ir.VectorType(SHORT, len(places)), places))


def everywhere(builder: Any, number: Any, count: int = LANES) -> Any:
    if count == 1:
        return number
    none = ir.Constant(ir.VectorType(ir.DoubleType(), count), ir.Undefined)
    return shuffled(builder, builder.insert_element(none, number, ir.Constant(SHORT, 0)), none, count * [0])


def lanes_in(x: Any) -> int:
    return int(x.type.count) if isinstance(x.type, ir.VectorType) else 1


def in_lane(builder: Any, x: Any, lane: int) -> Any:
    return x if lanes_in(x) == 1 else builder.extract_element(x, ir.Constant(SHORT, lane))


def joined(builder: Any, a: Any, b: Any) -> Any:
    if lanes_in(a) > 1:
        return shuffled(builder, a, b, list(range(2 * lanes_in(a))))
    return builder.insert_element(everywhere(builder, a, 2), b, ir.Constant(SHORT, 1))


def half(of: int, builder: Any, x: Any) -> Any:
    count = lanes_in(x) // 2
    if count == 1:
        return in_lane(builder, x, of)
    return shuffled(builder, x, x, list(range(of * count, (of + 1) * count)))


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


def total(builder: Any, x: Any) -> Any:
    """By halves, quarters, eighths."""
    for step in (4, 2, 1):
        x = builder.fadd(x, shuffled(builder, x, x, [k ^ step for k in range(LANES)]))
    return in_lane(builder, x, 0)


def compared(sign: str, builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(sign, a, b), a, b)


def chosen(builder: Any, x: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">=", x, number_like(x, 0.0)), a, b)


def unlike(builder: Any, *pairs: Any) -> Any:
    return builder.or_(*[builder.fcmp_unordered("!=", *p) for p in zip(pairs[::2], pairs[1::2], strict=True)])


def counted(builder: Any, out: Any, *pairs: Any) -> Any:
    return builder.select(unlike(builder, *pairs), builder.fadd(out, number_like(out, 1.0)), out)


def differ(builder: Any, *pairs: Any) -> Any:
    found, count = unlike(builder, *pairs), lanes_in(pairs[0])
    if count == 1:
        return found
    bits = ir.IntType(count)
    return builder.icmp_unsigned("!=", builder.bitcast(found, bits), ir.Constant(bits, 0))


def number_like(like: Any, value: float) -> Any:
    return ir.Constant(like.type, lanes_in(like) * [value] if lanes_in(like) > 1 else value)


def called(name: str, builder: Any, *x: Any) -> Any:
    kind = f"v{lanes_in(x[0])}f64" if lanes_in(x[0]) > 1 else "f64"
    of = ir.FunctionType(x[0].type, len(x) * [x[0].type])
    return builder.call(builder.module.declare_intrinsic(f"llvm.{name}.{kind}", (), of), x)


def fused_less(builder: Any, a: Any, b: Any, c: Any) -> Any:
    return called("fma", builder, a, b, builder.fneg(c))


def arithmetic(name: str, builder: Any, a: Any, b: Any) -> Any:
    return getattr(builder, name)(a, b, flags=MAY_FUSE)


def times(builder: Any, a: Any, b: Any) -> Any:
    return arithmetic("fmul", builder, a, b)


def plus(builder: Any, a: Any, b: Any) -> Any:
    return arithmetic("fadd", builder, a, b)


def minus(builder: Any, a: Any, b: Any) -> Any:
    return arithmetic("fsub", builder, a, b)


def emitted(emit: Callable[..., Any], numbers: bool) -> Callable[..., Any]:
    """As numba asks for it: `emit` is given the data of arrays; `numbers` are all as wide as one of them is."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        given = [
            context.make_array(of)(context, builder, a).data if isinstance(of, types.Array) else a
            for of, a in zip(signature.args, args, strict=True)
        ]
        widest = wide(*signature.args)
        if numbers and isinstance(widest, LanesType):
            given = [a if lanes_in(a) > 1 else everywhere(builder, a, widest.count) for a in given]
        made = emit(builder, *given)
        if isinstance(signature.return_type, types.BaseTuple):
            return context.make_tuple(builder, signature.return_type, made)
        return context.get_dummy_value() if made is None else made

    return build


def wide(*given: Any) -> Any:
    """The lanes that are given, else a number."""
    return next((of for of in given if isinstance(of, LanesType)), types.float64)


def twice(of: Any) -> Any:
    return LanesType(2 * of.count) if isinstance(of, LanesType) else LanesType(2)


def halved(of: Any) -> Any:
    return LanesType(of.count // 2) if of.count > 2 else types.float64


def width(_builder: Any, like: Any) -> Any:
    return ir.Constant(WHOLE, lanes_in(like))
