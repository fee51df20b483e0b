"""Finite size: the density's operator as the generator of a Markov chain of N neurons, with noise on its every edge.

In a step dt the neurons that cross face i upward and downward make a net flow of variance (up_i p_i + down_i
p_(i+1)) dt/N beside its mean; those that jump, and those that fire, likewise. With adaptation each crossing neuron
carries its w: the conditional distribution of w - W at the face is taken at Gauss-Hermite nodes, one flow for each.
Variances come from a noise-free companion of the density: those of the fluctuating one would inflate high frequencies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.density_state import FIELDS
from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.kernels.random_words import next_word

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

W_NODES = np.array([[0.0, 0.0, 0.0], [-1.0, 1.0, 0.0], [-1.7320508075688772, 0.0, 1.7320508075688772]])
W_WEIGHTS = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [1.0 / 6.0, 2.0 / 3.0, 1.0 / 6.0]])


class Noise(NamedTuple):
    """Noise of one node: its neurons (0: none), the generator's words, and the flows of the last step."""

    neurons: Array  # (1,)
    words: Words  # (4,)
    memory: Array  # (1 + source, cell, FIELDS): noise of the last step's flow over each face, and by jumps
    scratch: Array  # (2, cell)
    kick: Array  # (2 + source,) what the noise of regular trains does to their filter (edge_noise_train)


@njit(cache=True, error_model="numpy")
def no_noise() -> Noise:
    """Infinitely many neurons."""
    return Noise(np.zeros(1), np.zeros(4, np.uint64), np.zeros((1, 0, FIELDS)), np.zeros((2, 0)), np.zeros(2))


@njit(cache=True, error_model="numpy", _nrt=False)
def normal(words: Words) -> float:
    """A standard normal as the number of heads among 64 (kurtosis 3 - 1/32)."""
    x = next_word(words)
    x = x - ((x >> np.uint64(1)) & np.uint64(0x5555555555555555))
    x = (x & np.uint64(0x3333333333333333)) + ((x >> np.uint64(2)) & np.uint64(0x3333333333333333))
    x = (x + (x >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    count = (x * np.uint64(0x0101010101010101)) >> np.uint64(56)
    return (np.int64(count) - 32) * 0.25


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _flow(variance: float, c_old: float, profile: Array, order: int, words: Words, memory: Array, g: Array) -> None:
    """Fill g with the noise of one flow of q_0..q_order: what it is in this step, plus c_old times the last one's.

    `profile` (column,) holds the q_n that flow, `memory` the flow of the last step, then of this one.
    """
    mean = profile[1] / profile[0] if profile[0] > 0.0 else 0.0
    spread, rule = 0.0, 0
    if order >= 2 and profile[0] > 0.0:
        spread, rule = np.sqrt(max(profile[2] / profile[0] - mean * mean, 0.0)), 2
    for n in range(order + 1):
        g[n] = c_old * memory[n]
        memory[n] = 0.0
    for k in range(rule + 1):
        z = np.sqrt(W_WEIGHTS[rule, k] * variance) * normal(words)
        w = mean + spread * W_NODES[rule, k]
        for n in range(order + 1):
            g[n] += z
            memory[n] += z
            z *= w


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def add_noise(
    op: Operator, h: Hierarchy, jumps: Jumps, jump_rate: Array, up: Array, down: Array, profile: Array, noise: Noise,
    dt: float, c_old: float, x: Array, outgoing: Array, step: float,
) -> None:  # fmt: skip
    """Add the step's noise to x (cell width times q) and to the outgoing fluxes; profile (cell, column) is noise-free.

    BDF2 takes the increments of this step and -1/3 of the last one's (Buckwar and Winkler 2006): c_old.
    """
    n, M, share = op.width.shape[0], h.order, dt / noise.neurons[0]
    if M == 0:
        _plain_noise(op, jumps, jump_rate, up, down, profile, noise, share, c_old, x, outgoing, step)
        return
    g = noise.scratch[1]
    for i in range(n - 1):
        gross = up[i] * profile[i, 0] + down[i] * profile[i + 1, 0]
        _flow(max(gross, 0.0) * share, c_old, profile[i], M, noise.words, noise.memory[0, i], g)
        for m in range(M + 1):
            x[i, m] -= g[m]
            x[i + 1, m] += g[m]
    gross = max(up[n - 1] * profile[n - 1, 0], 0.0)
    _flow(gross * share, c_old, profile[n - 1], M, noise.words, noise.memory[0, n - 1], g)
    for m in range(M + 1):
        x[n - 1, m] -= g[m]
        outgoing[m] = g[m] / step
    for c in range(jump_rate.shape[0]):
        _jump_noise(op, M, jumps, c, max(jump_rate[c], 0.0) * share, profile, noise, c_old, x, outgoing, step, g)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _plain_noise(
    op: Operator, jumps: Jumps, jump_rate: Array, up: Array, down: Array, profile: Array, noise: Noise, share: float,
    c_old: float, x: Array, outgoing: Array, step: float,
) -> None:  # fmt: skip
    """The same without adaptation: one field, and nothing but flows of q_0."""
    n, memory, words, below = op.width.shape[0], noise.memory, noise.words, jumps.below[0]
    for i in range(n):
        above = down[i] * profile[i + 1, 0] if i < n - 1 else 0.0
        now = np.sqrt(max(up[i] * profile[i, 0] + above, 0.0) * share) * normal(words)
        g = now + c_old * memory[0, i, 0]
        memory[0, i, 0] = now
        x[i, 0] -= g
        if i < n - 1:
            x[i + 1, 0] += g
        else:
            outgoing[0] = g / step
    for c in range(jump_rate.shape[0]):
        scale = max(jump_rate[c], 0.0) * share
        for j in range(n):
            now = np.sqrt(scale * op.width[j] * max(profile[j, 0], 0.0)) * normal(words)
            g = now + c_old * memory[1 + c, j, 0]
            memory[1 + c, j, 0] = now
            x[j, 0] -= g
            noise.scratch[0, j] = g / op.width[j]
            outgoing[0] += noise.scratch[0, j] * jumps.out[c, j] / step
        for i in range(n):
            arrived = 0.0
            for k in range(max(below - i, 0), min(jumps.matrix.shape[1], n + below - i)):
                arrived += jumps.band[c, i, k] * noise.scratch[0, i + k - below]
            x[i, 0] += arrived


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _jump_noise(
    op: Operator, order: int, jumps: Jumps, c: int, share: float, profile: Array, noise: Noise, c_old: float, x: Array,
    outgoing: Array, step: float, g: Array,
) -> None:  # fmt: skip
    """One source of jumps: neurons leave each cell at random and land as the mean does."""
    n, below = op.width.shape[0], jumps.below[0]
    size = jumps.matrix.shape[1]
    for j in range(n):
        mass = op.width[j] * max(profile[j, 0], 0.0)
        if mass * share == 0.0:
            continue
        _flow(mass * share, c_old, profile[j], order, noise.words, noise.memory[1 + c, j], g)
        for m in range(order + 1):
            x[j, m] -= g[m]
            outgoing[m] += g[m] * jumps.out[c, j] / op.width[j] / step
        for i in range(max(j - size + 1 + below, 0), min(j + below + 1, n)):
            landing = jumps.band[c, i, j - i + below] / op.width[j]
            if landing != 0.0:
                for m in range(order + 1):
                    x[i, m] += g[m] * landing
