"""The error of a network of densities and cohorts predicted before any spike: the sources of either kind."""

from __future__ import annotations

from typing import Any

import xarray as xr

from popdyn.rungs.mixed import MixedDensity
from popdyn.theory.predicted_error import CLOSURE_SHARE
from popdyn.workflows.prediction import STEP_FACTOR, PredictedError, distances, in_all
from popdyn.workflows.prediction_cohorts import COHORT_STEP_FACTOR, rest_part
from popdyn.workflows.prediction_network import Others, add_estimates, add_size, other_descriptions


def predict_mixed_error(
    density: MixedDensity, protocol: str, trajectory: xr.Dataset, at_rest: dict[str, dict[str, float]],
    finite: xr.Dataset | None = None,
) -> dict[str, PredictedError]:  # fmt: skip
    """Distances over the protocol to the same density with half the step (times what each kind's scheme asks for), and
    with `cohort_mean` (a fifth counts); for densities what `prediction_network` has, heard by cohorts as well; size.

    The bias of cohorts is the sum of `at_rest` (prediction_cohorts.predict_at_rest), that of densities of these parts.
    """
    kept: dict[str, Any] = {
        "dt": density.dt, "grid": density.grid, "closure": density.closure, "derivation": density.derivation,
        "tolerance": density.settings["tolerance"], "jumps": density.settings["jumps"],
        "regular": density.settings["regular"], "shot_noise": density.shot_noise,
    }  # fmt: skip

    def like(**changed: Any) -> MixedDensity:
        return MixedDensity(density.network, **kept | changed)

    step = dict.fromkeys(density.densities, STEP_FACTOR) | dict.fromkeys(density.cohorts, COHORT_STEP_FACTOR)
    others: Others = {
        "step": (like(dt=density.dt / 2.0), step),
        "cohorts": (like(cohort_closure="cohort_mean"), CLOSURE_SHARE),
    }
    others |= other_descriptions(density, trajectory, lambda closure: like(closure=closure, derivation=None))
    found = distances(others, protocol, trajectory)
    add_estimates(found, density.derivation, density.closure, trajectory)
    for name, sizes in at_rest.items():
        found[name] = {part: (nrmse, 0.0) for part, (nrmse, _) in found[name].items()}
        found[name]["at rest"] = rest_part(sizes, trajectory, name)
    add_size(found, finite, trajectory)
    return in_all(found)
