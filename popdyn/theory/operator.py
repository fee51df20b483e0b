"""The Fokker-Planck operator on a grid, affine in drift offset and diffusion.

    dp/dt = (A0 + u A1 + D A2) p,   J = (f(V) + u) p - D dp/dV,   D = sigma^2/2,   p = 0 at the barrier

Between two cell centres a stationary density obeys, with phi' = -(f + u)/D,

    J int e^phi dV = D (p_i e^phi_i - p_(i+1) e^phi_(i+1))

Scharfetter and Gummel (1969) evaluate it for constant drift, which gives each side its share of the flux; here their
shares, and a factor that makes the integral exact for the drift as it is, are taken once, at a reference (u, D). The
operator is then exact there at the nodes, free of oscillation, second order elsewhere, and affine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.operators import Operator
from popdyn.kernels.shunt import BEND, LEAST, SHUNT, SLOPE

Array = NDArray[np.float64]
Drift = Callable[[Array], Array]

GAUSS_3, GAUSS_24 = np.polynomial.legendre.leggauss(3), np.polynomial.legendre.leggauss(24)
REACH = 40.0  # decay lengths of e^phi after which nothing is left


def make_operator(
    faces: Array, drift: Drift, V_reset: float, u_ref: float, D_ref: float, shunt: Array | None = None
) -> Operator:
    """Operator on the cells between `faces` (cell + 1,) [V]; the last face is the barrier, the first reflects.

    With conductances (`shunt`, popdyn.kernels.shunt; G is in `drift` already) their D_1 and D_2 are in the first part,
    too, and three parts more are what a change of `shunt` does.
    """
    width = np.diff(faces)
    centre = 0.5 * (faces[1:] + faces[:-1])
    left, right = centre, np.append(centre[1:], faces[-1])
    spacing = right - left
    f = drift_integral(drift, left, right) / spacing
    D: Array | float = D_ref
    if shunt is not None:
        x = 0.5 * (left + right) - V_reset
        D = np.maximum(D_ref + x * (shunt[SLOPE] + x * shunt[BEND]), LEAST)
    z = (f + u_ref) * spacing / D
    share = upwind_share(z)
    factor = straight_integral(z, spacing) / exponential_integral(drift, left, right, u_ref, D)
    up = factor * np.stack([f * share, share, 1.0 / spacing])
    down = factor * np.stack([-f * (1.0 - share), -(1.0 - share), 1.0 / spacing])
    if shunt is not None:
        up, down = _with_conductances(up, down, factor, share, x, spacing, shunt)
    down[:, -1] = 0.0
    return Operator(width, centre, up, down, reset_share(drift, centre, V_reset, u_ref, D_ref), f, spacing)


def _with_conductances(
    up: Array, down: Array, factor: Array, share: Array, x: Array, spacing: Array, shunt: Array
) -> tuple[Array, Array]:
    """Three parts more, -x of the drift, x and x^2 of the diffusion, the latter at `shunt` in the first part."""
    spread = factor * np.stack([x, x**2]) / spacing
    already = shunt[SLOPE] * spread[0] + shunt[BEND] * spread[1]
    up, down = up.copy(), down.copy()
    up[0], down[0] = up[0] + already, down[0] + already
    return np.vstack([up, -factor * x * share, spread]), np.vstack([down, factor * x * (1.0 - share), spread])


def moved(op: Operator, change: Array) -> Operator:
    """The operator where `shunt` is `change` (3,) from what it was made at."""
    up, down = op.up.copy(), op.down.copy()
    up[0] += change @ op.up[3:]
    down[0] += change @ op.down[3:]
    return op._replace(up=up, down=down)


def bare(op: Operator, V_reset: float, shunt: Array) -> Operator:
    """The operator without the conductances that it was made at: they come with every step."""
    x = op.centre + 0.5 * op.spacing - V_reset
    return moved(op, -shunt)._replace(drift=op.drift + shunt[SHUNT] * x)


def upwind_share(peclet: Array) -> Array:
    """Share of the lower cell in the advective flux: 1/(1 - exp(-z)) - 1/z, one half at z = 0."""
    small = np.abs(peclet) < 1e-3
    z = np.where(small, 1.0, peclet)
    return np.where(small, 0.5 + peclet / 12.0, 1.0 / -np.expm1(-np.maximum(z, -700.0)) - 1.0 / z)


def drift_integral(drift: Drift, left: Array, right: Array) -> Array:
    """Integral of the drift between points, three-point Gauss-Legendre."""
    middle, half = 0.5 * (left + right), 0.5 * (right - left)
    return np.asarray(half * sum(w * drift(middle + half * x) for x, w in zip(*GAUSS_3, strict=True)))


def straight_integral(z: Array, spacing: Array) -> Array:
    """Integral of exp(-|z| x) over 0 < x < 1, times spacing: `exponential_integral` of a constant drift."""
    size = np.abs(z)
    small = size < 1e-6
    safe = np.where(small, 1.0, size)
    return np.asarray(spacing * np.where(small, 1.0 - 0.5 * size, -np.expm1(-safe) / safe))


def exponential_integral(drift: Drift, left: Array, right: Array, u: float, D: Array | float) -> Array:
    """Integral of e^phi from left to right, phi' = -(f + u)/D, times e^(-max(phi)); phi(left) = 0.

    phi is largest at one end; where it falls steeply from there (upstroke: by 10^9 and more within a cell) only the
    first `REACH` decay lengths count.
    """
    nodes, weights = GAUSS_24
    spacing = right - left
    z = (drift_integral(drift, left, right) + u * spacing) / D
    slope = np.where(z >= 0.0, drift(left) + u, -(drift(right) + u)) / D
    reach = np.minimum(spacing, REACH / np.maximum(slope, 1e-300))
    start = np.where(z >= 0.0, left, right - reach)
    base = (drift_integral(drift, left, start) + u * (start - left)) / D
    total = np.zeros_like(z)
    for x, weight in zip(0.5 * (1.0 + nodes), 0.5 * weights, strict=True):
        phi = -base - (drift_integral(drift, start, start + x * reach) + u * x * reach) / D
        total += weight * np.exp(phi - np.maximum(-z, 0.0))
    return np.asarray(total * reach)


def reset_share(drift: Drift, centre: Array, V_reset: float, u: float, D: float) -> Array:
    """Share of each cell in a reinjected neuron: the chance to reach one neighbouring centre before the other."""
    share = np.zeros_like(centre)
    high = int(np.clip(np.searchsorted(centre, V_reset), 1, centre.size - 1))
    left, right, at = centre[high - 1 : high], centre[high : high + 1], np.array([V_reset])
    z = (drift_integral(drift, left, right) + u * (right - left)) / D
    z_at = (drift_integral(drift, left, at) + u * (at - left)) / D
    above = exponential_integral(drift, at, right, u, D) * np.exp(-z_at + np.maximum(z_at - z, 0.0))
    whole = exponential_integral(drift, left, right, u, D) * np.exp(np.maximum(-z, 0.0))
    share[high - 1] = np.clip((above / whole)[0], 0.0, 1.0)
    share[high] = 1.0 - share[high - 1]
    return share
