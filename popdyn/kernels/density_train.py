"""The first moment y_1 of what regular presynaptic trains take back of their noise: one more column of the density.

q_n' gains d_V (z q_n),  z = y_1/q_0;   y_1' = (L - beta) y_1 + (S_z - X) d_V q_0   (popdyn.theory.train_noise)
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.density_fluxes import delayed
from popdyn.kernels.density_state import BETA, CROSS, PAST, RESET, SPREAD, TRAIN, State
from popdyn.kernels.operators import Hierarchy, Operator

FARTHEST = 6.0  # standard deviations of z that its conditional mean may reach

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def train_fluxes(
    op: Operator, order: int, now: Array, old: Array, star: Array, train: Array, c_now: float, c_old: float,
    step: float, x: Array, edge: Array, below: Array,
) -> None:  # fmt: skip
    """Add the explicit terms of y_1 to the right-hand sides in x, its outflow to edge; `below` (column,) is zero."""
    n = op.width.shape[0]
    pull, limit = train[CROSS] - train[SPREAD], FARTHEST * np.sqrt(train[SPREAD])
    for i in range(n):
        above, upper = op.up[1, i], -op.down[1, i]
        j = min(i + 1, n - 1)
        density = above * star[i, 0] + upper * star[j, 0]
        carried = above * star[i, TRAIN] + upper * star[j, TRAIN]
        width = op.width[i]
        x[i, TRAIN] = width * (c_now * now[i, TRAIN] + c_old * old[i, TRAIN] - step * train[BETA] * star[i, TRAIN])
        x[i, TRAIN] += step * (below[TRAIN] - pull * density)
        x[i, 0] += step * (below[0] + carried)
        below[TRAIN], below[0] = pull * density, -carried
        if order > 0:
            mean = min(max(carried / density, -limit), limit) if density > 0.0 else 0.0
            for k in range(1, order + 1):
                flux = -mean * (above * star[i, k] + upper * star[j, k])
                x[i, k] += step * (below[k] - flux)
                below[k] = flux
    for k in range(order + 1):
        edge[k] += below[k]
    edge[TRAIN] = below[TRAIN]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def close_train(
    h: Hierarchy, state: State, x: Array, base: float, step: float, lag: float, beta: float, first_firing: int
) -> float:
    """Reinject y_1 after the dead time; returns its outgoing flux, of which `base` is explicit."""
    n, zeta = x.shape[0], 0.0
    for i in range(first_firing, n):
        base += state.work[4, i] * x[i, TRAIN]
        zeta += step * state.work[4, i] * x[i, RESET]
    present, known = delayed(state, lag, PAST - 1)
    decay = np.exp(-beta * h.t_ref)
    out = (base + zeta * decay * known) / (1.0 - zeta * decay * present)
    into = decay * (known + present * out)
    for i in range(n):
        x[i, TRAIN] += step * into * x[i, RESET]
    return out
