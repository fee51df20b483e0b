"""The error of a density of cohorts predicted before any spike: closure, history, ages, step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from popdyn.comparison import compare
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.mixed import MixedDensity
from popdyn.theory.predicted_error import CLOSURE_SHARE, predicted_error
from popdyn.workflows.prediction import PredictedError

STEP_FACTOR = 2.0  # of the distance to half the step, as theory.predicted_error has it


def predict_at_rest(density: CohortDensity | MixedDensity) -> dict[str, dict[str, float]]:
    """`theory.predicted_error` of every population at its working point, input from others held: relative, by source.

    Raises NumericsError where a population has no stationary rate.
    """
    return {
        name: predicted_error(problem, dt=density.dt, grid=density.grid, D=D)
        for name, (problem, D) in density.working_point().items()
    }


def predict_cohort_error(
    density: CohortDensity, protocol: str, trajectory: xr.Dataset, at_rest: dict[str, dict[str, float]]
) -> dict[str, PredictedError]:
    """nrmse: distances, over the protocol and with what populations hear of each other, to the same density with
    `cohort_mean`, twice the history, half the width of cohorts and half the step, weighed as in
    theory.predicted_error; bias: the sum of `at_rest`.
    """
    grid = density.grid
    others: dict[str, tuple[dict[str, Any], float]] = {
        "closure": ({"closure": "cohort_mean"}, CLOSURE_SHARE),
        "history": ({"grid": replace(grid, levels=grid.levels + 1)}, 1.0),
        "ages": ({"grid": replace(grid, ring=2 * grid.ring, levels=max(1, grid.levels - 1))}, 1.0),
        "step": ({"dt": 0.5 * density.dt}, STEP_FACTOR),
    }
    parts: dict[str, dict[str, float]] = {name: {} for name in at_rest}
    for part, (changed, factor) in others.items():
        other = CohortDensity(density.network, **{"dt": density.dt, "grid": grid, **changed})
        for name, measures in compare(other.simulate(protocol), trajectory).populations.items():
            parts[name][part] = np.nan if measures.nrmse is None else factor * abs(measures.nrmse)
    return {
        name: PredictedError(float(np.sqrt(sum(e**2 for e in found.values()))), sum(at_rest[name].values()), found)
        for name, found in parts.items()
    }
