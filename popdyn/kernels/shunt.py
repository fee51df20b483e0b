"""Conductances in the drift and the diffusion of a density: polynomials in V - V_reset.

    drift = f(V) + u - G x,      D(V) = D + D_1 x + D_2 x^2,      x = V - V_reset

`shunt` holds G [1/s], D_1 [V/s], D_2 [1/s], or nothing. Where they come from: popdyn.theory.conductances.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

SHUNT, SLOPE, BEND, PARTS = 0, 1, 2, 3
LEAST = 1e-9  # [V^2/s] diffusion at a reversal potential that nothing else makes noise at

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def diffusion(D: float, shunt: Array, x: float) -> float:
    """D(V) [V^2/s] at x = V - V_reset [V]."""
    return max(D + x * (shunt[SLOPE] + x * shunt[BEND]), LEAST)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def hear(
    gain: Array, variance: Array, force: Array, tau: Array, leak: float, mean: Array, spread: Array, shunt: Array
) -> tuple[float, float]:
    """Fill shunt from the inputs `mean` and `spread` (projection,) [1/s] of a node; returns its share of u and of D.

    gain, variance, force (projection,): conductance over C_m per unit of mean, white-noise D of it per unit of spread,
    and E_rev - V_reset [V]; tau [s] their filters; leak [1/s].
    """
    total = leak
    for k in range(gain.shape[0]):
        total += gain[k] * mean[k]
    u, D = 0.0, 0.0
    shunt[:] = 0.0
    for k in range(gain.shape[0]):
        if gain[k] == 0.0:
            continue
        noise = variance[k] * spread[k] / (1.0 + tau[k] * total)
        rate = gain[k] * mean[k] + noise
        u += rate * force[k]
        D += noise * force[k] * force[k]
        shunt[SHUNT] += rate
        shunt[SLOPE] -= 2.0 * noise * force[k]
        shunt[BEND] += noise
    return u, D
