"""Time stepping of a network of cascade units, in blocks of steps that no delay is shorter than.

Within a block nothing that its nodes fire arrives: first all projections go through it, then what every node hears,
then the units, eight nodes at once, then the activity. The rates that travel are means over their steps, and so are
the drives that they become a delay later: both belong to the middle of a step, and a delay of n steps is n steps.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade import EACH, LAST_V, W, march
from popdyn.kernels.lanes import LANES
from popdyn.kernels.modes_network import HIGH_D, HIGH_MU, LOW_D, LOW_MU, OUTSIDE, Nodes
from popdyn.kernels.synapses import BLOCK, Projections, transmit_block

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE, V_MEAN, W_MEAN, OUTPUTS = range(4)
ROOM = 64  # steps that are kept beyond what delays need
BEYOND = 100.0  # spikes per neuron and step that no unit fires


class Units(NamedTuple):
    """The units of all nodes, eight nodes to a row of lanes (popdyn.kernels.cascade): node q is lane q % 8 of q // 8."""

    table: Array  # (number,) tables of all kinds, one behind the other
    row: int  # numbers in a row of a table
    lanes: Array  # (eight, slot x 8)
    variables: int  # of the node with most
    current: Array  # (node, variable) share of w that is a current


class Block(NamedTuple):
    """What belongs to the steps of one block."""

    past: Array  # (population + external row, place) rates in a row, the newest at the end
    arrived: Array  # (BLOCK,)
    mean: Array  # (projection, BLOCK)
    variance: Array
    drive: Array  # (BLOCK,)
    noise: Array
    mu: Array  # (BLOCK x 8,)
    sigma: Array
    rate: Array


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _hear(nodes: Nodes, like: Whole, block: Block, q: int) -> None:
    """Adds what node q hears to block.drive and block.noise."""
    drive, noise, mean, variance = block.drive, block.noise, block.mean, block.variance
    i, end = nodes.begin[q], nodes.begin[q + 1]
    while i + 3 < end:
        k, m, n, o = (
            like[nodes.source[i]],
            like[nodes.source[i + 1]],
            like[nodes.source[i + 2]],
            like[nodes.source[i + 3]],
        )
        a, b, c, d = nodes.gain_mu[i], nodes.gain_mu[i + 1], nodes.gain_mu[i + 2], nodes.gain_mu[i + 3]
        for t in range(BLOCK):
            drive[t] += a * mean[k, t] + b * mean[m, t] + (c * mean[n, t] + d * mean[o, t])
        a, b, c, d = nodes.gain_D[i], nodes.gain_D[i + 1], nodes.gain_D[i + 2], nodes.gain_D[i + 3]
        for t in range(BLOCK):
            noise[t] += a * variance[k, t] + b * variance[m, t] + (c * variance[n, t] + d * variance[o, t])
        i += 4
    for j in range(i, end):
        k, a, b = like[nodes.source[j]], nodes.gain_mu[j], nodes.gain_D[j]
        for t in range(BLOCK):
            drive[t] += a * mean[k, t]
            noise[t] += b * variance[k, t]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _watch(box: Array, drive: Array, noise: Array, steps: int, watched: Array) -> None:
    """As `modes_network.watch`, through `steps` steps."""
    low_mu, high_mu, low_D, high_D = watched[LOW_MU], watched[HIGH_MU], watched[LOW_D], watched[HIGH_D]
    outside = 0
    for t in range(steps):
        mu, D = drive[t], noise[t]
        low_mu, high_mu, low_D, high_D = min(low_mu, mu), max(high_mu, mu), min(low_D, D), max(high_D, D)
        outside += (mu < box[0]) | (mu > box[1]) | (D < box[2]) | (D > box[3])
    watched[LOW_MU], watched[HIGH_MU], watched[LOW_D], watched[HIGH_D] = low_mu, high_mu, low_D, high_D
    watched[OUTSIDE] += outside


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _drive(
    nodes: Nodes, like: Whole, block: Block, q: int, mu: Array, D: Array, first: int, steps: int, watched: Array
) -> None:
    """mu and sigma of node q through a block, into its lane of block.mu and block.sigma."""
    lane = q % LANES
    for t in range(steps):
        block.drive[t], block.noise[t] = nodes.offset[q] + mu[first + t], nodes.noise[q] + D[first + t]
    _hear(nodes, like, block, q)
    _watch(nodes.box[q], block.drive, block.noise, steps, watched)
    for t in range(steps):
        block.mu[LANES * t + lane], block.sigma[LANES * t + lane] = block.drive[t], math.sqrt(2.0 * block.noise[t])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _means(units: Units, nodes: Nodes, first: int, end: int, out: Array, b: int) -> None:
    """Adds to <V> and <w> of the populations in bin b of out (population, bin, OUTPUTS)."""
    for q in range(first, end):
        x, lane, a, share = units.lanes[q // LANES], q % LANES, nodes.population[q], nodes.weight[q]
        out[a, b, V_MEAN] += share * (x[LANES * LAST_V + lane] + nodes.shift[q])
        for j in range(units.variables):
            out[a, b, W_MEAN] += share * units.current[q, j] * x[LANES * (W + EACH * j) + lane]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _fire(
    units: Units, nodes: Nodes, block: Block, eight: int, begin: int, steps: int, at: int, per_bin: int, out: Array,
    node_rate: Array,
) -> None:  # fmt: skip
    """Eight nodes through the block of steps from `begin` on; what they fire into block.past at place `at`."""
    first, end = LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])
    x, t = units.lanes[eight], 0
    while t < steps:
        b = (begin + t + per_bin // 2) // per_bin  # of the next bin whose middle has not been
        stop = b * per_bin + (per_bin - 1) // 2 + 1 - begin
        last = min(stop, steps)
        march(units.table, units.row, x, end - first, units.variables, block.mu, block.sigma, t, last, block.rate)
        if last == stop:
            _means(units, nodes, first, end, out, b)
        t = last
    for q in range(first, end):
        fired, share, total = block.past[nodes.population[q]], nodes.weight[q], 0.0
        for t in range(steps):
            rate = block.rate[LANES * t + q - first]
            fired[at + t] += share * rate
            total += rate
        node_rate[q] += total


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _bring(external: Array, past: Array, populations: int, begin: int, steps: int, at: int) -> None:
    """The rates of the sources in a block; those of the populations are still 0."""
    for a in range(populations):
        for t in range(steps):
            past[a, at + t] = 0.0
    for row in range(external.shape[0]):
        for t in range(steps):
            past[populations + row, at + t] = external[row, begin + t]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _count(past: Array, populations: int, begin: int, steps: int, at: int, per_bin: int, dt: float, out: Array) -> int:
    """Rates of a block into out (population, bin, OUTPUTS). Returns the steps before a rate that is no number."""
    done = steps
    for a in range(populations):
        b, left = begin // per_bin, per_bin - begin % per_bin
        for t in range(steps):
            rate = past[a, at + t]
            out[a, b, RATE] += rate / per_bin
            left -= 1
            if left == 0:
                b, left = b + 1, per_bin
            if not abs(rate) < BEYOND / dt:
                done = min(done, t)
                break
    return done


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _shift(past: Array, kept: int, at: int) -> None:
    """The last `kept` places before place `at` become the first."""
    for row in range(past.shape[0]):
        for k in range(kept):
            past[row, k] = past[row, at - kept + k]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def block_steps(p: Projections, populations: int) -> int:
    """Steps that fit in a block: the shortest delay between nodes."""
    steps = BLOCK
    for k in range(p.pre.shape[0]):
        if p.pre[k] < populations:
            steps = min(steps, max(p.first[k], 1))
    return steps


@njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)
def run(
    units: Units, nodes: Nodes, projections: Projections, activity: Array, external: Array, mu: Array, D: Array,
    dt: float, out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """Advance units.lanes through mu, D (population, step), writing out (population, bin, OUTPUTS).

    mu, D and external (row, step) are those in the middle of each step. activity (population + external row, place)
    holds the rates before the first step in a row, and then those before the next. Rates are means over the bins,
    V_mean and w_mean belong to their middle. node_rate and watched as in `modes_network.run`. Returns the steps done:
    fewer than asked where a rate is no number.
    """
    populations, kept, per_bin = mu.shape[0], activity.shape[1], mu.shape[1] // out.shape[1]
    count, eights = projections.pre.shape[0], units.lanes.shape[0]
    past = np.zeros((activity.shape[0], kept + ROOM + BLOCK))
    past[:, :kept] = activity
    block = Block(
        past, np.zeros(BLOCK), np.zeros((count, BLOCK)), np.zeros((count, BLOCK)), np.zeros(BLOCK), np.zeros(BLOCK),
        np.zeros(BLOCK * LANES), np.zeros(BLOCK * LANES), np.zeros(BLOCK * LANES),
    )  # fmt: skip
    longest, begin, at = block_steps(projections, populations), 0, kept
    while begin < mu.shape[1]:
        if at + BLOCK > past.shape[1]:
            _shift(past, kept, at)
            at = kept
        steps = min(longest, mu.shape[1] - begin)
        _bring(external, past, populations, begin, steps, at)
        transmit_block(projections, past, at, steps, dt, block.arrived, block.mean, block.variance)
        for eight in range(eights):
            for q in range(LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])):
                a = nodes.population[q]
                _drive(nodes, projections.like, block, q, mu[a], D[a], begin, steps, watched[q])
            _fire(units, nodes, block, eight, begin, steps, at, per_bin, out, node_rate)
        done = _count(past, populations, begin, steps, at, per_bin, dt, out)
        if done < steps:
            return begin + done
        begin, at = begin + steps, at + steps
    _shift(past, kept, at)
    activity[:, :] = past[:, :kept]
    return mu.shape[1]
