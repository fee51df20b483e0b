"""Time stepping of linear-nonlinear rate models: an input filter looked up at the state, then the stationary rate.

All look-ups are linear over effective drive and sigma, at the end of the table beyond it. Heun's scheme for the
adaptation, exact steps of filters at constant coefficients.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

RATE, V_MEAN, TAU, OMEGA, TAU_SIGMA, COLUMNS = range(6)
"""Rate [1/s], V_mean [V], time constant [s] and angular frequency [1/s] of the mu filter, of the sigma filter [s]."""
E_FIRST, PER_E, SIGMA_FIRST, PER_SIGMA = range(4)

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def read(numbers: Array, table: Array, column: int, e: float, sigma: float) -> float:
    """One column at e [V/s] and sigma [V/sqrt(s)]."""
    last = table.shape[1] - 1
    x = min(max((e - numbers[E_FIRST]) * numbers[PER_E], 0.0), float(last))
    j = min(int(x), last - 1)
    f = x - j
    low = table[0, j, column] + f * (table[0, j + 1, column] - table[0, j, column])
    if table.shape[0] == 1:
        return low
    last = table.shape[0] - 1
    x = min(max((sigma - numbers[SIGMA_FIRST]) * numbers[PER_SIGMA], 0.0), float(last))
    i = min(int(x), last - 1)
    low = table[i, j, column] + f * (table[i, j + 1, column] - table[i, j, column])
    high = table[i + 1, j, column] + f * (table[i + 1, j + 1, column] - table[i + 1, j, column])
    return low + (x - i) * (high - low)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def pulled(adaptation: Array, w: Array) -> float:
    """sum_j w_j/C_m [V/s]; adaptation (variable, 5): 1/C_m, a, E, b tau, 1 - exp(-dt/tau)."""
    total = 0.0
    for j in range(w.shape[0]):
        total += adaptation[j, 0] * w[j]
    return total


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(
    numbers: Array, table: Array, adaptation: Array, mu: Array, sigma: Array, dt: float, second: bool, w: Array,
    rate: Array,
) -> None:  # fmt: skip
    """Rate (step,) [1/s] at input mu, sigma (step,) from w [A]; `second`: a damped oscillator as the filter of mu.

    First order: tau mu_f' = mu - mu_f, looked up at mu_f. Second: mu_f'' + 2/tau mu_f' + (1/tau^2 + omega^2) mu_f =
    (1 + tau^2 omega^2)/tau (mu/tau + mu'), looked up at mu; before mu' at the middle of its change, as for a smooth mu
    (at its end a rough mu would drive the filter up).
    """
    x, v, s, last, gain_before = mu[0], 0.0, sigma[0], mu[0], -1.0
    for k in range(mu.shape[0]):
        pull = pulled(adaptation, w)
        if second:
            e = mu[k] - pull
            tau, omega = read(numbers, table, TAU, e, sigma[k]), read(numbers, table, OMEGA, e, sigma[k])
            stiff = 1.0 / tau**2 + omega**2
            gain = tau * stiff
            v += 0.5 * (gain + (gain_before if gain_before >= 0.0 else gain)) * (mu[k] - last)
            gain_before = gain
            force = stiff * mu[k]
            half = 0.5 * dt
            new = (v + half * (2.0 * force - stiff * (2.0 * x + half * v) - 2.0 * v / tau)) / (
                1.0 + dt / tau + half * half * stiff
            )
            x, v, last = x + half * (v + new), new, mu[k]
        else:
            e = x - pull
            x += (mu[k] - x) * -np.expm1(-dt / read(numbers, table, TAU, e, s))
        s += (sigma[k] - s) * -np.expm1(-dt / read(numbers, table, TAU_SIGMA, e, s))
        e = x - pull
        rate[k] = read(numbers, table, RATE, e, s)
        V = read(numbers, table, V_MEAN, e, s)
        for j in range(w.shape[0]):
            target = adaptation[j, 1] * (V - adaptation[j, 2]) + adaptation[j, 3] * rate[k]
            w[j] += (target - w[j]) * adaptation[j, 4]
