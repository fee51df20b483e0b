"""Time stepping of a network of two cascade units, each a population: step by step, with nothing in between.

What popdyn.kernels.unit_network does in blocks is spread here over the steps, whose units wait for their own past most
of the time: every step filters what arrives in the next and makes drives of it, which no node waits for. Of synapses
that filter exponentially, or not at all, and of one delay each; the figures are those of blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cascade import noted
from popdyn.kernels.cascade_slots import seen_numbers
from popdyn.kernels.lanes import (
    LANES,
    Eight,
    joined,
    least,
    load_apart,
    load_like,
    lower,
    most,
    root,
    store,
    two,
    upper,
)
from popdyn.kernels.modes_network import BEYOND, HIGH_D, HIGH_MU, LOW_D, LOW_MU, RATE, V_MEAN, W_MEAN, Nodes, watch
from popdyn.kernels.pair_steps import asleep, awake, first_aim, kick_parts, stepped
from popdyn.kernels.synapses import ARRIVED, DELTA, EXPONENTIAL, FILTERED, Projections
from popdyn.kernels.unit_blocks import Units

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

ROOM = 512  # steps that are kept beyond what delays need
LEFT, STALE, FRESH, U, OLD, U_BEFORE, OLD_BEFORE, MU, MU_2, D_1, D_2, PAIR = range(0, 24, 2)
"""Numbers of two synapses side by side, two of each: what a step keeps, the shares of what arrived before it and in it,
u, what arrived last; what u of the first, then of the second, adds to mu, then to D, of each node."""


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def steps_alone(nodes: Nodes, p: Projections, mu: Array, out: Array) -> bool:
    """Whether this is such a network; mu and out as `unit_network.run` has them."""
    count, bins = out.shape[0], out.shape[1]
    fits = count == nodes.population.shape[0] == mu.shape[0] == 2 and bins > 0 and mu.shape[1] % bins == 0
    for q in range(count):
        fits = fits and nodes.population[q] == q and nodes.weight[q] == 1.0
    for k in range(p.pre.shape[0]):
        fits = fits and (p.kind[k] == EXPONENTIAL or p.kind[k] == DELTA) and p.first[k] == p.last[k] > 1
        fits = fits and p.lags[k, p.first[k]] == 1.0
    return fits


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def synapses_of(nodes: Nodes, p: Projections, rows: int) -> tuple[Whole, Array, Whole]:
    """Of all that are not alike: which projection, their numbers, where what arrives at place 0 stands in the past."""
    which = np.array([k for k in range(p.pre.shape[0]) if p.like[k] == k])
    numbers, begin = np.zeros(max(which.size + 1, 2) // 2 * PAIR), np.zeros(max(which.size + 1, 2), np.int64)
    for i, k in enumerate(which):
        at = PAIR * (i // 2) + i % 2
        left, mean = (p.decay[k, 0], p.decay[k, 1]) if p.kind[k] == EXPONENTIAL else (0.0, 0.0)
        numbers[at + LEFT], numbers[at + STALE], numbers[at + FRESH] = left, mean - left, 1.0 - mean
        numbers[at + U], numbers[at + OLD] = p.state[k, FILTERED], p.state[k, ARRIVED]
        begin[i] = p.pre[k] - rows * p.first[k]
        for q in range(2):
            for j in range(nodes.begin[q], nodes.begin[q + 1]):
                if p.like[nodes.source[j]] == k:
                    to = PAIR * (i // 2) + 2 * (i % 2) + q
                    numbers[to + MU] += nodes.gain_mu[j]
                    numbers[to + D_1] += nodes.gain_D[j]
    begin[-1] = begin[0]
    return which, numbers, begin


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _heard_of_two(
    numbers: Array, k: int, begin: Whole, past: Array, at: int, mu: Eight, D: Eight
) -> tuple[Eight, Eight]:
    """`_heard` of pair k of synapses alone."""
    c = PAIR * k
    new = joined(load_like(0.0, past, begin[2 * k] + at), load_like(0.0, past, begin[2 * k + 1] + at))
    before, old = load_like(new, numbers, c + U), load_like(new, numbers, c + OLD)
    store(before, numbers, c + U_BEFORE)
    store(old, numbers, c + OLD_BEFORE)
    u = load_like(new, numbers, c + LEFT) * before + load_like(new, numbers, c + STALE) * old
    u = u + load_like(new, numbers, c + FRESH) * new
    store(u, numbers, c + U)
    store(new, numbers, c + OLD)
    first, second = lower(u), upper(u)
    mu = mu + first * load_like(mu, numbers, c + MU) + second * load_like(mu, numbers, c + MU_2)
    return mu, D + first * load_like(D, numbers, c + D_1) + second * load_like(D, numbers, c + D_2)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _heard(numbers: Array, begin: Whole, past: Array, at: int, mu: Eight, D: Eight) -> tuple[Eight, Eight]:
    """mu and D of the nodes with what they hear in the step at place at/rows of the past, which begins at `at`."""
    mu, D = _heard_of_two(numbers, 0, begin, past, at, mu, D)
    for k in range(1, numbers.shape[0] // PAIR):
        mu, D = _heard_of_two(numbers, k, begin, past, at, mu, D)
    return mu, D


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _watch_bin(nodes: Nodes, heard: Array, steps: int, ends: Array, watched: Array) -> None:
    """`modes_network.watch` of a bin; heard (step x joined mu and D); ends : the least, then the largest of them."""
    high = 4
    for q in range(2):
        box, mu, D = nodes.box[q], q, 2 + q
        if ends[mu] < box[0] or ends[high + mu] > box[1] or ends[D] < box[2] or ends[high + D] > box[3]:
            for t in range(steps):
                watch(box, heard[high * t + mu], heard[high * t + D], watched[q])
        else:
            watched[q, LOW_MU] = min(watched[q, LOW_MU], ends[mu])
            watched[q, HIGH_MU] = max(watched[q, HIGH_MU], ends[high + mu])
            watched[q, LOW_D] = min(watched[q, LOW_D], ends[D])
            watched[q, HIGH_D] = max(watched[q, HIGH_D], ends[high + D])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _close(
    fired: Array, past: Array, begin: int, rows: int, dt: float, steps: int, out: Array, b: int, all_fired: Array
) -> int:
    """Mean rates of bin b of out; fired : sums of the rates, which stand in the past from `begin` on.

    Returns the steps before a rate that is no number.
    """
    done, most_fired = steps, BEYOND / dt
    for q in range(2):
        out[q, b, RATE] += fired[q] / steps
        all_fired[q] += fired[q]
        if not abs(fired[q]) < most_fired:
            for t in range(steps):
                if not abs(past[begin + rows * t + q]) < most_fired:
                    done = min(done, t)
    return done


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _note(units: Units, nodes: Nodes, seen: Array, out: Array, b: int) -> None:
    """<V> and <w> in bin b of out."""
    for q in range(2):
        out[q, b, V_MEAN] += seen[q] + nodes.shift[q]
        for j in range(units.variables):
            out[q, b, W_MEAN] += units.current[q, j] * seen[q + LANES * (1 + j)]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def _turn_over(past: Array, kept: int, rows: int, at: int, external: Array, begin: int, steps: int) -> int:
    """Makes room for so many steps after place `at`, puts the sources' rates there. Returns the place."""
    if rows * (at + steps) > past.shape[0]:
        for k in range(rows * kept):
            past[k] = past[rows * (at - kept) + k]
        at = kept
    for row in range(external.shape[0]):
        for t in range(steps):
            past[rows * (at + t) + rows - external.shape[0] + row] = external[row, begin + t]
    return at


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def march_pair(
    units: Units, nodes: Nodes, p: Projections, activity: Array, external: Array, mu: Array, D: Array, dt: float,
    out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """`unit_network.run` of such a network."""
    rows, kept, steps, none = activity.shape[0], activity.shape[1], mu.shape[1], two(0.0)
    per_bin, x, mus, Ds = steps // out.shape[1], units.lanes[0], mu.reshape(-1), D.reshape(-1)
    which, numbers, begin = synapses_of(nodes, p, rows)
    past = np.zeros(rows * (kept + max(ROOM, per_bin)))
    past[: rows * kept] = activity.T.copy().reshape(-1)
    heard, seen, ends = np.zeros(4 * per_bin), np.zeros(seen_numbers(units.variables)), np.zeros(LANES)
    offset, noise = load_like(none, nodes.offset, 0), load_like(none, nodes.noise, 0)
    at = _turn_over(past, kept, rows, kept, external, 0, per_bin)
    m, d = load_apart(none, mus, 0, steps) + offset, load_apart(none, Ds, 0, steps) + noise
    m, d = _heard(numbers, begin, past, rows * at, m, d)
    f, parts, both = awake(none, x), kick_parts(none, x), joined(m, d)
    aim = first_aim(f, x, m, root(2.0 * d))
    for first in range(0, steps, per_bin):
        at = _turn_over(past, kept, rows, at, external, first, per_bin)
        fired, low, high = none, both, both
        for t in range(per_bin):
            low, high = least(low, both), most(high, both)
            store(both, heard, 4 * t)
            after = min(first + t + 1, steps - 1)
            m, d = load_apart(none, mus, after, steps) + offset, load_apart(none, Ds, after, steps) + noise
            m, d = _heard(numbers, begin, past, rows * (at + t + 1), m, d)
            both = joined(m, d)
            f, aim, now = stepped(f, aim, parts, units.table, units.row, x, units.variables, m, root(2.0 * d))
            store(now, past, rows * (at + t))
            fired = fired + now
            if t == per_bin - 1 - per_bin // 2:
                noted(x, units.variables, f.w, f.w_2, f.V, seen, 0)
        _note(units, nodes, seen, out, first // per_bin)
        store(joined(low, high), ends, 0)
        _watch_bin(nodes, heard, per_bin, ends, watched)
        store(fired, ends, 0)
        done = _close(ends, past, rows * at, rows, dt, per_bin, out, first // per_bin, node_rate)
        if done < per_bin:
            return first + done
        at += per_bin
    asleep(f, x)
    for i, k in enumerate(which):
        c = PAIR * (i // 2) + i % 2
        p.state[k, FILTERED], p.state[k, ARRIVED] = numbers[c + U_BEFORE], numbers[c + OLD_BEFORE]
    activity[:, :] = past[rows * (at - kept) : rows * at].reshape(kept, rows).T
    return steps
