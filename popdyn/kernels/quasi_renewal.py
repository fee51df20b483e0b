"""The published quasi-renewal theory of a moving threshold: one cohort a step, spikes before the last as if Poisson.

    theta(t, t') = sum_j q_j exp(-(t - t')/tau_j) + int_(-inf)^t' theta_QR(t - s) A(s) ds,
    theta_QR = Delta_V (1 - exp(-theta/Delta_V)),   t' the last spike

Source: Naud and Gerstner 2012, PLoS Comput Biol 8:e1002711; Schwalger et al. 2017, PLoS Comput Biol 13:e1005507.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate_quasi_renewal(
    mu: Array, dt: float, tau_m: float, drop: float, dead: int, rare: float, sharp: float, theta: Array,
    softened: Array, rate: Array,
) -> None:  # fmt: skip
    """Rates (step,) [1/s] at the ends of the steps under mu (step,) [V/s].

    V counts from E_L; drop = V_reset - E_L; rare = ln(lambda_0 dt) - (V_T_star - E_L) sharp; sharp = 1/Delta_V; theta,
    softened (lag,): threshold of one spike that many steps ago and its quasi-renewal kernel, until both are nothing.
    """
    length = theta.shape[0]
    share, left, V = np.zeros(length), np.zeros(length), np.zeros(length)
    old, V_old = 1.0, 0.0
    leak = np.exp(-dt / tau_m)
    for t in range(mu.shape[0]):
        push = tau_m * (1.0 - leak) * mu[t]
        new = t % length
        old += left[new]
        left[new], share[new] = 0.0, 0.0
        V_old = leak * V_old + push
        P = -np.expm1(-np.exp(rare + sharp * V_old))
        fired, history = old * P, 0.0
        old -= old * P
        for lag in range(length - 1, dead, -1):
            k = (t - lag) % length
            V[k] = leak * V[k] + push
            P = -np.expm1(-np.exp(rare + sharp * (V[k] - theta[lag] - history)))
            fired += left[k] * P
            left[k] -= left[k] * P
            history += share[k] * softened[lag]
        share[new], left[new], V[new] = fired, fired, drop
        rate[t] = fired / dt
