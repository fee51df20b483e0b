"""What a cohort theory's stationary rate is expected to be off by: closure, history, grid of ages, step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.cohort_grid import AgeGrid, age_grid, is_noisy
from popdyn.theory.cohort_march import DT, noise_of, stationary
from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]

CLOSURE_SHARE = 0.2  # of what the covariances change: what the higher moments may (docs/decisions: at most 0.15)
NOISE_SHARE = 6e-4  # per s^2, s the variance that noise gives to V over Delta_V^2: measured at s = 0.5 to 4
SKEWED_SHARE = 3e-4  # likewise where the third cumulant of V is carried: measured at s = 0.3 to 2.7
TABLE = 3e-5  # relative, of the interpolated firing probability


def predicted_error(
    problem: GifProblem, *, dt: float = DT, grid: AgeGrid | None = None, D: Array | None = None
) -> dict[str, float]:
    """Relative errors of the stationary rate at the problem's drive, all positive.

    closure: a share of the distance to `cohort_mean`, and what noise makes of V that is not normal; history, ages:
    distance to twice the history, and to cohorts of half the width; step: twice the distance to half the step, and what
    the table of the hazard leaves.
    """

    ages = grid or age_grid(problem)

    def rate(**options: object) -> float:
        return stationary(problem, **{"dt": dt, "grid": ages, "D": D, **options}).rate  # type: ignore[arg-type]

    here = rate()
    others = {
        "closure": rate(closure="cohort_mean", grid=replace(ages, ring=4 * ages.ring)),
        "history": rate(grid=replace(ages, levels=ages.levels + 1)),
        "ages": rate(grid=ages.finer),
        "step": rate(dt=0.5 * dt),
    }
    found = {name: abs(other / here - 1.0) for name, other in others.items()}
    noise = noise_of(problem) if D is None else D
    s = problem.white_noise(noise) * problem.tau_eff / problem.Delta_V**2
    share = SKEWED_SHARE if is_noisy(problem) and not problem.colours else NOISE_SHARE
    found["closure"] = CLOSURE_SHARE * found["closure"] + share * s**2
    found["step"] = 2.0 * found["step"] + TABLE
    return found
