"""Time stepping of a network of densities: projections, then every node, then the populations' activity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.density_1d import advance
from popdyn.kernels.density_state import BETA, CROSS, LEAST, POSITIVE, PV, SPREAD, UNDERSHOOT, State
from popdyn.kernels.density_state import GAMMA as GAMMA_TRAIN
from popdyn.kernels.density_state import PACE as PACE_OF_TRAIN
from popdyn.kernels.density_state import P as ACTIVE
from popdyn.kernels.density_state import Q as POOL
from popdyn.kernels.density_state import W as FRAME
from popdyn.kernels.density_state import X as CONTENT
from popdyn.kernels.edge_noise import Noise
from popdyn.kernels.filtered_noise import GAMMA, NOW, Filtered, follow, hasten
from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.kernels.pool import settle_pool
from popdyn.kernels.shunt import hear
from popdyn.kernels.synapses import TAU, Projections, transmit

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
TRAIN_UNDERSHOOT = 1e-2  # least q_0 over its largest that h_1 may leave: its closure is not that of a density
FOLLOW = 5e-5  # [s] after which the variance of the input, too, follows what finite size adds to a rate
FOLLOW_JUMPS = 1e-3  # [s] after which jumps do: faster, their rate would turn negative
LARGEST = 4.0  # share of D by which the excess of finite size may raise it
BEYOND = 100.0  # spikes per neuron and step that no density fires
SETTLE = 25  # steps between two looks at the refractory pools
RATE, V_MEAN, W_MEAN, MASS, OUTPUTS = 0, 1, 2, 3, 4
LOW_MU, HIGH_MU, LOW_D, HIGH_D, LEAST_DENSITY, POSITIVE_STEPS, WATCHED = 0, 1, 2, 3, 4, 5, 6


class Bank(NamedTuple):
    """All nodes side by side, equal numbers of cells: operators, hierarchies and states of density_1d, node first."""

    width: Array
    centre: Array
    up: Array
    down: Array
    reset: Array
    drift: Array
    spacing: Array
    numbers: Array  # (node, 7): C_m, a, b, tau_w, E_w, V_reset, t_ref
    kind: Whole  # (node, 3): order, closure, scheme
    fields: Array
    scalars: Array
    past: Array
    work: Array
    star: Array
    done: Whole
    sums: Array
    band: Array
    out: Array
    matrix: Array
    below: Whole
    trains: Array
    neurons: Array  # (node, 1), 0: infinitely many
    words: NDArray[np.uint64]  # (node, 4)
    memory: Array  # (node, 1 + source, cell, FIELDS)
    scratch: Array  # (node, 2, cell)
    kick: Array  # (node, 2 + source)


class Wiring(NamedTuple):
    """What the nodes are of and what they hear: drive = gain @ projections."""

    population: Whole  # (node,)
    weight: Array  # (node,)
    offset: Array  # (node,) [V/s]
    noise: Array  # (node,) [V^2/s] white-noise D beyond the population's, for a node's own sigma
    begin: Whole  # (node + 1,) where what a node hears begins in `heard`, and ends
    heard: Whole  # (entry,) projections with a gain
    gain_mu: Array  # (node, projection) [V]
    gain_D: Array  # (node, projection) [V^2]
    gain_jump: Array  # (node, source, projection)
    gain_shift: Array  # (node, projection) [V] drive by what finite-size noise adds to projections that jump
    gain_train: Array  # (node, projection) [V^2] private variance of the input that trains of neurons bring
    beta: Array  # (node,) [1/s] filter of what regular trains take back, and how much
    gamma: Array  # (node,) [1/s]
    usual: Array  # (node,) [V^2/s] variance of those trains at the working point
    spread: Array  # (node,) [V^2/s^2] S_z, a state
    companion: Whole  # (node,) the noise-free node beside one of finite size, or -1
    excess: Array  # (4, projection) rate beyond the expected one [1/s]: over FOLLOW; that jumps take; over FOLLOW_JUMPS
    # and, last, the variance with the first of them, which conductances hear
    smear: Array  # (projection,) what BDF2 adds to D by the white part of shared input, per gain^2 and rate
    expected: Array  # (node,) rate of the companion at the end of the step [1/s]
    switched: Whole  # (2, node with companions) 1 if the last step was backward Euler; step of the last change, or -1
    counted: Array  # (node,) spikes per neuron in the last step over dt [1/s]
    jump_rate: Array  # (source,) of the node that steps [1/s]
    train: Array  # (TRAINS,) its BETA, CROSS, SPREAD, GAMMA
    conductance: Array  # (node, projection) over C_m, per unit of its u; no projections: no conductances at all
    conductance_noise: Array  # (node, projection) D of it per unit of its v
    force: Array  # (node, projection) [V] E_rev - V_reset
    leak: Array  # (node,) [1/s]
    shunt: Array  # (node, part) what conductances do now (popdyn.kernels.shunt)
    filtered: Filtered


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _parts(bank: Bank, q: int) -> tuple[Operator, Hierarchy, State, Jumps, Noise]:
    """One node's operator, hierarchy, state, jumps and noise: views of the bank, owned by it."""
    op = Operator(
        bank.width[q], bank.centre[q], bank.up[q], bank.down[q], bank.reset[q], bank.drift[q], bank.spacing[q]
    )
    n = bank.numbers[q]
    h = Hierarchy(n[0], n[1], n[2], n[3], n[4], n[5], n[6], bank.kind[q, 0], bank.kind[q, 1])
    state = State(bank.fields[q], bank.scalars[q], bank.past[q], bank.work[q], bank.star[q], bank.done[q], bank.sums[q])
    jumps = Jumps(bank.band[q], bank.out[q], bank.matrix[q], bank.below[q], bank.trains[q])
    return op, h, state, jumps, Noise(bank.neurons[q], bank.words[q], bank.memory[q], bank.scratch[q], bank.kick[q])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def run(
    bank: Bank, wiring: Wiring, projections: Projections, smooth: Projections, activity: Array, external: Array,
    mu: Array, D: Array, restart: NDArray[np.bool_], first: int, dt: float, out: Array, node_rate: Array,
    watched: Array,
) -> int:  # fmt: skip
    """Advance through mu, D, restart (population, step), writing out (population, step, OUTPUTS).

    activity (2, population + external row, ring) holds the rates before step `first`, with finite-size noise and
    without: the mean input follows the first, its variance and the jumps the second (`smooth`; without finite size the
    same object as `projections`). external (row, step): rates of the Poisson sources. node_rate (node,) sums the rates
    over the steps; watched (node, WATCHED) their extremes. Returns the number of steps done: fewer than asked when a
    value is not finite.
    """
    populations, ring = mu.shape[0], activity.shape[2]
    jump_rate, train = wiring.jump_rate, wiring.train
    for t in range(mu.shape[1]):
        now = first + t
        for row in range(external.shape[0]):
            activity[:, populations + row, now % ring] = external[row, t]
        transmit(projections, activity[0], now, dt)
        hasten(wiring.filtered, 0, projections)
        if wiring.companion[0] >= 0:
            transmit(smooth, activity[1], now, dt)
            hasten(wiring.filtered, 1, smooth)
            for k in range(projections.mean.shape[0]):
                excess = projections.variance[k] - smooth.variance[k]
                wiring.excess[0, k] += (excess - wiring.excess[0, k]) * dt / (dt + FOLLOW)
                wiring.excess[2, k] += (excess - wiring.excess[2, k]) * dt / (dt + FOLLOW_JUMPS)
                wiring.excess[1, k] = max(wiring.excess[2, k], -smooth.variance[k])
        for k in range(wiring.conductance.shape[1]):
            wiring.excess[3, k] = max(smooth.variance[k] + wiring.excess[0, k], 0.0)
        for q in range(wiring.population.shape[0]):
            a = wiring.population[q]
            drive, noise, variance = _hear(
                wiring, projections, smooth, q, wiring.offset[q] + mu[a, t], wiring.noise[q] + D[a, t], jump_rate
            )
            if wiring.filtered.edge[q, GAMMA] > 0.0:
                drive += follow(wiring.filtered, q, wiring.heard[wiring.begin[q] : wiring.begin[q + 1]], dt)
            train[:] = 0.0
            if wiring.beta[q] > 0.0:
                _regular(wiring, q, max(variance, 0.0), dt, train)
            rate = _population_node(bank, wiring, q, drive, noise, dt, restart[a, t], jump_rate, train, watched[q])
            s = bank.scalars[q, (bank.done[q, 0] - 1) % 3]
            share = wiring.weight[q]
            out[a, t, RATE] += share * rate
            V = s[PV] + s[POOL] * bank.numbers[q, 5]
            if wiring.filtered.edge[q, GAMMA] > 0.0:
                V += s[ACTIVE] * (wiring.filtered.edge[q, NOW] - wiring.filtered.edge[q, GAMMA])
            out[a, t, V_MEAN] += share * V
            out[a, t, W_MEAN] += share * (s[ACTIVE] * s[FRAME] + s[CONTENT])
            out[a, t, MASS] += share * (s[ACTIVE] + s[POOL])
            node_rate[q] += rate
        for a in range(populations):
            activity[0, a, now % ring], activity[1, a, now % ring] = out[a, t, RATE], 0.0
            if not abs(out[a, t, RATE]) < BEYOND / dt:  # nor is it a number
                return t
        for q in range(wiring.population.shape[0]):
            activity[1, wiring.population[q], now % ring] += wiring.weight[q] * wiring.expected[q]
        if now % SETTLE == 0:
            _settle(bank, wiring, now, dt)
    return mu.shape[1]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _hear(
    wiring: Wiring, projections: Projections, smooth: Projections, q: int, drive: float, noise: float, jump_rate: Array
) -> tuple[float, float, float]:
    """Drive [V/s] and D [V^2/s] of a node from those of its white noise, and the variance [V^2/s] that trains bring;
    fills jump_rate (source,)."""
    variance, more = 0.0, 0.0
    for c in range(jump_rate.shape[0]):
        jump_rate[c] = 0.0
    for i in range(wiring.begin[q], wiring.begin[q + 1]):
        k = wiring.heard[i]
        finite = projections.mean[k] - smooth.mean[k] - wiring.excess[1, k]
        drive += wiring.gain_mu[q, k] * projections.mean[k] + wiring.gain_shift[q, k] * finite
        noise += wiring.gain_D[q, k] * max(smooth.variance[k], 0.0)
        more += wiring.gain_D[q, k] * wiring.excess[0, k]
        if wiring.gain_shift[q, k] != 0.0:
            more += 0.5 * wiring.gain_train[q, k] * (wiring.excess[0, k] - wiring.excess[1, k])
        variance += wiring.gain_train[q, k] * (smooth.variance[k] + wiring.excess[1, k])
        shared = wiring.gain_mu[q, k] + wiring.gain_shift[q, k]
        noise -= wiring.smear[k] * shared * shared * max(smooth.mean[k], 0.0)
        for c in range(jump_rate.shape[0]):
            jump_rate[c] += wiring.gain_jump[q, c, k] * (smooth.mean[k] + wiring.excess[1, k])
    for c in range(jump_rate.shape[0]):
        jump_rate[c] = max(jump_rate[c], 0.0)
    noise = max(noise, 0.0)
    noise += min(max(more, -0.5 * noise), LARGEST * noise)
    drive, noise = _conduct(wiring, projections, q, drive, noise)
    return drive, noise, variance


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _conduct(wiring: Wiring, projections: Projections, q: int, drive: float, noise: float) -> tuple[float, float]:
    """Conductances of a node into wiring.shunt; returns drive [V/s] and noise [V^2/s] with theirs at V_reset."""
    if wiring.conductance.shape[1] == 0:
        return drive, noise
    drift, D = hear(
        wiring.conductance[q], wiring.conductance_noise[q], wiring.force[q], projections.numbers[:, TAU],
        wiring.leak[q], projections.mean, wiring.excess[3], wiring.shunt[q],
    )  # fmt: skip
    return drive + drift, noise + D


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _note(wiring: Wiring, q: int, euler: bool, now: int) -> None:
    """Remember when a node's scheme changed."""
    if wiring.switched[0, q] != (1 if euler else 0):
        wiring.switched[0, q], wiring.switched[1, q] = 1 if euler else 0, now


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _settle(bank: Bank, wiring: Wiring, now: int, dt: float) -> None:
    """Settle the pools of nodes whose scheme changed longer than a dead time ago."""
    for q in range(bank.width.shape[0]):
        if wiring.switched[1, q] >= 0 and now - wiring.switched[1, q] > bank.numbers[q, 6] / dt + 2:
            _, h, state, _, _ = _parts(bank, q)
            settle_pool(h, state, dt)
            wiring.switched[1, q] = -1


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _regular(wiring: Wiring, q: int, variance: float, dt: float, train: Array) -> None:
    """Fill train with the node's numbers at `variance` [V^2/s] of presynaptic trains."""
    m, gamma = variance / wiring.usual[q], wiring.gamma[q]
    beta = wiring.beta[q] + (m - 1.0) * gamma
    wiring.spread[q] = (wiring.spread[q] + dt * gamma * gamma * variance) / (1.0 + 2.0 * dt * beta)
    train[BETA], train[CROSS], train[SPREAD] = beta, gamma * variance, wiring.spread[q]
    train[GAMMA_TRAIN], train[PACE_OF_TRAIN] = gamma, m


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _population_node(
    bank: Bank, wiring: Wiring, q: int, mu: float, D: float, dt: float, restart: bool, jump_rate: Array,
    train: Array, watched: Array,
) -> float:  # fmt: skip
    """One step of a node: its rate at the end of the step, or with finite size the spikes counted in it over dt.

    Counting: BDF2 takes step R = counts - counts_before/3 out of the density, so counts/dt = 2/3 R + counted/3.
    """
    c, shunt = wiring.companion[q], wiring.shunt[q]
    if c < 0:
        wiring.expected[q] = _smooth(bank, wiring, q, mu, D, dt, restart, jump_rate, train, shunt, watched)
        return wiring.expected[q]
    wiring.expected[q] = _smooth(bank, wiring, c, mu, D, dt, restart, jump_rate, train, shunt, watched)
    profile = bank.fields[c, (bank.done[c, 0] - 1) % 3]
    op, h, state, jumps, noise = _parts(bank, q)
    rate = advance(op, h, state, mu, D, dt, restart, bank.kind[q, 2], jumps, jump_rate, noise, profile, train, shunt)
    _note(wiring, q, restart, state.done[0])
    wiring.counted[q] = rate if restart else (2.0 * rate + wiring.counted[q]) / 3.0
    return wiring.counted[q]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _smooth(
    bank: Bank, wiring: Wiring, q: int, mu: float, D: float, dt: float, restart: bool, jump_rate: Array,
    train: Array, shunt: Array, watched: Array,
) -> float:  # fmt: skip
    """One step of a node without noise, by the positive scheme where the affine one undershoots."""
    op, h, state, jumps, noise = _parts(bank, q)
    kind = bank.kind[q, 2]
    rate = advance(op, h, state, mu, D, dt, restart, kind, jumps, jump_rate, noise, state.star, train, shunt)
    least, euler = state.scalars[(state.done[0] - 1) % 3, LEAST], restart
    deepest = UNDERSHOOT if train[BETA] == 0.0 else TRAIN_UNDERSHOOT
    if least < -deepest and D > 0.0:
        state.done[0] -= 1
        rate = advance(op, h, state, mu, D, dt, restart, POSITIVE, jumps, jump_rate, noise, state.star, train, shunt)
        watched[POSITIVE_STEPS] += 1.0
        euler = True
    _note(wiring, q, euler, state.done[0])
    watched[LOW_MU], watched[HIGH_MU] = min(watched[LOW_MU], mu), max(watched[HIGH_MU], mu)
    watched[LOW_D], watched[HIGH_D] = min(watched[LOW_D], D), max(watched[HIGH_D], D)
    watched[LEAST_DENSITY] = min(watched[LEAST_DENSITY], least)
    return rate
