"""The error of a network of densities and cohorts predicted before any spike."""

from __future__ import annotations

from typing import Any

import xarray as xr

from popdyn.rungs.mixed import MixedDensity
from popdyn.theory.predicted_error import CLOSURE_SHARE
from popdyn.workflows.prediction import (
    STEP_FACTOR,
    Factor,
    OtherClosure,
    PredictedError,
    Simulates,
    distances,
    in_all,
    of_variation,
)
from popdyn.workflows.prediction_cohorts import COHORT_STEP_FACTOR, rest_part


def predict_mixed_error(
    density: MixedDensity, protocol: str, trajectory: xr.Dataset, at_rest: dict[str, dict[str, float]]
) -> dict[str, PredictedError]:
    """Distances over the protocol to the same density with half the step (times what each kind's scheme asks for), with
    the densities' next closure, and with `cohort_mean` (a fifth counts); for densities the estimate of their nodes.

    The bias of cohorts is the sum of `at_rest` (prediction_cohorts.predict_at_rest), that of densities of these parts.
    """
    kept: dict[str, Any] = {
        "grid": density.grid, "closure": density.closure, "tolerance": density.settings["tolerance"],
        "derivation": density.derivation,
    }  # fmt: skip

    def like(**changed: Any) -> MixedDensity:
        return MixedDensity(density.network, **kept | changed)

    step = dict.fromkeys(density.densities, STEP_FACTOR) | dict.fromkeys(density.cohorts, COHORT_STEP_FACTOR)
    others: dict[str, tuple[Simulates, Factor]] = {
        "step": (like(dt=density.dt / 2.0), step),
        "cohorts": (like(cohort_closure="cohort_mean"), CLOSURE_SHARE),
    }
    if any(grid.problem.adapts for grid in density.derivation.grids):
        moved = OtherClosure(lambda other: like(closure=other, derivation=None), density.closure, trajectory)
        others["closure"] = moved, 1.0
    found = distances(others, protocol, trajectory)
    for name, rule in density.derivation.rules.items():
        found[name]["nodes"] = of_variation(rule.error, trajectory, name)
    for name, sizes in at_rest.items():
        found[name] = {part: (nrmse, 0.0) for part, (nrmse, _) in found[name].items()}
        found[name]["at rest"] = rest_part(sizes, trajectory, name)
    return in_all(found)
