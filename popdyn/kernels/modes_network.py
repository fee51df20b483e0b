"""Time stepping of a network of modes: projections, then every node in its few coordinates, then the activity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels import propagators
from popdyn.kernels.modes import Modes, State, advance, means
from popdyn.kernels.propagators import LONG, MODES, NOW_W, Q_MEAN, ROWS, TOP, V_RESET, Propagators, X
from popdyn.kernels.synapses import TAU, TAU_FAC, TAU_REC, Projections, transmit

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

RATE, V_MEAN, W_MEAN, LEAST_RATE, OUTPUTS = range(5)
LOW_MU, HIGH_MU, LOW_D, HIGH_D, OUTSIDE, WATCHED = range(6)
DRIVE, NOISE, MEAN_RATE, HEARD = range(4)
SETTLED = 12.0  # time constants
BEYOND = 100.0  # spikes per neuron and step that no density fires


class Nodes(NamedTuple):
    """What the nodes are of, what drives them, and the box of (mu, D) that their modes were trained on."""

    population: Whole  # (node,)
    group: Whole  # (node,) whose modes
    weight: Array  # (node,)
    offset: Array  # (node,) [V/s]
    noise: Array  # (node,) [V^2/s] beyond the population's
    shift: Array  # (node,) [V] of its potentials against those of its group
    begin: Whole  # (node + 1,) where its entries below begin, and end
    source: Whole  # (entry,) projection that it hears
    gain_mu: Array  # (entry,) [V]
    gain_D: Array  # (entry,) [V^2]
    box: Array  # (node, 4): least and largest mu [V/s], least and largest D [V^2/s]


class Bank(NamedTuple):
    """Propagators of every group, one table behind the other, and the states of the nodes, padded to the largest."""

    numbers: Array  # (group, popdyn.kernels.propagators.NUMBERS)
    sizes: Whole  # (group, popdyn.kernels.propagators.SIZES)
    table: Array  # (cell, columns x rows)
    y: Array  # (node, rows)
    z: Array  # (node, columns)
    scalars: Array  # (node, popdyn.kernels.propagators.SCALARS)
    past: Array  # (node, lag, M + 2)
    late: Array  # (node, 2, M + 2)
    done: Whole  # (node, 1)
    heard: Array  # (node, HEARD): drive, its noise and the mean rate of the step before


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def watch(box: Array, mu: float, D: float, watched: Array) -> None:
    watched[LOW_MU], watched[HIGH_MU] = min(watched[LOW_MU], mu), max(watched[HIGH_MU], mu)
    watched[LOW_D], watched[HIGH_D] = min(watched[LOW_D], D), max(watched[HIGH_D], D)
    if mu < box[0] or mu > box[1] or box[2] > D or box[3] < D:
        watched[OUTSIDE] += 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def hear(nodes: Nodes, projections: Projections, q: int, mu: float, D: float) -> tuple[float, float]:
    """Drive of a node [V/s], [V^2/s] at the population's mu and D."""
    drive, noise = nodes.offset[q] + mu, nodes.noise[q] + D
    for i in range(nodes.begin[q], nodes.begin[q + 1]):
        k = nodes.source[i]
        drive += nodes.gain_mu[i] * projections.mean[k]
        noise += nodes.gain_D[i] * max(projections.variance[k], 0.0)
    return drive, noise


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def settle(projections: Projections, activity: Array, dt: float) -> None:
    """Bring the filters to constant `activity` (row, ring); step 0 comes next."""
    slowest = dt
    for k in range(projections.pre.shape[0]):
        for number in (TAU, TAU_REC, TAU_FAC):
            slowest = max(slowest, projections.numbers[k, number])
    for t in range(-int(SETTLED * slowest / dt), 0):
        transmit(projections, activity, t, dt)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def listen(nodes: Nodes, projections: Projections, rates: Array, mu: Array, D: Array, dt: float, out: Array) -> None:
    """Drives (2, node, step), mu and D, that nodes meet when the rows of `rates` (row, step) are what fires."""
    activity = np.zeros((rates.shape[0], projections.lags.shape[1] + 2))
    ring = activity.shape[1]
    for t in range(rates.shape[1]):
        for row in range(mu.shape[0], rates.shape[0]):
            activity[row, t % ring] = rates[row, t]
        transmit(projections, activity, t, dt)
        for q in range(nodes.population.shape[0]):
            a = nodes.population[q]
            out[0, q, t], out[1, q, t] = hear(nodes, projections, q, mu[a, t], D[a, t])
        for row in range(mu.shape[0]):
            activity[row, t % ring] = rates[row, t]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def run(
    modes: list[Modes], states: list[State], nodes: Nodes, projections: Projections, activity: Array,
    external: Array, mu: Array, D: Array, restart: NDArray[np.bool_], first: int, dt: float, out: Array,
    node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """Advance through mu, D, restart (population, step), writing out (population, step, OUTPUTS).

    activity (population + external row, ring) holds the rates before step `first`; external (row, step) those of the
    Poisson sources. node_rate (node,) sums the rates; watched (node, WATCHED) has the extremes of the drive and the
    steps outside the box. Returns the number of steps done: fewer than asked when a value is not finite.
    """
    populations, ring = mu.shape[0], activity.shape[1]
    for t in range(mu.shape[1]):
        now = first + t
        for row in range(external.shape[0]):
            activity[populations + row, now % ring] = external[row, t]
        transmit(projections, activity, now, dt)
        for q in range(nodes.population.shape[0]):
            a = nodes.population[q]
            drive, noise = hear(nodes, projections, q, mu[a, t], D[a, t])
            watch(nodes.box[q], drive, noise, watched[q])
            group, state, share = modes[nodes.group[q]], states[q], nodes.weight[q]
            rate = advance(group, state, drive, noise, dt, restart[a, t])
            V, w = means(group, state)
            out[a, t, RATE] += share * rate
            out[a, t, V_MEAN] += share * (V + nodes.shift[q])
            out[a, t, W_MEAN] += share * w
            out[a, t, LEAST_RATE] = min(out[a, t, LEAST_RATE], rate)
            node_rate[q] += rate
        for a in range(populations):
            activity[a, now % ring] = out[a, t, RATE]
            if not abs(out[a, t, RATE]) < BEYOND / dt:  # nor is it a number
                return t
    return mu.shape[1]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def step_node(bank: Bank, g: int, q: int, drive: float, noise: float, restart: bool) -> tuple[float, float, float]:
    """Step of a node of group g from the drive that it heard last to the one at its end: rate there, <V>, <w>."""
    sizes, heard = bank.sizes[g], bank.heard[q]
    p = Propagators(bank.numbers[g], sizes, bank.table)
    state = propagators.State(
        bank.y[q][: sizes[ROWS]], bank.z[q][: sizes[LONG]], bank.scalars[q], bank.past[q], bank.late[q], bank.done[q]
    )  # fmt: skip
    if restart:
        heard[DRIVE], heard[NOISE] = drive, noise
    mean, rise = 0.5 * (heard[DRIVE] + drive), 0.5 * (drive - heard[DRIVE])
    rate = propagators.advance(p, state, mean, rise, 0.5 * (heard[NOISE] + noise))
    end = rate if restart else 1.5 * rate - 0.5 * heard[MEAN_RATE]
    heard[DRIVE], heard[NOISE], heard[MEAN_RATE] = drive, noise, rate
    V = state.y[sizes[MODES] + sizes[TOP] + 1] + p.numbers[V_RESET] * state.scalars[Q_MEAN]
    return end, V, state.y[0] * state.scalars[NOW_W] + state.scalars[X]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def run_bank(
    bank: Bank, nodes: Nodes, projections: Projections, activity: Array, external: Array, mu: Array, D: Array,
    restart: NDArray[np.bool_], first: int, dt: float, out: Array, node_rate: Array, watched: Array,
) -> int:  # fmt: skip
    """As `run`, by propagators."""
    populations, ring = mu.shape[0], activity.shape[1]
    for t in range(mu.shape[1]):
        now = first + t
        for row in range(external.shape[0]):
            activity[populations + row, now % ring] = external[row, t]
        transmit(projections, activity, now, dt)
        for q in range(nodes.population.shape[0]):
            a, share = nodes.population[q], nodes.weight[q]
            drive, noise = hear(nodes, projections, q, mu[a, t], D[a, t])
            watch(nodes.box[q], drive, noise, watched[q])
            rate, V, w = step_node(bank, nodes.group[q], q, drive, noise, restart[a, t])
            out[a, t, RATE] += share * rate
            out[a, t, V_MEAN] += share * (V + nodes.shift[q])
            out[a, t, W_MEAN] += share * w
            out[a, t, LEAST_RATE] = min(out[a, t, LEAST_RATE], rate)
            node_rate[q] += rate
        for a in range(populations):
            activity[a, now % ring] = out[a, t, RATE]
            if not abs(out[a, t, RATE]) < BEYOND / dt:  # nor is it a number
                return t
    return mu.shape[1]
