"""Time stepping of simple rate units, many at once: one gain, one time constant, any number of adaptation variables.

    dr/dt = (1/tau_r + quickening r) (-r + F(x)),  x = mu - threshold - threshold_sigma ds - sum_j strength_j a_j
    tau_j da_j/dt = -a_j + r,                      ds = sigma - sigma_ref

F has a scale and a shape, and the shape grows as exp(shape_sigma ds). Scheme: r lives at the ends of the steps and a in
their middles, each moved exponentially with the other held; second order with one gain per step, exact for a constant
drive without adaptation (with quickening up to 1 - exp(-q) = q/(1 + q/2 + q^2/12) + O(q^5)). `tangent` is the
derivative of that very scheme.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

THRESHOLD_LINEAR, SOFTPLUS, POWER_LAW, SIGMOID = range(4)
SCALE, SHAPE, SHAPE_SIGMA, THRESHOLD, THRESHOLD_SIGMA, TAU, QUICKENING, DRIVE_SCALE, STRENGTH, TAU_A = range(10)
"""Columns of a unit's parameters; STRENGTH and TAU_A repeat for each adaptation variable."""

LANES = 8
"""Units that are stepped side by side: one fills the waits of the other (adaptation: 40 -> 20 ns per unit and step)."""

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def gain(family: int, x: float, scale: float, shape: float, drive_scale: float) -> float:
    """F [1/s] at a drive x beyond the threshold."""
    if family == THRESHOLD_LINEAR:
        return scale * max(x, 0.0)
    if family == SOFTPLUS:
        z = x / shape
        return scale * shape * (max(z, 0.0) + math.log1p(math.exp(-abs(z))))
    if family == POWER_LAW:
        return scale * math.exp(shape * math.log(x / drive_scale)) if x > 0.0 else 0.0
    return scale / (1.0 + math.exp(-x / shape))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def slopes(family: int, x: float, scale: float, shape: float, drive_scale: float) -> tuple[float, float, float]:
    """F and its derivatives with respect to x and shape."""
    if family == THRESHOLD_LINEAR:
        return scale * max(x, 0.0), scale if x > 0.0 else 0.0, 0.0
    F = gain(family, x, scale, shape, drive_scale)
    z = x / shape
    if family == POWER_LAW:
        if x <= 0.0:
            return F, 0.0, 0.0
        return F, shape * F / x, F * math.log(x / drive_scale)
    part = 1.0 / (1.0 + math.exp(-z))
    if family == SOFTPLUS:
        return F, scale * part, F / shape - scale * z * part
    slope = F * (1.0 - part) / shape
    return F, slope, -z * slope


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def growth(p: Array, ds: float) -> float:
    """Of the shape with sigma."""
    return math.exp(p[SHAPE_SIGMA] * ds) if p[SHAPE_SIGMA] * ds != 0.0 else 1.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def share(q: float) -> float:
    """1 - exp(-q) to fifth order, and below 1 for every q."""
    return q / (1.0 + q * (0.5 + q / 12.0))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def step(p: Array, F: float, r: float, dt: float, constant: float) -> float:
    """r after one step; `constant` is the share of F that it takes where its time constant is tau_r."""
    if p[QUICKENING] == 0.0:
        return r + (F - r) * constant
    half = 0.5 * dt * (1.0 / p[TAU] + p[QUICKENING] * r)
    middle = r + (F - r) * half / (1.0 + half)
    return r + (F - r) * share(dt * (1.0 / p[TAU] + p[QUICKENING] * middle))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(
    family: int,
    units: Array,
    which: Integers,
    mu: Array,
    sigma: Array,
    sigma_ref: float,
    dt: float,
    steps_per_bin: int,
    r: Array,
    a: Array,
    rate: Array,
) -> None:
    """Every unit through its drive; r and a are the state at the start, and at the end.

    units (unit, column); which (unit,) row of the drive; mu, sigma (drive, step) in the middle of each step;
    r (unit,) and a (unit, adaptation) [1/s]; rate (unit, bin) [1/s], means over the bins.
    """
    number, variables = a.shape
    factors, per_bin = np.empty((number, variables + 1)), 0.5 / steps_per_bin
    for u in range(number):
        factors[u, 0] = -math.expm1(-dt / units[u, TAU])
        for j in range(variables):
            a[u, j] += (r[u] - a[u, j]) * -math.expm1(-0.5 * dt / units[u, TAU_A + 2 * j])
            factors[u, 1 + j] = -math.expm1(-dt / units[u, TAU_A + 2 * j])
    rate[:] = 0.0
    for first in range(0, number, LANES):
        for k in range(rate.shape[1] * steps_per_bin):
            place = k // steps_per_bin
            for u in range(first, min(first + LANES, number)):
                p, d = units[u], which[u]
                ds = sigma[d, k] - sigma_ref
                x = mu[d, k] - p[THRESHOLD] - p[THRESHOLD_SIGMA] * ds
                for j in range(variables):
                    x -= p[STRENGTH + 2 * j] * a[u, j]
                F = gain(family, x, p[SCALE], p[SHAPE] * growth(p, ds), p[DRIVE_SCALE])
                now = step(p, F, r[u], dt, factors[u, 0])
                for j in range(variables):
                    a[u, j] += (now - a[u, j]) * factors[u, 1 + j]
                rate[u, place] += per_bin * (r[u] + now)
                r[u] = now


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def slope_of_drive(p: Array, a: Array, da: Array, ds: float, dx: Array) -> float:
    """x at one step; dx (column,) becomes its derivative."""
    dx[:] = 0.0
    x = -p[THRESHOLD] - p[THRESHOLD_SIGMA] * ds
    dx[THRESHOLD], dx[THRESHOLD_SIGMA] = -1.0, -ds
    for j in range(a.shape[0]):
        x -= p[STRENGTH + 2 * j] * a[j]
        dx[STRENGTH + 2 * j] -= a[j]
        for c in range(dx.shape[0]):
            dx[c] -= p[STRENGTH + 2 * j] * da[j, c]
    return x


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def step_tangent(p: Array, dt: float, F: float, dF: Array, r: float, dr: Array) -> float:
    """r after one step; dr (column,) goes along."""
    grown, rest = p[QUICKENING], 1.0 / p[TAU]
    half = 0.5 * dt * (rest + grown * r)
    weight, bend = half / (1.0 + half), 1.0 / (1.0 + half) ** 2
    middle = r + (F - r) * weight
    q = dt * (rest + grown * middle)
    if grown == 0.0:
        part, steep = -math.expm1(-q), math.exp(-q)
    else:
        below = 1.0 + q * (0.5 + q / 12.0)
        part, steep = q / below, (1.0 - q * q / 12.0) / (below * below)
    for c in range(dr.shape[0]):
        own = -rest * rest if c == TAU else 0.0
        d_half = 0.5 * dt * (grown * dr[c] + own + (r if c == QUICKENING else 0.0))
        d_middle = dr[c] + (dF[c] - dr[c]) * weight + (F - r) * bend * d_half
        d_q = dt * (grown * d_middle + own + (middle if c == QUICKENING else 0.0))
        dr[c] += (dF[c] - dr[c]) * part + (F - r) * steep * d_q
    return r + (F - r) * part


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def tangent(
    family: int,
    units: Array,
    which: Integers,
    mu: Array,
    sigma: Array,
    sigma_ref: float,
    dt: float,
    steps_per_bin: int,
    r: Array,
    a: Array,
    rate: Array,
    slope: Array,
) -> None:
    """`integrate`, and slope (unit, bin, column): the derivative of each bin with respect to each parameter."""
    columns, variables = units.shape[1], a.shape[1]
    dr, total, dF, dx = np.empty(columns), np.empty(columns), np.empty(columns), np.empty(columns)
    da = np.empty((variables, columns))
    for u in range(units.shape[0]):
        p, d, now, mean = units[u], which[u], r[u], 0.0
        dr[:], total[:], da[:] = 0.0, 0.0, 0.0
        for j in range(variables):
            left, tau = math.exp(-0.5 * dt / p[TAU_A + 2 * j]), p[TAU_A + 2 * j]
            da[j, TAU_A + 2 * j] = -(now - a[u, j]) * left * 0.5 * dt / tau**2
            a[u, j] += (now - a[u, j]) * (1.0 - left)
        for k in range(rate.shape[1] * steps_per_bin):
            ds, before = sigma[d, k] - sigma_ref, now
            x = mu[d, k] + slope_of_drive(p, a[u], da, ds, dx)
            grown = growth(p, ds)
            F, F_x, F_shape = slopes(family, x, p[SCALE], p[SHAPE] * grown, p[DRIVE_SCALE])
            for c in range(columns):
                dF[c], total[c] = F_x * dx[c], total[c] + 0.5 * dr[c]
            dF[SCALE] += F / p[SCALE]
            dF[SHAPE] += F_shape * grown
            dF[SHAPE_SIGMA] += F_shape * grown * p[SHAPE] * ds
            now = step_tangent(p, dt, F, dF, now, dr)
            for j in range(variables):
                left, tau = math.exp(-dt / p[TAU_A + 2 * j]), p[TAU_A + 2 * j]
                for c in range(columns):
                    da[j, c] += (dr[c] - da[j, c]) * (1.0 - left)
                da[j, TAU_A + 2 * j] -= (now - a[u, j]) * left * dt / tau**2
                a[u, j] += (now - a[u, j]) * (1.0 - left)
            mean += 0.5 * (before + now)
            for c in range(columns):
                total[c] += 0.5 * dr[c]
            if (k + 1) % steps_per_bin == 0:
                place = k // steps_per_bin
                rate[u, place], mean = mean / steps_per_bin, 0.0
                for c in range(columns):
                    slope[u, place, c], total[c] = total[c] / steps_per_bin, 0.0
        r[u] = now
