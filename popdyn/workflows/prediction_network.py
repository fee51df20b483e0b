"""The error of a network's density predicted before any spike: next closure, half the step, the quadrature's own."""

from __future__ import annotations

from typing import Any

import xarray as xr

from popdyn.rungs.coupled import CoupledDensity
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


def predict_network_error(
    density: CoupledDensity, protocol: str, trajectory: xr.Dataset, tolerance: float
) -> dict[str, PredictedError]:
    """Distance to the same density with the next closure and with half the step, and the estimate of the nodes.

    What networks do beyond independent inputs is not in it: that is the annealed line and the checks of validity.
    """
    adapts = any(node.problem.adapts for node in density.derivation.problem.nodes)
    kept: dict[str, Any] = {"closure": density.closure, "dt": density.dt, "tolerance": tolerance}

    def like(**changed: Any) -> CoupledDensity:
        return CoupledDensity(density.network, **kept | changed)

    others: dict[str, tuple[Simulates, Factor]] = {"step": (like(dt=density.dt / 2.0), STEP_FACTOR)}
    if adapts:
        others["closure"] = OtherClosure(lambda other: like(closure=other), density.closure, trajectory), 1.0
    found = distances(others, protocol, trajectory)
    for name, rule in density.derivation.rules.items():
        found[name]["nodes"] = of_variation(rule.error, trajectory, name)
    return in_all(found)
