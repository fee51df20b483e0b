"""The cells of the table that two cascade units side by side are in, kept while they stay there.

Each says in Python what it does; where numba compiles, what stands at the foot runs in its stead.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from popdyn.kernels.lane_code import (
    LANES,
    WHOLE,
    LanesType,
    emitted,
    everywhere,
    half,
    in_lane,
    joined,
    load_at,
    minus,
    number_like,
    plus,
    shuffled,
    store_at,
    times,
)
from popdyn.kernels.lanes import Eight

Array = NDArray[np.float64]
EVEN = [number + k for k in range(0, LANES, 2) for number in (0, LANES)]
ODD = [1 + place for place in EVEN]
PARTS = 4
"""Of a cell: the columns where it begins, what they rise by over e, over sigma, and what either rise rises by over the
other. Kept are the PARTS of columns 0, 2, 4, 6, then of columns 1, 3, 5, 7, of both units side by side."""


def keep_cells(table: Array, row: int, first: Eight, place: Eight, x: Array, to: int) -> None:
    """The cells at whole places, joined those of e and of sigma, into x[to:]; first, row as for `look_up_eight`."""
    found = []
    for lane in range(2):
        at = int(first[lane]) + row * int(place[2 + lane]) + LANES * int(place[lane])
        near, next_e, next_sigma, far = (table[at + k : at + k + LANES] for k in (0, LANES, row, row + LANES))
        found.append((near, next_e - near, next_sigma - near, (far - next_e) - (next_sigma - near)))
    kept = [np.array(part)[:, k::2].T.ravel() for k in range(2) for part in zip(*found, strict=True)]
    x[to : to + 2 * PARTS * LANES] = np.concatenate(kept)


def kept_columns(x: Array, at: int, share: Eight) -> tuple[Eight, ...]:
    """Columns 0 to 3, 5 and 7 of two units at shares of the cells kept at x[at:]; then 4 and 6, joined.

    share : joined those over e and over sigma
    """
    along, across = np.resize(share[:2], LANES), np.resize(share[2:], LANES)
    kept = x[at : at + 2 * PARTS * LANES].reshape(2, PARTS, LANES)
    rows = [(a + across * c) + along * (b + across * d) for a, b, c, d in kept]
    columns = [rows[k % 2][k - k % 2 :][:2].copy() for k in range(LANES)]
    return (*columns[:4], columns[5], columns[7], np.append(columns[4], columns[6]))


def _keep(builder: Any, table: Any, row: Any, first: Any, place: Any, x: Any, to: Any) -> None:
    along, across = (half(k, builder, place) for k in range(2))
    rows = everywhere(builder, builder.sitofp(row, ir.DoubleType()), 2)
    begin = plus(builder, first, times(builder, rows, across))
    begin = plus(builder, begin, times(builder, along, number_like(along, float(LANES))))
    found = []
    for lane in range(2):
        at = builder.fptosi(in_lane(builder, begin, lane), WHOLE)
        near, next_e = (load_at(builder, table, at, step) for step in (0, LANES))
        next_sigma, far = (load_at(builder, table, at, row, step) for step in (0, LANES))
        rise, louder = minus(builder, next_e, near), minus(builder, next_sigma, near)
        found.append((near, rise, louder, minus(builder, minus(builder, far, next_e), louder)))
    kept = [shuffled(builder, a, b, places) for places in (EVEN, ODD) for a, b in zip(*found, strict=True)]
    for k, part in enumerate(kept):
        store_at(builder, part, x, builder.add(to, ir.Constant(WHOLE, LANES * k)))


def _kept_columns(builder: Any, x: Any, at: Any, share: Any) -> list[Any]:
    along, across = (shuffled(builder, share, share, LANES // 2 * places) for places in ([0, 1], [2, 3]))
    rows = []
    for k in range(2):
        a, b, c, d = (load_at(builder, x, at, LANES * (PARTS * k + part)) for part in range(PARTS))
        low = plus(builder, a, times(builder, across, c))
        rise = plus(builder, b, times(builder, across, d))
        rows.append(plus(builder, low, times(builder, along, rise)))
    columns = [shuffled(builder, rows[k % 2], rows[k % 2], [k - k % 2, k - k % 2 + 1]) for k in range(LANES)]
    return [*columns[:4], columns[5], columns[7], joined(builder, columns[4], columns[6])]


if not config.DISABLE_JIT:
    FOUND = types.Tuple([*(LANES - 2) * [LanesType(2)], LanesType(4)])
    _kept, _read = emitted(_keep, False), emitted(_kept_columns, False)
    keep_cells = intrinsic(lambda _, t, row, at, place, x, to: (types.void(t, row, at, place, x, to), _kept))
    kept_columns = intrinsic(lambda _, x, at, share: (FOUND(x, at, share), _read))
