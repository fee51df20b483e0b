"""The first moments h_1, h_2 of what regular presynaptic trains take back of their noise: columns of the density.

q_n' gains G (z q_n), z = h_1/q_0;   h_n' = (L - n beta) h_n + G h_(n+1) + n (S_z - X) G h_(n-1),  h_0 = q_0, h_3 = 0

(popdyn.theory.train_noise; more where trains come by finite jumps), with G = f d_V - sum_c f_c/J_c [q(V - J_c) - q(V)]:
what a train that comes by finite jumps takes back are jumps.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.density_fluxes import delayed
from popdyn.kernels.density_state import BETA, CROSS, GAMMA, PACE, RESET, SECOND, SECOND_STAR, SPREAD, TRAIN, State
from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Hierarchy, Operator

FARTHEST = 6.0  # standard deviations of z that its conditional mean may reach

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def carries_second(order: int) -> bool:
    """Whether h_2 has a column: not beside the highest closure."""
    return order + 1 <= SECOND


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def train_fluxes(
    op: Operator, jumps: Jumps, order: int, now: Array, old: Array, star: Array, train: Array, c_now: float,
    c_old: float, step: float, x: Array, edge: Array, below: Array, z: Array,
) -> None:  # fmt: skip
    """Add the explicit terms of h_1 and h_2 to the right-hand sides in x, their outflow to edge.

    x holds the history of h_2; below (column,) is zero; z (cell,) is work space.
    """
    n, part, beta, second = op.width.shape[0], jumps.trains[0, 0], train[BETA], carries_second(order)
    m = train[PACE]
    pull, limit = train[CROSS] - m * train[SPREAD], FARTHEST * np.sqrt(train[SPREAD])
    third = m * train[GAMMA] ** 2 * (train[CROSS] - 3.0 * m * train[SPREAD]) * jumps.trains[1, 0] / (3.0 * beta)
    for i in range(n):
        z[i] = m * min(max(star[i, TRAIN] / star[i, 0], -limit), limit) if star[i, 0] > 0.0 else 0.0
    for c in range(jumps.out.shape[0]):
        if jumps.trains[1, 1 + c] != 0.0:
            _jumps_back(op, jumps, c, order, star, train, third, step, x, edge, z)
    for i in range(n):
        above, upper = part * op.up[1, i], -part * op.down[1, i]
        j = min(i + 1, n - 1)
        density = above * star[i, 0] + upper * star[j, 0]
        carried = m * (above * star[i, TRAIN] + upper * star[j, TRAIN])
        width = op.width[i]
        x[i, TRAIN] += width * (c_now * now[i, TRAIN] + c_old * old[i, TRAIN] - step * beta * star[i, TRAIN])
        flux = pull * density - m * (above * star[i, SECOND_STAR] + upper * star[j, SECOND_STAR])
        x[i, TRAIN] += step * (below[TRAIN] - flux)
        x[i, 0] += step * (below[0] + carried)
        below[TRAIN], below[0] = flux, -carried
        if second:
            flux = 2.0 * pull * (above * star[i, TRAIN] + upper * star[j, TRAIN]) - third * density
            x[i, SECOND] += step * (below[SECOND] - flux - 2.0 * beta * width * star[i, SECOND_STAR])
            below[SECOND] = flux
        if order > 0:
            mean = min(max(carried / density, -m * limit), m * limit) if density > 0.0 else 0.0
            for k in range(1, order + 1):
                flux = -mean * (above * star[i, k] + upper * star[j, k])
                x[i, k] += step * (below[k] - flux)
                below[k] = flux
    for k in range(order + 1):
        edge[k] += below[k]
    edge[TRAIN] += below[TRAIN]
    if second:
        edge[SECOND] += below[SECOND]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _jumps_back(
    op: Operator, jumps: Jumps, c: int, order: int, star: Array, train: Array, third: float, step: float, x: Array,
    edge: Array, z: Array,
) -> None:  # fmt: skip
    """What is the jumps of source c: more of them where z is negative, fewer where it is not; each of them moves z."""
    n, weight, first, second = op.width.shape[0], jumps.trains[0, 1 + c], jumps.below[0], carries_second(order)
    m = train[PACE]
    pull, kick = train[CROSS] - m * train[SPREAD], train[GAMMA] * jumps.trains[1, 1 + c]
    skew = kick * (train[CROSS] - 2.0 * m * train[SPREAD]) - weight * third
    own = m * kick * train[GAMMA] * jumps.trains[1, 1 + c] / weight
    kick *= m
    back = m * weight
    for i in range(n):
        width, out = op.width[i], jumps.out[c, i]
        q, h_1, h_2 = -width * star[i, 0], -width * star[i, TRAIN], -width * star[i, SECOND_STAR]
        for k in range(max(first - i, 0), min(jumps.matrix.shape[1], n + first - i)):
            moved, j = jumps.band[c, i, k], i + k - first
            q += moved * star[j, 0]
            h_1 += moved * star[j, TRAIN]
            h_2 += moved * star[j, SECOND_STAR]
        x[i, 0] -= step * back * h_1
        x[i, TRAIN] += step * (weight * pull * q - back * h_2 - kick * h_1)
        q_0, y_1, y_2 = out * star[i, 0], out * star[i, TRAIN], out * star[i, SECOND_STAR]
        edge[0] -= back * y_1
        edge[TRAIN] += weight * pull * q_0 - back * y_2 - kick * y_1
        if second:
            from_1 = 2.0 * weight * pull - own
            x[i, SECOND] += step * (from_1 * h_1 + skew * q - 2.0 * kick * h_2 - own * width * star[i, TRAIN])
            edge[SECOND] += from_1 * y_1 + skew * q_0 - 2.0 * kick * y_2
        for k_w in range(1, order + 1):
            field = -width * z[i] * star[i, k_w]
            for k in range(max(first - i, 0), min(jumps.matrix.shape[1], n + first - i)):
                field += jumps.band[c, i, k] * z[i + k - first] * star[i + k - first, k_w]
            x[i, k_w] -= step * weight * field
            edge[k_w] -= weight * out * z[i] * star[i, k_w]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def close_train(
    state: State, x: Array, column: int, past: int, base: float, step: float, lag: float, decay: float,
    first_firing: int,
) -> None:  # fmt: skip
    """Reinject h_1 or h_2 after the dead time, `decay` of it; its outgoing flux, of which `base` is explicit, into
    column `past` of the past."""
    n, zeta = x.shape[0], 0.0
    for i in range(first_firing, n):
        base += state.work[4, i] * x[i, column]
        zeta += step * state.work[4, i] * x[i, RESET]
    present, known = delayed(state, lag, past)
    out = (base + zeta * decay * known) / (1.0 - zeta * decay * present)
    into = decay * (known + present * out)
    for i in range(n):
        x[i, column] += step * into * x[i, RESET]
    state.past[state.done[0] % state.past.shape[0], past] = out


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def close_trains(
    h: Hierarchy, state: State, x: Array, edge: Array, drawn: float, step: float, lag: float, beta: float,
    first_firing: int,
) -> None:  # fmt: skip
    """Reinject both; `drawn` is the finite-size noise of what leaves h_1."""
    decay, last = np.exp(-beta * h.t_ref), state.past.shape[1] - 1
    close_train(state, x, TRAIN, last - 1, edge[TRAIN] + drawn, step, lag, decay, first_firing)
    if carries_second(h.order):
        close_train(state, x, SECOND, last, edge[SECOND], step, lag, decay * decay, first_firing)
