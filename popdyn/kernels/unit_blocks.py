"""A block of steps of up to eight nodes of a network of cascade units: from what each hears to what each fires."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade import march
from popdyn.kernels.few_units import march_few
from popdyn.kernels.lane_turns import turn, turn_to_two, turn_two
from popdyn.kernels.lanes import LANES, filled, store, two
from popdyn.kernels.synapses import BLOCK

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class Units(NamedTuple):
    """The units of all nodes, eight to a row of lanes (popdyn.kernels.cascade): node q is lane q % 8 of row q // 8."""

    table: Array  # (number,) tables of all kinds, one behind the other
    row: int  # numbers in a row of a table
    lanes: Array  # (eight, slot x 8)
    variables: int  # of the node with most
    current: Array  # (node, variable) share of w that is a current


class Block(NamedTuple):
    """What belongs to the steps of one block."""

    past: Array  # (population + external row, place) rates in a row, the newest at the end
    work: Array  # (BLOCK,)
    brought: Array  # (projection x BROUGHT,)
    mean: Whole  # (entry of nodes,) where in it its projection's u begins
    variance: Whole  # the same of v
    seen: Array  # (node, WATCHED x 8): as `modes_network.watch` of whole blocks, in eight parts
    by_node: Array  # (3, 8 x BLOCK): mu, sigma (at first D), rate of eight nodes, each node's steps in a row
    by_step: Array  # (3, BLOCK x 8): the same, each step's nodes in a row
    marked: Array  # (step x `seen_numbers`,) of the middles of bins


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _step_one(units: Units, block: Block, eight: int, steps: int, mark: int, per_bin: int) -> None:
    """One node through block.by_node; what it fires beyond the block is 0."""
    drive, spread, rate = block.by_node
    march_few(
        0.0, units.table, units.row, units.lanes[eight], units.variables, drive, spread, steps, mark, per_bin,
        block.marked, 0, rate,
    )  # fmt: skip
    for t in range(steps, BLOCK):
        rate[t] = 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _step_two(units: Units, block: Block, eight: int, steps: int, mark: int, per_bin: int) -> None:
    """Two nodes, likewise."""
    nodes_of, steps_of = block.by_node, block.by_step
    for k in range(2):
        turn_two(nodes_of[k], 0, BLOCK, steps_of[k], 0)
        turn_two(nodes_of[k], LANES, BLOCK, steps_of[k], 2 * LANES)
    march_few(
        two(0.0), units.table, units.row, units.lanes[eight], units.variables, steps_of[0], steps_of[1], steps, mark,
        per_bin, block.marked, 0, steps_of[2],
    )  # fmt: skip
    for t in range(steps, BLOCK):
        store(two(0.0), steps_of[2], 2 * t)
    turn_to_two(steps_of[2], 0, nodes_of[2], 0, BLOCK)
    turn_to_two(steps_of[2], 2 * LANES, nodes_of[2], LANES, BLOCK)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _step_eight(units: Units, block: Block, eight: int, steps: int, mark: int, per_bin: int) -> None:
    """Three to eight nodes, likewise."""
    nodes_of, steps_of = block.by_node, block.by_step
    for k in range(2):
        turn(nodes_of[k], 0, BLOCK, steps_of[k], 0, LANES)
        turn(nodes_of[k], LANES, BLOCK, steps_of[k], LANES * LANES, LANES)
    march(
        units.table, units.row, units.lanes[eight], units.variables, steps_of[0], steps_of[1], steps, mark, per_bin,
        block.marked, 0, steps_of[2],
    )  # fmt: skip
    for t in range(steps, BLOCK):
        store(filled(0.0), steps_of[2], LANES * t)
    turn(steps_of[2], 0, LANES, nodes_of[2], 0, BLOCK)
    turn(steps_of[2], LANES * LANES, LANES, nodes_of[2], LANES, BLOCK)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def step_nodes(units: Units, block: Block, eight: int, count: int, steps: int, mark: int, per_bin: int) -> None:
    """So many nodes of a row of lanes through a block; V_mean and w of steps mark, mark + per_bin, .. are noted."""
    if count == 1:
        _step_one(units, block, eight, steps, mark, per_bin)
    elif count == 2:
        _step_two(units, block, eight, steps, mark, per_bin)
    else:
        _step_eight(units, block, eight, steps, mark, per_bin)
