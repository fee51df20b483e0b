"""Rates under coloured noise: limits of short and no correlation, and simulated neurons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from popdyn.theory.siegert import siegert_rate
from popdyn.theory.transport import Coloured, coloured_noise_rate

TAU_M, V_TH, V_RESET, T_REF = 10e-3, 10e-3, 0.0, 2e-3
MU, SIGMA = 0.7, 30e-3
ALPHA = 2.0652531522


def problem(tau: float, **parts: object) -> Coloured:
    """A leaky neuron whose noise has the white-noise intensity SIGMA^2 at zero frequency."""
    made = Coloured(
        lambda V: MU - V / TAU_M, lambda V: np.full(V.shape, SIGMA / np.sqrt(2.0 * tau)), tau, 0.0, 0.0, V_TH, V_RESET,
        T_REF,
    )  # fmt: skip
    return replace(made, **parts)


def test_without_coloured_noise_it_is_siegerts_rate():
    white = problem(1e-3, amplitude=lambda V: np.zeros(V.shape), D=0.5 * SIGMA**2)
    exact = float(siegert_rate(MU, SIGMA, TAU_M, V_TH, V_RESET, T_REF))
    assert coloured_noise_rate(white, -15e-3, 0.2e-3) == pytest.approx(exact, rel=2e-3)


def test_hardly_any_white_noise_is_none():
    alone, beside = (coloured_noise_rate(problem(2e-3, D=D), -15e-3, 0.2e-3) for D in (0.0, 1e-9 * SIGMA**2))
    assert alone > 5.0
    assert beside == pytest.approx(alone, rel=1e-4)


def test_short_correlation_moves_the_threshold_as_fourcaud_and_brunel_have_it():
    tau = 0.1e-3
    shift = 0.5 * ALPHA * SIGMA * np.sqrt(tau)
    shifted = float(siegert_rate(MU, SIGMA, TAU_M, V_TH + shift, V_RESET + shift, 0.0))
    white = float(siegert_rate(MU, SIGMA, TAU_M, V_TH, V_RESET, 0.0))
    found = coloured_noise_rate(problem(tau, t_ref=0.0), -15e-3, 0.1e-3)
    assert shifted < 0.95 * white
    assert found == pytest.approx(shifted, rel=0.015)


@pytest.mark.parametrize("jump", [0.0, 0.4])
def test_rate_of_simulated_neurons(jump):
    """2,000 neurons for 1.5 s, some 40,000 spikes: 0.5 % by chance, 0.5 % by the step; false alarms below 1e-5.

    z has jumps of `jump`, 2/(tau jump^2) a second, or none: its skewness is 2/3 of theirs.
    """
    tau, dt, N = 3e-3, 5e-5, 2000
    rng, V, z = np.random.default_rng(1), np.zeros(N), np.zeros(N)
    left, fired, decay = np.zeros(N), 0, np.exp(-dt / tau)
    amplitude = SIGMA / np.sqrt(2.0 * tau)
    for step in range(34_000):
        V = np.where(left > 0.0, V_RESET, V + dt * (MU - V / TAU_M + amplitude * z))
        left -= dt
        out = V >= V_TH
        fired += int(out.sum()) if step >= 4000 else 0
        V[out], left[out] = V_RESET, T_REF - 0.5 * dt
        if jump:
            mean = 2.0 * dt / (tau * jump**2)
            z = decay * z + jump * (rng.poisson(mean, N) - mean)
        else:
            z = decay * z + np.sqrt(1.0 - decay**2) * rng.normal(size=N)
    rate = fired / (N * 30_000 * dt)
    assert coloured_noise_rate(problem(tau, skewness=2.0 * jump / 3.0), -15e-3, 0.2e-3) == pytest.approx(rate, rel=0.03)
