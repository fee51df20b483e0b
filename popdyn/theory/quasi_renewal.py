"""Quasi-renewal theory of a population with moving thresholds: the published baseline of the cohort theory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.quasi_renewal import integrate_quasi_renewal
from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]

TAILS = 5.0  # longest time constants of the threshold that are remembered; of tau_m twice as many


def quasi_renewal_rates(problem: GifProblem, mu: Array, dt: float) -> Array:
    """Rates (step,) [1/s] at the ends of the steps under mu (step,) [V/s], from rest, N -> infinity.

    Valid when adaptation is slow or weak: 2 to 3 % low with time scales of 30 and 500 ms (docs/decisions).
    Raises ValueError for currents, frozen variables or sigma, which it does not have.
    """
    if any(problem.q_stc) or problem.frozen or problem.sigma:
        raise ValueError("quasi-renewal theory has moving thresholds alone")
    lag = dt * np.arange(int(TAILS * max(problem.slowest, 2.0 * problem.tau_m) / dt) + 2)
    theta = sum(
        (q * np.exp(-lag / tau) for tau, q in zip(problem.tau_sfa, problem.q_sfa, strict=True)), np.zeros(lag.size)
    )
    sharp, rate = 1.0 / problem.Delta_V, np.zeros(mu.size)
    integrate_quasi_renewal(
        mu, dt, problem.tau_m, problem.V_reset - problem.E_L, round(problem.t_ref / dt),
        np.log(problem.lambda_0 * dt) - (problem.V_T_star - problem.E_L) * sharp, sharp, theta,
        -np.expm1(-theta * sharp) / sharp, rate,
    )  # fmt: skip
    return rate
