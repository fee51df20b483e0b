"""Time stepping of a network of cascade units, in blocks of steps that no delay is shorter than.

Within a block nothing that its nodes fire arrives: first all projections go through it, then what every node hears,
then the units, eight nodes at once, then the activity. The rates that travel are means over their steps, and so are
the drives that they become a delay later: both belong to the middle of a step, and a delay of n steps is n steps.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade_slots import seen_numbers
from popdyn.kernels.lane_filters import filtered, final
from popdyn.kernels.lanes import (
    LANES,
    Eight,
    counted,
    filled,
    least,
    load,
    most,
    root,
    store,
)
from popdyn.kernels.modes_network import BEYOND, HIGH_D, HIGH_MU, LOW_D, LOW_MU, OUTSIDE, WATCHED, Nodes, watch
from popdyn.kernels.pair_network import march_pair, steps_alone
from popdyn.kernels.synapses import BLOCK, BROUGHT, EXPONENTIAL, Projections, transmit_block
from popdyn.kernels.unit_blocks import Block, Units, step_nodes

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE, V_MEAN, W_MEAN, OUTPUTS = range(4)
ROOM = 64  # steps that are kept beyond what delays need


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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _hear(nodes: Nodes, block: Block, q: int, mu: Array, D: Array, begin: int, steps: int, watched: Array) -> None:
    """mu and sigma of node q in the middle of each step of a block."""
    early, late = _given(mu, begin, nodes.offset[q], block.work)
    early_D, late_D = _given(D, begin, nodes.noise[q], block.work)
    for i in range(nodes.begin[q], nodes.begin[q + 1]):
        u, v, gain, noise = block.mean[i], block.variance[i], nodes.gain_mu[i], nodes.gain_D[i]
        early = early + gain * load(block.brought, u)
        late = late + gain * load(block.brought, u + LANES)
        early_D = early_D + noise * load(block.brought, v)
        late_D = late_D + noise * load(block.brought, v + LANES)
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _means(units: Units, nodes: Nodes, first: int, end: int, seen: Array, at: int, out: Array, b: int) -> None:
    """Adds to <V> and <w> of the populations in bin b of out (population, bin, OUTPUTS)."""
    for q in range(first, end):
        lane, a, share = at + q - first, nodes.population[q], nodes.weight[q]
        out[a, b, V_MEAN] += share * (seen[lane] + nodes.shift[q])
        for j in range(units.variables):
            out[a, b, W_MEAN] += share * units.current[q, j] * seen[lane + LANES * (1 + j)]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _fire(
    units: Units, nodes: Nodes, block: Block, eight: int, steps: int, at: int, b: int, last: int, per_bin: int,
    out: Array, node_rate: Array,
) -> None:  # fmt: skip
    """Eight nodes through a block of steps, of which `last` ends bin b; what they fire into block.past at `at`."""
    first, end = LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])
    mark = last - per_bin // 2
    if mark < 0:
        mark, b = mark + per_bin, b + 1
    step_nodes(units, block, eight, end - first, steps, mark, per_bin)
    seen = 0
    while mark < steps:
        _means(units, nodes, first, end, block.marked, seen, out, b)
        seen, mark, b = seen + seen_numbers(units.variables), mark + per_bin, b + 1
    rates = block.by_node[2]
    for q in range(first, end):
        fired, share, place = block.past[nodes.population[q]], nodes.weight[q], BLOCK * (q - first)
        early, late = load(rates, place), load(rates, place + LANES)
        store(load(fired, at) + share * early, fired, at)
        store(load(fired, at + LANES) + share * late, fired, at + LANES)
        store(load(node_rate, LANES * q) + (early + late), node_rate, LANES * q)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _bring(external: Array, past: Array, populations: int, begin: int, steps: int, at: int) -> None:
    """The rates of the sources in a block; those of the populations are still 0."""
    for a in range(populations):
        store(filled(0.0), past[a], at)
        store(filled(0.0), past[a], at + LANES)
    for row in range(external.shape[0]):
        for t in range(steps):
            past[populations + row, at + t] = external[row, begin + t]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _count(
    past: Array, populations: int, steps: int, at: int, first: int, last: int, per_bin: int, dt: float, work: Array,
    out: Array,
) -> int:  # fmt: skip
    """Rates of a block, of which `last` ends bin `first`, into out (population, bin, OUTPUTS).

    Returns the steps before a rate that is no number.
    """
    done, most_fired, part = steps, BEYOND / dt, 1.0 / per_bin
    for a in range(populations):
        early = filtered(load(past[a], at), 0.0, filled(1.0))  # sums from the first step on
        store(early, work, 0)
        store(filtered(load(past[a], at + LANES), final(early), filled(1.0)), work, LANES)
        b, t, before = first, last, 0.0
        while t < steps - 1:
            out[a, b, RATE] += part * (work[t] - before)
            before, t, b = work[t], t + per_bin, b + 1
        out[a, b, RATE] += part * (work[steps - 1] - before)
        if not abs(work[steps - 1]) < most_fired:
            for t in range(steps):
                if not abs(past[a, at + t]) < most_fired:
                    done = min(done, t)
    return done


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _shift(past: Array, kept: int, at: int) -> None:
    """The last `kept` places before place `at` become the first."""
    for row in range(past.shape[0]):
        for k in range(kept):
            past[row, k] = past[row, at - kept + k]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def block_steps(p: Projections, populations: int) -> int:
    """Steps that fit in a block: the shortest delay between nodes."""
    steps = BLOCK
    for k in range(p.pre.shape[0]):
        if p.pre[k] < populations:
            steps = min(steps, max(p.first[k], 1))
    return steps


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
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
def zeros(count: int) -> Array:
    """As many, the first at the beginning of a line of the cache."""
    room = np.zeros(count + LANES)
    skip = -(room.ctypes.data // 8) % LANES
    return room[skip : skip + count]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def empty_block(activity: Array, nodes: Nodes, p: Projections, watched: Array, variables: int) -> Block:
    past = np.zeros((activity.shape[0], activity.shape[1] + ROOM + BLOCK))
    past[:, : activity.shape[1]] = activity
    seen = zeros(watched.shape[0] * WATCHED * LANES).reshape(-1, WATCHED * LANES)
    for q in range(watched.shape[0]):
        for k in range(OUTSIDE):
            seen[q, LANES * k : LANES * (k + 1)] = watched[q, k]
    first = p.like[nodes.source]
    mean = BROUGHT * first
    variance = np.where(p.kind[first] == EXPONENTIAL, mean, mean + BLOCK)
    return Block(
        past, zeros(BLOCK), zeros(p.pre.shape[0] * BROUGHT), mean, variance, seen,
        zeros(3 * LANES * BLOCK).reshape(3, -1), zeros(3 * LANES * BLOCK).reshape(3, -1),
        zeros(BLOCK * seen_numbers(variables)),
    )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def march_blocks(
    units: Units, nodes: Nodes, projections: Projections, activity: Array, external: Array, mu: Array, D: Array,
    dt: float, out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """`run` of any network, in blocks of steps."""
    populations, kept, per_bin = out.shape[0], activity.shape[1], mu.shape[1] // out.shape[1]
    block = empty_block(activity, nodes, projections, watched, units.variables)
    rates = zeros(LANES * node_rate.shape[0])
    past, longest, begin, at, b = block.past, block_steps(projections, populations), 0, kept, 0
    while begin < mu.shape[1]:
        if at + BLOCK > past.shape[1]:
            _shift(past, kept, at)
            at = kept
        steps, last = min(longest, mu.shape[1] - begin), (b + 1) * per_bin - 1 - begin
        _bring(external, past, populations, begin, steps, at)
        transmit_block(projections, past, at, steps, dt, block.work, block.brought)
        for eight in range(units.lanes.shape[0]):
            for q in range(LANES * eight, min(LANES * eight + LANES, nodes.population.shape[0])):
                a = nodes.population[q] if mu.shape[0] == populations else q
                _hear(nodes, block, q, mu[a], D[a], begin, steps, watched[q])
            _fire(units, nodes, block, eight, steps, at, b, last, per_bin, out, rates)
        done = _count(past, populations, steps, at, b, last, per_bin, dt, block.work, out)
        if done < steps:
            return begin + done
        begin, at = begin + steps, at + steps
        while (b + 1) * per_bin <= begin:
            b += 1
    _shift(past, kept, at)
    activity[:, :] = past[:, :kept]
    _gather(block.seen, rates, watched, node_rate)
    return mu.shape[1]


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
    if steps_alone(nodes, projections, mu, out):
        return march_pair(units, nodes, projections, activity, external, mu, D, dt, out, node_rate, watched)
    return march_blocks(units, nodes, projections, activity, external, mu, D, dt, out, node_rate, watched)
