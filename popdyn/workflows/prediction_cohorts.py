"""The error of a density of cohorts predicted before any spike: closure, history, ages, step, spread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import DRIVES, CohortNodes, choose_spreads
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.population_nodes import moves
from popdyn.theory.gif_nodes import Spread, choose_spread
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.predicted_error import CLOSURE_SHARE, predicted_error
from popdyn.workflows.prediction import Factor, PredictedError, Simulates, distances, in_all, variation

COHORT_STEP_FACTOR = 2.0  # of the distance to half the step, as theory.predicted_error has it: first order


def spreads_of(density: CohortDensity | CohortNodes | MixedDensity, tolerance: float) -> dict[str, Spread]:
    """How the spread of every heterogeneous population of cohorts is taken; of frozen ones at the working point.

    Between populations that hear each other all are frozen variables, whatever they cost.
    """
    if isinstance(density, CohortNodes):
        return dict(density.spreads)
    if not density.network.connections:
        return choose_spreads(density.network, tolerance)
    found = {}
    for name, (held, D) in density.working_point().items():
        population = density.network.populations[name]
        if population.spread:
            own = gif_problem(population)
            white = held.white_noise(D)
            heard = held.mu - own.mu, max(white - own.D, 0.0)
            spread = choose_spread(population, tolerance, heard, moves(density.network, population, DRIVES))
            found[name] = replace(spread, nodes=False)
    return found


def predict_at_rest(
    density: CohortDensity | CohortNodes | MixedDensity, spreads: dict[str, Spread]
) -> dict[str, dict[str, float]]:
    """`theory.predicted_error` of every population at its working point, input from others held: relative, by source;
    of nodes that of the heaviest. spread: of frozen variables or nodes.

    Raises NumericsError where a population has no stationary rate.
    """
    found = {
        name: predicted_error(problem, dt=density.dt, grid=density.grid, D=D)
        for name, (problem, D) in density.working_point().items()
    }
    for name, spread in spreads.items():
        found[name]["spread"] = spread.error
    return found


def predict_cohort_error(
    density: CohortDensity | CohortNodes, protocol: str, trajectory: xr.Dataset, at_rest: dict[str, dict[str, float]]
) -> dict[str, PredictedError]:
    """nrmse: distances, over the protocol and with what populations hear of each other, to the same density with
    `cohort_mean`, twice the history, half the width of cohorts and half the step, weighed as in
    theory.predicted_error, and the spread's error at rest; bias: the sum of `at_rest`.
    """
    grid = density.grid
    others: dict[str, tuple[dict[str, Any], float]] = {
        "closure": ({"closure": "cohort_mean"}, CLOSURE_SHARE),
        "history": ({"grid": replace(grid, levels=grid.levels + 1)}, 1.0),
        "ages": ({"grid": grid.finer}, 1.0),
        "step": ({"dt": 0.5 * density.dt}, COHORT_STEP_FACTOR),
    }
    made: dict[str, tuple[Simulates, Factor]] = {
        part: (density.like(**{"grid": grid, **changed}), factor) for part, (changed, factor) in others.items()
    }
    found = {
        name: {part: (nrmse, 0.0) for part, (nrmse, _) in parts.items()}
        for name, parts in distances(made, protocol, trajectory).items()
    }
    for name, sizes in at_rest.items():
        found[name]["at rest"] = rest_part(sizes, trajectory, name)
    return in_all(found)


def rest_part(sizes: dict[str, float], trajectory: xr.Dataset, population: str) -> tuple[float, float]:
    """nrmse of the spread's error at rest, which is relative to the mean rate, and |bias| of all errors at rest."""
    spread, found = sizes.get("spread", 0.0), variation(trajectory, population)
    return spread / found if found > 0.0 else np.nan, sum(sizes.values())
