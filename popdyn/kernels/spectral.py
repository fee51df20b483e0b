"""Time stepping of the spectral rate models: the slowest modes of the density looked up at the state.

Look-ups as those of `ln`. A rate below zero is set to zero, its derivative and the mode's other half with it.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.ln import pulled, read

RATE, V_MEAN, REAL, IMAGINARY, TOTAL, PRODUCT, COLUMNS = 0, 1, 2, 3, 4, 5, 12
"""Rate [1/s], V_mean [V], lambda_1 [1/s], its two parts; T = 1/lambda_1 + 1/lambda_2 [s], P = 1/(lambda_1 lambda_2)."""
MU, D = 6, 9
"""First of three columns: P M_x [s^2/s per unit of x], T M_x - P F_x, d V_mean/d x."""

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def adapt(adaptation: Array, w: Array, V: float, rate: float) -> None:
    """One step of w [A] at mean potential V [V] and rate [1/s]; adaptation as in `ln.pulled`."""
    for j in range(w.shape[0]):
        target = adaptation[j, 1] * (V - adaptation[j, 2]) + adaptation[j, 3] * rate
        w[j] += (target - w[j]) * adaptation[j, 4]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate_one(
    numbers: Array, table: Array, adaptation: Array, mu: Array, sigma: Array, dt: float, w: Array, rate: Array
) -> None:
    """Rate (step,) [1/s], the real part of r' = lambda_1 (r - r_inf), at input mu, sigma (step,) from w [A]."""
    real = read(numbers, table, RATE, mu[0] - pulled(adaptation, w), sigma[0])
    imaginary = 0.0
    for k in range(mu.shape[0]):
        e = mu[k] - pulled(adaptation, w)
        rest = read(numbers, table, RATE, e, sigma[k])
        size = np.exp(read(numbers, table, REAL, e, sigma[k]) * dt)
        angle = read(numbers, table, IMAGINARY, e, sigma[k]) * dt
        c, s, away = size * np.cos(angle), size * np.sin(angle), real - rest
        real, imaginary = rest + c * away - s * imaginary, s * away + c * imaginary
        if real < 0.0:
            real, imaginary = 0.0, 0.0
        rate[k] = real
        adapt(adaptation, w, read(numbers, table, V_MEAN, e, sigma[k]), real)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate_two(
    numbers: Array, table: Array, adaptation: Array, speeds: Array, drive: Array, dt: float, w: Array, rate: Array
) -> None:
    """Rate (step,) [1/s] of P r'' + beta_1 r' + (1 + beta_0) r = r_inf - beta_c from w [A], implicit midpoint rule.

    drive (6, step): mu, mu', mu'', sigma, D', D'', D = sigma^2/2. speeds (variable,): 1/tau [1/s].
    """
    now = read(numbers, table, RATE, drive[0, 0] - pulled(adaptation, w), drive[3, 0])
    v, half = 0.0, 0.5 * dt
    for k in range(drive.shape[1]):
        e, sigma = drive[0, k] - pulled(adaptation, w), drive[3, k]
        V, P = read(numbers, table, V_MEAN, e, sigma), read(numbers, table, PRODUCT, e, sigma)
        a, b, b_late, away, away_late = 0.0, 0.0, 0.0, 0.0, 0.0
        for j in range(w.shape[0]):
            speed, per_C = speeds[j], adaptation[j, 0]
            a += adaptation[j, 1] * speed * per_C
            b += adaptation[j, 3] * speed * per_C
            b_late += adaptation[j, 3] * speed**2 * per_C
            pull = (adaptation[j, 1] * (V - adaptation[j, 2]) - w[j]) * speed * per_C
            away += pull
            away_late += pull * speed
        jump, jump_D = read(numbers, table, MU, e, sigma), read(numbers, table, D, e, sigma)
        H = read(numbers, table, MU + 1, e, sigma) + jump * a * read(numbers, table, MU + 2, e, sigma)
        H_D = read(numbers, table, D + 1, e, sigma) + jump * a * read(numbers, table, D + 2, e, sigma)
        force = read(numbers, table, RATE, e, sigma) + jump * (drive[2, k] + away_late) - H * (drive[1, k] - away)
        force = (force + jump_D * drive[5, k] - H_D * drive[4, k]) / P
        damping = (jump * b - read(numbers, table, TOTAL, e, sigma)) / P
        stiff = (1.0 - jump * b_late - H * b) / P
        new = (v + half * (2.0 * force - stiff * (2.0 * now + half * v) - damping * v)) / (
            1.0 + half * damping + half * half * stiff
        )
        now, v = now + half * (v + new), new
        if now < 0.0:
            now, v = 0.0, 0.0
        rate[k] = now
        adapt(adaptation, w, V, now)
