"""Eight steps of a linear filter at once, in lanes of time (popdyn.kernels.lanes).

Each says in Python what it does; where numba compiles, what stands at the foot runs in its stead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

from popdyn.kernels.lane_code import EIGHT, LANES, MAY_FUSE, SHORT, VECTOR, emitted, everywhere, shuffled
from popdyn.kernels.lanes import Eight


def filtered(x: Eight, old: float, powers: Eight) -> Eight:
    """y_k = x_k + a y_(k-1), y_(-1) = old; powers : a, a^2, ..., a^8."""
    y = np.empty(LANES)
    for k in range(LANES):
        y[k] = old = x[k] + powers[0] * old
    return y


def behind(old: float, x: Eight) -> Eight:
    """old and the first seven of x."""
    return np.append(old, x[:-1])


def final(x: Eight) -> float:
    """The last of eight."""
    return float(x[-1])


def _filtered(builder: Any, x: Any, old: Any, powers: Any) -> Any:
    """In three rounds: what one, two and four steps before have left."""
    for by in (1, 2, 4):
        late = shuffled(builder, ir.Constant(VECTOR, LANES * [0.0]), x, [LANES + k - by for k in range(LANES)])
        left = shuffled(builder, powers, powers, LANES * [by - 1])
        x = builder.fadd(x, builder.fmul(left, late, flags=MAY_FUSE), flags=MAY_FUSE)
    return builder.fadd(x, builder.fmul(powers, everywhere(builder, old), flags=MAY_FUSE), flags=MAY_FUSE)


def _behind(builder: Any, old: Any, x: Any) -> Any:
    return shuffled(builder, everywhere(builder, old), x, [LANES + k - 1 if k else 0 for k in range(LANES)])


def _final(builder: Any, x: Any) -> Any:
    return builder.extract_element(x, ir.Constant(SHORT, LANES - 1))


if not config.DISABLE_JIT:
    _filters, _moves, _ends = (emitted(f, False) for f in (_filtered, _behind, _final))
    filtered = intrinsic(lambda _, x, old, powers: (EIGHT(x, old, powers), _filters))
    behind = intrinsic(lambda _, old, x: (EIGHT(old, x), _moves))
    final = intrinsic(lambda _, x: (types.float64(x), _ends))
