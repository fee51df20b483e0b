"""Threshold integration: stationary density and linear response of one-dimensional white-noise neurons.

Cells run from the threshold down; `velocity` (cell,) is drift + mu inside each cell [V/s], `width` (cell,) [V].
Source: Richardson 2007, Phys Rev E 76:021919.
"""

from __future__ import annotations

import numpy as np
from numba import njit

LARGE = 1e120


@njit(cache=True)
def stationary(velocity, width, V, V_reset, D):
    """Density at the nodes V (cell + 1, descending, V[0] the threshold) at unit outgoing flux; its integrals of 1 and V."""
    n = velocity.size
    p = np.zeros(n + 1)
    mass = 0.0
    first = 0.0
    for k in range(n):
        h = width[k]
        f = velocity[k]
        flux = 1.0 if V[k] > V_reset else 0.0
        x = f * h / D
        decay = np.exp(-x)
        gain = -np.expm1(-x) / f if abs(x) > 1e-12 else h / D
        p[k + 1] = p[k] * decay + flux * gain
        mass += 0.5 * h * (p[k] + p[k + 1])
        first += 0.5 * h * (p[k] * V[k] + p[k + 1] * V[k + 1])
    return p, mass, first


@njit(cache=True)
def response(velocity, width, V, V_reset, D, p0, flux0, rate_of_change, omega, to_D):
    """Unnormalised solutions at one angular frequency; returns what the face combines.

    Three solutions of  i omega p + dJ/dV = 0,  J = f p - D dp/dV + source: unit flux at the threshold (h), unit injection
    at V_reset (i), and the source of a change of mu (p0) or of D (-dp0/dV) (u). `flux0` is the stationary flux above V_reset.
    Returns J_h, J_i, J_u at the lower end, and int p, int V p of each, all times one common scale.
    """
    n = velocity.size
    p = np.zeros(3, dtype=np.complex128)
    J = np.zeros(3, dtype=np.complex128)
    mass = np.zeros(3, dtype=np.complex128)
    first = np.zeros(3, dtype=np.complex128)
    J[0] = 1.0
    scale = 1.0
    injected = False
    for k in range(n):
        h = width[k]
        f = velocity[k]
        x = f * h / D
        decay = np.exp(-x)
        gain = -np.expm1(-x) / f if abs(x) > 1e-12 else h / D
        mean = 0.5 * (p0[k] + p0[k + 1])
        above = V[k] > V_reset
        if to_D:
            source = (f * mean - (flux0 if above else 0.0)) / D
            source = -source
        else:
            source = mean
        if not above and not injected:
            J[1] -= scale
            injected = True
        for s in range(3):
            drive = J[s] - (scale * source if s == 2 else 0.0)
            # p_new = decay p + gain (J_mid - source), J_mid = J + i omega h (p + p_new) / 4: implicit, second order
            quarter = 0.25j * omega * h
            new = (decay * p[s] + gain * (drive + quarter * p[s])) / (1.0 - gain * quarter)
            J[s] += 0.5j * omega * h * (p[s] + new)
            mass[s] += 0.5 * h * (p[s] + new)
            first[s] += 0.5 * h * (p[s] * V[k] + new * V[k + 1])
            p[s] = new
        if abs(J[0]) > LARGE or abs(p[0]) > LARGE * rate_of_change:
            for s in range(3):
                p[s] /= LARGE
                J[s] /= LARGE
                mass[s] /= LARGE
                first[s] /= LARGE
            scale /= LARGE
    return J, mass, first, scale
