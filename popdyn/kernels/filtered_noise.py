"""Neurons under filtered noise: input that arrives sooner, and boundaries that move with its variance.

Where white noise stands for synapses of time constant tau, threshold and reset lie higher by gamma, and mean, variance
and gamma follow the presynaptic rate with time constants c tau that are shorter (popdyn.theory.filtered_noise). The
synapse itself has tau, so what a node hears is (1 + lambda tau)/(1 + lambda c tau) of it, 1/c + (1 - 1/c)/(1 + ...).
The grid holds the gamma of the working point; where it is another, the density is seen in the frame of the moving
boundaries, where the drive has -(gamma - gamma_0)/tau_m - gamma' more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.synapses import Projections, relax

MEAN, VARIANCE, SHIFT, WHAT = 0, 1, 2, 3
GAMMA, TAU_M, NOW, EDGES = 0, 1, 2, 3
UNKNOWN = -1.0  # NOW before the first step

Array = NDArray[np.float64]


class Filtered(NamedTuple):
    """Of projections, and of nodes: GAMMA 0 where boundaries stay."""

    share: Array  # (projection, WHAT) 1/c; 1: as the synapse has it
    decay: Array  # (projection, WHAT, 2) of c tau (popdyn.kernels.synapses.decay_of)
    state: Array  # (2, projection, WHAT, 2): the filter, and what came last; with finite-size noise, and without
    arrived: Array  # (2, projection) v as the boundaries follow it [1/s]
    squared: Array  # (node, projection) [V^2 s] gamma^2 per unit of that
    edge: Array  # (node, EDGES)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def hasten(f: Filtered, row: int, p: Projections) -> None:
    """u and v of the projections as neurons under filtered noise follow them."""
    for k in range(p.pre.shape[0]):
        u, v = p.mean[k], p.variance[k]
        if f.share[k, MEAN] != 1.0:
            p.mean[k] = _quick(f, row, k, MEAN, u)
            p.variance[k] = _quick(f, row, k, VARIANCE, v)
        f.arrived[row, k] = _quick(f, row, k, SHIFT, v) if f.share[k, SHIFT] != 1.0 else v


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _quick(f: Filtered, row: int, k: int, what: int, x: float) -> float:
    state, share = f.state[row, k, what], f.share[k, what]
    state[0] = relax(state[0], state[1], x, f.decay[k, what])
    state[1] = x
    return share * x + (1.0 - share) * state[0]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def follow(f: Filtered, q: int, heard: NDArray[np.int64], dt: float) -> float:
    """Drive [V/s] of node q, which hears these projections, by what its boundaries moved in this step."""
    squared, edge = 0.0, f.edge[q]
    for k in heard:
        squared += f.squared[q, k] * max(f.arrived[0, k], 0.0)
    now = np.sqrt(squared)
    speed = 0.0 if edge[NOW] == UNKNOWN else (now - edge[NOW]) / dt
    edge[NOW] = now
    return -(now - edge[GAMMA]) / edge[TAU_M] - speed
