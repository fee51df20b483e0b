"""Cohorts with their features and gated modes, made up, through the kernels of both."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import gated as kernel
from popdyn.rungs.gated_choice import run_gated
from popdyn.rungs.gated_training import Marching, march_through
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.gated import Gated
from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]
DT = 5e-4
ADAPTING = GifProblem(
    tau_m=15e-3, E_L=0.0, V_reset=0.0, t_ref=1.3e-3, lambda_0=10.0, Delta_V=3e-3, V_T_star=15e-3, C_m=150e-12,
    tau_sfa=(30e-3,), q_sfa=(3e-3,), tau_stc=(100e-3,), q_stc=(20e-12,), mu=25e-3 / 15e-3, sigma=0.02,
)  # fmt: skip


def made_up(K: int, J: int, lag: int) -> Gated:
    """Small random matrices around a leak: nothing grows within a few steps."""
    rng = np.random.default_rng(K + J)
    terms = kernel.POWERS + J + kernel.LINEAR * J
    R = np.array([4.0, 2.0, 1.0, 0.05])[:, None, None] * rng.standard_normal((4, K, K))
    R[0] -= 60.0 * np.eye(K)
    R[:, 0], E = 0.0, rng.standard_normal((terms, K))
    E[:, 0] = 0.0
    c = rng.standard_normal((1 + J, 2, K)) * np.array([2.0, 0.1])[None, :, None]
    c[0, 0, 0] = 12.0
    traces = np.array([
        np.exp(-DT / np.linspace(0.03, 0.2, max(J, 1))), -0.5 * np.ones(max(J, 1)), -1e-3 * np.ones(max(J, 1)),
        np.ones(max(J, 1)), 0.3 * np.ones(max(J, 1)), 0.5 * np.ones(max(J, 1)), 2e-11 * np.ones(max(J, 1)),
    ])[:, :J]  # fmt: skip
    numbers = np.array([np.exp(-DT / 0.015), -0.015 * np.expm1(-DT / 0.015), 333.0, 5.0, 17e-3, 8e-3, -65e-3, 0.0, lag])
    modes = kernel.GatedModes(R, E, c, rng.standard_normal(K + J) * 1e-3, np.ascontiguousarray(traces), numbers)
    return Gated(modes, DT, np.zeros((K, 0)), rng.standard_normal((3, 4 * K + terms)))


def start(K: int) -> Array:
    """All neurons active."""
    return np.append(1.0, 0.1 * np.arange(1, K))


def gated() -> dict[str, NDArray[np.generic]]:
    """Features along a short march; modes with and without dead time and traces."""
    alpha = np.array([[0.0, 0.0, 0.0], [333.0, -1.0, -0.5], [100.0, 0.5, 0.0]])
    marching = Marching(ADAPTING, "gaussian", DT, AgeGrid(1e-3, 2, 2), 0.0)
    path = march_through(marching, np.full(80, 1.7), alpha)
    found: dict[str, NDArray[np.generic]] = {
        "features": path.states[1:].T, "beside features": np.stack([path.h, path.rate, path.V[1:], path.abar[1:, 1]]),
    }  # fmt: skip
    mu = 1.2 + 0.2 * np.sin(np.arange(60) / 5.0)
    for K, J, lag in ((4, 2, 3), (3, 0, 0)):
        found[f"gated {K} {J} {lag}"] = run_gated(made_up(K, J, lag), start(K), mu)[1:, : 4 + (J > 0)].T[[0, 1, 3]]
    return found
