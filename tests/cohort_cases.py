"""Populations of escape-noise neurons that several tests look at."""

from __future__ import annotations

from popdyn.theory.gif_problem import GifProblem

PLAIN = {
    "tau_m": 15e-3, "E_L": 0.0, "V_reset": 0.0, "t_ref": 4e-3, "lambda_0": 10.0, "Delta_V": 3e-3, "V_T_star": 15e-3,
}  # fmt: skip
TWO_THRESHOLDS = {**PLAIN, "tau_sfa": (30e-3, 500e-3), "q_sfa": (3e-3, 0.6e-3)}
TWO_CURRENTS = {**PLAIN, "C_m": 150e-12, "tau_stc": (30e-3, 500e-3), "q_stc": (30e-12, 10e-12)}


def plain(mu, **more):
    """No adaptation; mu [V] is tau_m times the drive."""
    return GifProblem(**PLAIN, mu=mu / PLAIN["tau_m"], **more)


def two_thresholds(mu, **more):
    """A threshold that jumps by 3 and 0.6 mV and falls within 30 and 500 ms."""
    return GifProblem(**TWO_THRESHOLDS, mu=mu / PLAIN["tau_m"], **more)


def two_currents(mu, **more):
    """Spike-triggered currents of the same time scales."""
    return GifProblem(**TWO_CURRENTS, mu=mu / PLAIN["tau_m"], **more)
