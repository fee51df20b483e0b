"""Time stepping of a network of cascade units, in blocks of steps that no delay is shorter than.

Within a block nothing that its nodes fire arrives: first all projections go through it, then what every node hears,
then the units, eight nodes at once, then the activity. The rates that travel are means over their steps, and so are
the drives that they become a delay later: both belong to the middle of a step, and a delay of n steps is n steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade import EACH, SEEN_V, SEEN_W, W, march
from popdyn.kernels.lanes import LANES, Eight, counted, filled, least, load, most, root, store, turn
from popdyn.kernels.modes_network import HIGH_D, HIGH_MU, LOW_D, LOW_MU, OUTSIDE, WATCHED, Nodes, watch
from popdyn.kernels.synapses import BLOCK, Projections, transmit_block

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE, V_MEAN, W_MEAN, OUTPUTS = range(4)
ROOM = 64  # steps that are kept beyond what delays need
BEYOND = 100.0  # spikes per neuron and step that no unit fires


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
    mean: Array  # (projection x BLOCK,)
    variance: Array
    seen: Array  # (node, WATCHED x 8): as `modes_network.watch` of whole blocks, in eight parts
    by_node: Array  # (3, 8 x BLOCK): mu, sigma (at first D), rate of eight nodes, each node's steps in a row
    by_step: Array  # (3, BLOCK x 8): the same, each step's nodes in a row


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _given(x: Array, begin: int, added: float, work: Array) -> tuple[Eight, Eight]:
    """x[begin : begin + BLOCK] + added; beyond its end its last value."""
    if begin + BLOCK <= x.shape[0]:
        return load(x, begin) + added, load(x, begin + LANES) + added
    for t in range(BLOCK):
        work[t] = x[min(begin + t, x.shape[0] - 1)]
    return load(work, 0) + added, load(work, LANES) + added


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _watch(box: Array, mu: Eight, D: Eight, seen: Array) -> None:
    """`modes_network.watch` of eight steps."""
    store(least(load(seen, LANES * LOW_MU), mu), seen, LANES * LOW_MU)
    store(most(load(seen, LANES * HIGH_MU), mu), seen, LANES * HIGH_MU)
    store(least(load(seen, LANES * LOW_D), D), seen, LANES * LOW_D)
    store(most(load(seen, LANES * HIGH_D), D), seen, LANES * HIGH_D)
    within, within_D = least(most(mu, box[0]), box[1]), least(most(D, box[2]), box[3])
    store(counted(load(seen, LANES * OUTSIDE), mu, within, D, within_D), seen, LANES * OUTSIDE)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _hear(
    nodes: Nodes, like: Whole, block: Block, q: int, mu: Array, D: Array, begin: int, steps: int, watched: Array
) -> None:
    """mu and sigma of node q in the middle of each step of a block."""
    early, late = _given(mu, begin, nodes.offset[q], block.work)
    early_D, late_D = _given(D, begin, nodes.noise[q], block.work)
    for i in range(nodes.begin[q], nodes.begin[q + 1]):
        at, gain, noise = BLOCK * like[nodes.source[i]], nodes.gain_mu[i], nodes.gain_D[i]
        early = early + gain * load(block.mean, at)
        late = late + gain * load(block.mean, at + LANES)
        early_D = early_D + noise * load(block.variance, at)
        late_D = late_D + noise * load(block.variance, at + LANES)
    drive, spread, to = block.by_node[0], block.by_node[1], BLOCK * (q % LANES)
    store(early, drive, to)
    store(late, drive, to + LANES)
    if steps == BLOCK:
        _watch(nodes.box[q], early, early_D, block.seen[q])
        _watch(nodes.box[q], late, late_D, block.seen[q])
    else:
        store(early_D, spread, to)
        store(late_D, spread, to + LANES)
        for t in range(to, to + steps):
            watch(nodes.box[q], drive[t], spread[t], watched)
    store(root(2.0 * early_D), spread, to)
    store(root(2.0 * late_D), spread, to + LANES)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _means(units: Units, nodes: Nodes, first: int, end: int, out: Array, b: int) -> None:
    """Adds to <V> and <w> of the populations in bin b of out (population, bin, OUTPUTS)."""
    for q in range(first, end):
        x, lane, a, share = units.lanes[q // LANES], q % LANES, nodes.population[q], nodes.weight[q]
        out[a, b, V_MEAN] += share * (x[LANES * SEEN_V + lane] + nodes.shift[q])
        for j in range(units.variables):
            out[a, b, W_MEAN] += share * units.current[q, j] * x[LANES * (W + EACH * j + SEEN_W) + lane]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _fire(
    units: Units, nodes: Nodes, block: Block, eight: int, begin: int, steps: int, at: int, per_bin: int, out: Array,
    node_rate: Array,
) -> None:  # fmt: skip
    """Eight nodes through the block of steps from `begin` on; what they fire into block.past at place `at`."""
    first, end = LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])
    for k in range(2):
        turn(block.by_node[k], 0, BLOCK, block.by_step[k], 0, LANES)
        turn(block.by_node[k], LANES, BLOCK, block.by_step[k], LANES * LANES, LANES)
    x, t = units.lanes[eight], 0
    while t < steps:
        b = (begin + t + per_bin // 2) // per_bin  # of the next bin whose middle has not been
        mark = b * per_bin + (per_bin - 1) // 2 - begin
        last = min(mark + per_bin, steps)
        march(
            units.table, units.row, x, end - first, units.variables, block.by_step[0], block.by_step[1], t, last, mark,
            block.by_step[2],
        )  # fmt: skip
        if mark < last:
            _means(units, nodes, first, end, out, b)
        t = last
    for t in range(steps, BLOCK):
        store(filled(0.0), block.by_step[2], LANES * t)
    rates = block.by_node[2]
    turn(block.by_step[2], 0, LANES, rates, 0, BLOCK)
    turn(block.by_step[2], LANES * LANES, LANES, rates, LANES, BLOCK)
    for q in range(first, end):
        fired, share, place = block.past[nodes.population[q]], nodes.weight[q], BLOCK * (q - first)
        early, late = load(rates, place), load(rates, place + LANES)
        store(load(fired, at) + share * early, fired, at)
        store(load(fired, at + LANES) + share * late, fired, at + LANES)
        store(load(node_rate, LANES * q) + (early + late), node_rate, LANES * q)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _bring(external: Array, past: Array, populations: int, begin: int, steps: int, at: int) -> None:
    """The rates of the sources in a block; those of the populations are still 0."""
    for a in range(populations):
        store(filled(0.0), past[a], at)
        store(filled(0.0), past[a], at + LANES)
    for row in range(external.shape[0]):
        for t in range(steps):
            past[populations + row, at + t] = external[row, begin + t]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _count(past: Array, populations: int, begin: int, steps: int, at: int, per_bin: int, dt: float, out: Array) -> int:
    """Rates of a block into out (population, bin, OUTPUTS). Returns the steps before a rate that is no number."""
    done, most_fired, part = steps, BEYOND / dt, 1.0 / per_bin
    for a in range(populations):
        b, left, total = begin // per_bin, per_bin - begin % per_bin, 0.0
        for t in range(at, at + steps):
            rate = past[a, t]
            total += rate
            left -= 1
            if left == 0:
                out[a, b, RATE] += part * total
                b, left, total = b + 1, per_bin, 0.0
            if not abs(rate) < most_fired:
                done = min(done, t - at)
        if left < per_bin:
            out[a, b, RATE] += part * total
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _gather(seen: Array, rates: Array, watched: Array, node_rate: Array) -> None:
    """Eight parts of each node into one."""
    for q in range(watched.shape[0]):
        for k in range(LANES):
            watched[q, LOW_MU] = min(watched[q, LOW_MU], seen[q, LANES * LOW_MU + k])
            watched[q, HIGH_MU] = max(watched[q, HIGH_MU], seen[q, LANES * HIGH_MU + k])
            watched[q, LOW_D] = min(watched[q, LOW_D], seen[q, LANES * LOW_D + k])
            watched[q, HIGH_D] = max(watched[q, HIGH_D], seen[q, LANES * HIGH_D + k])
            watched[q, OUTSIDE] += seen[q, LANES * OUTSIDE + k]
            node_rate[q] += rates[LANES * q + k]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def empty_block(activity: Array, projections: int, watched: Array) -> Block:
    past = np.zeros((activity.shape[0], activity.shape[1] + ROOM + BLOCK))
    past[:, : activity.shape[1]] = activity
    seen = np.zeros((watched.shape[0], WATCHED * LANES))
    for q in range(watched.shape[0]):
        for k in range(OUTSIDE):
            seen[q, LANES * k : LANES * (k + 1)] = watched[q, k]
    return Block(
        past, np.zeros(BLOCK), np.zeros(projections * BLOCK), np.zeros(projections * BLOCK), seen,
        np.zeros((3, LANES * BLOCK)), np.zeros((3, LANES * BLOCK)),
    )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)
def run(
    units: Units, nodes: Nodes, projections: Projections, activity: Array, external: Array, mu: Array, D: Array,
    dt: float, out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """Advance units.lanes through mu, D (population, step), writing out (population, bin, OUTPUTS).

    mu, D and external (row, step) are those in the middle of each step; mu and D may be of every node instead
    (node, step), and are then those of which nodes differ. activity (population + external row, place)
    holds the rates before the first step in a row, and then those before the next. Rates are means over the bins,
    V_mean and w_mean belong to their middle. node_rate and watched as in `modes_network.run`. Returns the steps done:
    fewer than asked where a rate is no number.
    """
    populations, kept, per_bin = out.shape[0], activity.shape[1], mu.shape[1] // out.shape[1]
    block, rates = empty_block(activity, projections.pre.shape[0], watched), np.zeros(LANES * node_rate.shape[0])
    past, longest, begin, at = block.past, block_steps(projections, populations), 0, kept
    while begin < mu.shape[1]:
        if at + BLOCK > past.shape[1]:
            _shift(past, kept, at)
            at = kept
        steps = min(longest, mu.shape[1] - begin)
        _bring(external, past, populations, begin, steps, at)
        transmit_block(projections, past, at, steps, dt, block.work, block.mean, block.variance)
        for eight in range(units.lanes.shape[0]):
            for q in range(LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])):
                a = nodes.population[q] if mu.shape[0] == populations else q
                _hear(nodes, projections.like, block, q, mu[a], D[a], begin, steps, watched[q])
            _fire(units, nodes, block, eight, begin, steps, at, per_bin, out, rates)
        done = _count(past, populations, begin, steps, at, per_bin, dt, out)
        if done < steps:
            return begin + done
        begin, at = begin + steps, at + steps
    _shift(past, kept, at)
    activity[:, :] = past[:, :kept]
    _gather(block.seen, rates, watched, node_rate)
    return mu.shape[1]
