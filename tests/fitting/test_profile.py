"""Profile ends against what is known without them: linear models, and re-optimisation by scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares
from synthetic_rates import TRUTH, WHITE, data

from popdyn.fitting.coordinates import coordinates_of
from popdyn.fitting.profile import Bounds, profile_ends
from popdyn.fitting.rate_misfit import RateMisfit
from popdyn.fitting.rate_solve import calibration_of, intervals, solve

WIDE = Bounds(np.full(2, -100.0), np.full(2, 100.0), np.ones(2))


def line(x: np.ndarray, _owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Residuals A x - b of a linear model."""
    return x @ A.T - B, np.broadcast_to(A, (len(x), *A.shape))


A = np.random.default_rng(0).standard_normal((30, 2)) @ np.array([[1.0, 0.7], [0.0, 0.2]])
B = np.random.default_rng(1).standard_normal(30)


def test_a_linear_model_has_its_textbook_interval():
    best, rest, _, _ = np.linalg.lstsq(A, B, rcond=None)
    ends = profile_ends(line, best[None], rest, np.full((1, 2), 0.3), WIDE)
    half = np.sqrt(0.3 * np.diag(np.linalg.inv(A.T @ A)))
    assert ends.found.all()
    assert ends.x[0, :, 0] == pytest.approx(best - half, abs=5e-3 * half.min())
    assert ends.x[0, :, 1] == pytest.approx(best + half, abs=5e-3 * half.min())


def test_an_end_beyond_the_bound_is_not_found_and_lies_there():
    best, rest, _, _ = np.linalg.lstsq(A, B, rcond=None)
    bounds = WIDE._replace(high=best + 1e-3)
    ends = profile_ends(line, best[None], rest, np.full((1, 2), 0.3), bounds)
    assert not ends.found[0, :, 1].any()
    assert np.array_equal(ends.x[0, :, 1], bounds.high)


def test_a_direction_that_moves_nothing_has_no_ends_and_spoils_no_other():
    blind = A * np.array([1.0, 0.0])

    def slopes(x, _owner):
        return x @ blind.T - B, np.broadcast_to(blind, (len(x), *blind.shape))

    best = np.linalg.lstsq(blind, B, rcond=None)[0]
    least = np.array([np.sum((blind @ best - B) ** 2)])
    ends = profile_ends(slopes, best[None], least, np.full((1, 2), 0.3), WIDE)
    half = np.sqrt(0.3 / (A[:, 0] @ A[:, 0]))
    assert ends.found[0].tolist() == [[True, True], [False, False]]
    assert ends.x[0, 0] == pytest.approx([best[0] - half, best[0] + half], abs=5e-3 * half)


def test_at_an_end_no_other_choice_of_the_rest_fits_better():
    """Nonlinear: S at the end is the level, and scipy, with the parameter held there, finds nothing lower."""
    target = data(1, WHITE, 3)
    misfit = RateMisfit(TRUTH, coordinates_of(TRUTH, 20.0), (target,))
    solution = solve(misfit, [TRUTH], owner=0)
    calibration, _ = calibration_of(solution, None)
    ends, rise = intervals([solution], [calibration]), calibration.rise(0.95)
    assert ends.found.all()
    least, owner = float(solution.residuals @ solution.residuals), np.zeros(1, dtype=np.int64)
    for i in range(3):
        others = [j for j in range(3) if j != i]
        for side in (0, 1):

            def held(y, i=i, side=side, others=others):
                x = np.empty(3)
                x[i], x[others] = ends.x[0, i, side], y
                return misfit.residuals(x[None], owner)[0]

            again = least_squares(held, solution.x[others], x_scale=0.1, xtol=1e-12, ftol=1e-12)
            assert 2 * again.cost == pytest.approx(least + rise[i], abs=0.025 * rise[i])
