"""Time stepping of a network of cascade units: projections, then every node's unit, then the activity.

The rates that travel are means over their steps, and so are the drives that they become a delay later: both belong to
the middle of a step, and a delay of n steps is n steps. One node costs a look-up and an update of its few variables.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade import LAST_V, W, step
from popdyn.kernels.modes_network import Nodes, hear, watch
from popdyn.kernels.synapses import Projections, transmit

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE, V_MEAN, W_MEAN, OUTPUTS = range(4)
BEYOND = 100.0  # spikes per neuron and step that no unit fires


class Units(NamedTuple):
    """The units of all groups (popdyn.kernels.cascade.Unit), one below the other."""

    numbers: Array  # (group, NUMBERS)
    table: Array  # (row, e, COLUMNS)
    rows: Whole  # (group + 1,) where the rows of a group begin, and end
    adaptation: Array  # (variable, ADAPTATION)
    variables: Whole  # (group + 1,) likewise of its adaptation
    current: Array  # (variable,) share of w that is a current


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def advance(units: Units, g: int, state: Array, mu: float, D: float) -> float:
    """One step of a node with the unit of group g; its mean rate [1/s]."""
    table = units.table[units.rows[g] : units.rows[g + 1]]
    adaptation = units.adaptation[units.variables[g] : units.variables[g + 1]]
    return step(units.numbers[g], table, adaptation, state, mu, math.sqrt(2.0 * D))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _means(units: Units, nodes: Nodes, state: Array, out: Array) -> None:
    """<V> and <w> of every population into out (population, OUTPUTS)."""
    for q in range(nodes.population.shape[0]):
        a, g, share = nodes.population[q], nodes.group[q], nodes.weight[q]
        out[a, V_MEAN] += share * (state[q, LAST_V] + nodes.shift[q])
        for j in range(units.variables[g + 1] - units.variables[g]):
            out[a, W_MEAN] += share * units.current[units.variables[g] + j] * state[q, W + j]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, nogil=True)
def run(
    units: Units, nodes: Nodes, projections: Projections, activity: Array, external: Array, mu: Array, D: Array,
    first: int, dt: float, state: Array, out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """Advance `state` (node, W + variable) through mu, D (population, step), writing out (population, bin, OUTPUTS).

    mu, D and external (row, step) are those in the middle of each step. activity (population + external row, ring)
    holds the rates before step `first`. Rates are means over the bins, V_mean and w_mean belong to their middle.
    node_rate and watched as in `modes_network.run`. Returns the steps done: fewer than asked where a rate is no number.
    """
    populations, ring = mu.shape[0], activity.shape[1]
    per_bin = mu.shape[1] // out.shape[1]
    middle = (per_bin - 1) // 2
    for t in range(mu.shape[1]):
        now, b = (first + t) % ring, t // per_bin
        for row in range(external.shape[0]):
            activity[populations + row, now] = external[row, t]
        transmit(projections, activity, first + t, dt)
        for a in range(populations):
            activity[a, now] = 0.0
        for q in range(nodes.population.shape[0]):
            a = nodes.population[q]
            drive, noise = hear(nodes, projections, q, mu[a, t], D[a, t])
            watch(nodes.box[q], drive, noise, watched[q])
            rate = advance(units, nodes.group[q], state[q], drive, noise)
            activity[a, now] += nodes.weight[q] * rate
            node_rate[q] += rate
        for a in range(populations):
            out[a, b, RATE] += activity[a, now] / per_bin
            if not abs(activity[a, now]) < BEYOND / dt:  # nor is it a number
                return t
        if t == b * per_bin + middle:
            _means(units, nodes, state, out[:, b])
    return mu.shape[1]
