"""Threshold integration: stationary density and linear response of one-dimensional white-noise neurons.

Nodes V (cell + 1,) run from the threshold down, counted from V_reset; `velocity` (cell,) is drift + mu in each cell
[V/s], `width` (cell,) [V]; a cell with V[k] > edge lies above V_reset.
Source: Richardson 2007, Phys Rev E 76:021919.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

LARGE = 1e120

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


@njit(cache=True)
def cell_factors(velocity: Array, width: Array, D: float) -> tuple[Array, Array]:
    """decay and gain of p_below = decay p_above + gain J, exact for a constant velocity and flux J in the cell."""
    decay = np.exp(-velocity * width / D)
    gain = np.empty_like(decay)
    for k in range(width.size):
        x = velocity[k] * width[k] / D
        gain[k] = -np.expm1(-x) / velocity[k] if abs(x) > 1e-12 else width[k] / D
    return decay, gain


@njit(cache=True)
def stationary(velocity: Array, width: Array, V: Array, edge: float, D: float) -> tuple[Array, float, float]:
    """Density at the nodes at unit flux through the threshold, and its integrals of 1 and V."""
    n = width.size
    decay, gain = cell_factors(velocity, width, D)
    p = np.zeros(n + 1)
    mass = 0.0
    first = 0.0
    for k in range(n):
        flux = 1.0 if V[k] > edge else 0.0
        p[k + 1] = p[k] * decay[k] + flux * gain[k]
        mass += 0.5 * width[k] * (p[k] + p[k + 1])
        first += 0.5 * width[k] * (p[k] * V[k] + p[k + 1] * V[k + 1])
    return p, mass, first


@njit(cache=True)
def flux_source(velocity: Array, V: Array, edge: float, D: float, p0: Array, rate: float, to_D: bool) -> Array:
    """Change of the flux per unit change of mu (p0) or of D (-dp0/dV), mean over each cell."""
    n = velocity.size
    source = np.empty(n)
    for k in range(n):
        mean = 0.5 * (p0[k] + p0[k + 1])
        flux = rate if V[k] > edge else 0.0
        source[k] = (flux - velocity[k] * mean) / D if to_D else mean
    return source


@njit(cache=True)
def response_fluxes(
    velocity: Array, width: Array, V: Array, edge: float, D: float, source: Array, omega: float
) -> ComplexArray:
    """Flux left at the lower end by three solutions of i omega p + dJ/dV = 0, J = velocity p - D dp/dV + source.

    (0) unit flux out of the threshold, (1) unit injection at V_reset, (2) the source alone; one common factor keeps
    them finite. The response is the combination that leaves no flux.
    """
    decay, gain = cell_factors(velocity, width, D)
    p = np.zeros(3, dtype=np.complex128)
    J = np.zeros(3, dtype=np.complex128)
    J[0] = 1.0
    factor = 1.0
    injected = False
    for k in range(width.size):
        if V[k] <= edge and not injected:
            J[1] -= factor
            injected = True
        quarter = 0.25j * omega * width[k]
        for s in range(3):
            drive = J[s] - (factor * source[k] if s == 2 else 0.0)
            new = (decay[k] * p[s] + gain[k] * (drive + quarter * p[s])) / (1.0 - gain[k] * quarter)
            J[s] += 2.0 * quarter * (p[s] + new)
            p[s] = new
        if max(abs(J[0]), abs(J[1]), abs(J[2])) > LARGE:
            p /= LARGE
            J /= LARGE
            factor /= LARGE
    return J


@njit(cache=True)
def response_voltage(
    velocity: Array, width: Array, V: Array, edge: float, D: float, source: Array, inflow: complex, omega: float
) -> complex:
    """int V p_1 dV (V from V_reset) with `inflow` at V_reset: one tridiagonal solve, stable at high omega."""
    n = width.size
    decay, gain = cell_factors(velocity, width, D)
    # node k: i omega volume p_k = J_k - J_(k-1) + inflow, J_k = (p_(k+1) - decay_k p_k)/gain_k + source_k
    diagonal = np.zeros(n + 1, dtype=np.complex128)
    right = np.zeros(n + 1, dtype=np.complex128)
    injected = False
    for k in range(1, n + 1):
        below = width[k] if k < n else 0.0
        diagonal[k] = 0.5j * omega * (width[k - 1] + below) + 1.0 / gain[k - 1]
        right[k] = -source[k - 1]
        if k < n:
            diagonal[k] += decay[k] / gain[k]
            right[k] += source[k]
            if V[k] <= edge and not injected:
                right[k] += inflow
                injected = True
    for k in range(2, n + 1):
        factor = decay[k - 1] / (gain[k - 1] * diagonal[k - 1])
        diagonal[k] -= factor / gain[k - 1]
        right[k] += factor * right[k - 1]
    first = 0.0j
    above = 0.0j
    for k in range(n, 0, -1):
        above = (right[k] + (above / gain[k] if k < n else 0.0)) / diagonal[k]
        below = width[k] if k < n else 0.0
        first += 0.5 * (width[k - 1] + below) * V[k] * above
    return first
