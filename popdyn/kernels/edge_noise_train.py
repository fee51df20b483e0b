"""Finite size under regular presynaptic trains: noise of q_0 and h_1 together (kernels.density_train), no adaptation.

A neuron that crosses a face carries its z, of mean h_1/q_0 and variance S_z; and the noise that moved it by dV moved
its z as well: dz = gamma dV where that noise is of the trains, X/(2 D) dV on average where other noise is mixed in.
h_2 has no noise of its own.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.density_state import CROSS, SPREAD, TRAIN
from popdyn.kernels.edge_noise import Noise, normal
from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Operator

GAMMA, PART, KICKS = 0, 1, 2  # of Noise.kick: gamma [1/s], share of the trains in diffusion, then gamma J by source
Y, LEFT = 1, 2  # of Noise.memory, beside the flow of q_0
FARTHEST = 3.0  # standard deviations of z that its mean in a cell may reach

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def add_regular_noise(
    op: Operator, jumps: Jumps, jump_rate: Array, up: Array, down: Array, profile: Array, noise: Noise, train: Array,
    D: float, dt: float, c_old: float, x: Array, outgoing: Array, step: float,
) -> float:  # fmt: skip
    """As edge_noise.add_noise; returns the noise of the outgoing flux of h_1."""
    n, share, memory, words = op.width.shape[0], dt / noise.neurons[0], noise.memory, noise.words
    of_trains = noise.kick[PART] * train[CROSS]
    lean = of_trains / (2.0 * D) if D > 0.0 else 0.0
    left = max((noise.kick[GAMMA] - lean) * of_trains, 0.0) * share
    spread, fired = np.sqrt(train[SPREAD]), 0.0
    for i in range(n):
        above = down[i] * profile[i + 1, 0] if i < n - 1 else 0.0
        sd = np.sqrt(max(up[i] * profile[i, 0] + above, 0.0) * share)
        g = sd * normal(words)
        y = _mean(profile, i, spread) * g + spread * sd * normal(words)
        flow, carried = g + c_old * memory[0, i, 0], y + c_old * memory[0, i, Y]
        memory[0, i, 0], memory[0, i, Y] = g, y
        kick = lean * op.spacing[i] * flow
        x[i, 0] -= flow
        x[i, TRAIN] -= carried
        if i < n - 1:
            x[i + 1, 0] += flow
            x[i, TRAIN] += 0.5 * kick
            x[i + 1, TRAIN] += carried + 0.5 * kick
        else:
            outgoing[0], fired = flow / step, (carried + kick) / step
        if left > 0.0:
            y = np.sqrt(left * op.width[i] * max(profile[i, 0], 0.0)) * normal(words)
            x[i, TRAIN] += y + c_old * memory[0, i, LEFT]
            memory[0, i, LEFT] = y
    for c in range(jump_rate.shape[0]):
        fired += _jumping(
            op, jumps, c, max(jump_rate[c], 0.0) * share, profile, noise, spread, c_old, x, outgoing, step
        )
    return fired


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _mean(profile: Array, i: int, spread: float) -> float:
    """Mean of z in a cell of the noise-free profile."""
    if profile[i, 0] <= 0.0:
        return 0.0
    return min(max(profile[i, TRAIN] / profile[i, 0], -FARTHEST * spread), FARTHEST * spread)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _jumping(
    op: Operator, jumps: Jumps, c: int, share: float, profile: Array, noise: Noise, spread: float, c_old: float,
    x: Array, outgoing: Array, step: float,
) -> float:  # fmt: skip
    """One source of jumps: neurons leave each cell at random and land as the mean does, z with them."""
    n, below, memory, words = op.width.shape[0], jumps.below[0], noise.memory, noise.words
    landing, with_z, fired = noise.scratch[0], noise.scratch[1], 0.0
    for j in range(n):
        sd = np.sqrt(share * op.width[j] * max(profile[j, 0], 0.0))
        g = sd * normal(words)
        y = _mean(profile, j, spread) * g + spread * sd * normal(words)
        flow, carried = g + c_old * memory[1 + c, j, 0], y + c_old * memory[1 + c, j, Y]
        memory[1 + c, j, 0], memory[1 + c, j, Y] = g, y
        x[j, 0] -= flow
        x[j, TRAIN] -= carried
        landing[j] = flow / op.width[j]
        with_z[j] = (carried + noise.kick[KICKS + c] * flow) / op.width[j]
        outgoing[0] += landing[j] * jumps.out[c, j] / step
        fired += with_z[j] * jumps.out[c, j] / step
    for i in range(n):
        arrived, arrived_z = 0.0, 0.0
        for k in range(max(below - i, 0), min(jumps.matrix.shape[1], n + below - i)):
            arrived += jumps.band[c, i, k] * landing[i + k - below]
            arrived_z += jumps.band[c, i, k] * with_z[i + k - below]
        x[i, 0] += arrived
        x[i, TRAIN] += arrived_z
    return fired
