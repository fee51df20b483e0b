"""Propagators of all nodes of a network as one bank."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as implicit
from popdyn.kernels import propagators as kernel
from popdyn.kernels.modes_network import HEARD, MEAN_RATE, Bank
from popdyn.rungs.modes_steps import begin_steps


def make_bank(
    tables: Sequence[kernel.Propagators], modes: Sequence[implicit.Modes], groups: NDArray[np.int64],
    starts: Sequence[implicit.State],
) -> Bank:  # fmt: skip
    """The tables and the modes of every group; of every node its group, and its state, of the implicit steps."""
    sizes = np.array([t.sizes for t in tables])
    sizes[:, kernel.FIRST] = np.cumsum([0, *(len(t.table) for t in tables[:-1])])
    table = np.zeros((sum(len(t.table) for t in tables), max(t.table.shape[1] for t in tables)))
    for t, first in zip(tables, sizes[:, kernel.FIRST], strict=True):
        table[first : first + len(t.table), : t.table.shape[1]] = t.table
    nodes, lags, moments = len(groups), int(sizes[:, kernel.LAGS].max()), int(sizes[:, kernel.TOP].max()) + 2
    bank = Bank(
        np.array([t.numbers for t in tables]), sizes, table, np.zeros((nodes, int(sizes[:, kernel.ROWS].max()))),
        np.zeros((nodes, int(sizes[:, kernel.LONG].max()))), np.zeros((nodes, kernel.SCALARS)),
        np.zeros((nodes, lags, moments)), np.zeros((nodes, 2, moments)), np.zeros((nodes, 1), dtype=np.int64),
        np.zeros((nodes, HEARD)),
    )  # fmt: skip
    for q, (g, start) in enumerate(zip(groups, starts, strict=True)):
        state = begin_steps(tables[g], modes[g], start)
        bank.y[q, : state.y.size], bank.scalars[q] = state.y, state.scalars
        bank.past[q, : len(state.past), : state.past.shape[1]] = state.past
        bank.heard[q, MEAN_RATE] = start.past[0, 0]
    return bank
