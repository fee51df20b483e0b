"""The error of a network's density predicted before any spike: next closure, half the step, the quadrature's own."""

from __future__ import annotations

import numpy as np
import xarray as xr

from popdyn.comparison import compare
from popdyn.rungs.coupled import CoupledDensity
from popdyn.workflows.prediction import NEXT_CLOSURE, PredictedError


def predict_network_error(
    density: CoupledDensity, protocol: str, trajectory: xr.Dataset, tolerance: float
) -> dict[str, PredictedError]:
    """Distance to the same density with the next closure and with half the step, and the estimate of the nodes.

    Halving a second-order scheme leaves a quarter of the error: the distance of the step is times 4/3. What networks
    do beyond independent inputs is not in it: that is the annealed line and the checks of validity.
    """
    adapts = any(node.problem.adapts for node in density.derivation.problem.nodes)
    others = {"step": (density.closure, density.dt / 2.0, 4.0 / 3.0)}
    if adapts:
        others["closure"] = (NEXT_CLOSURE[density.closure], density.dt, 1.0)
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for part, (closure, dt, factor) in others.items():
        other = CoupledDensity(density.network, closure=closure, dt=dt, tolerance=tolerance)
        comparison = compare(other.simulate(protocol), trajectory)
        for name, measures in comparison.populations.items():
            nrmse, bias = (
                np.nan if value is None else factor * abs(value) for value in (measures.nrmse, measures.bias)
            )  # a rate that does not vary has no nrmse
            found.setdefault(name, {})[part] = (nrmse, bias)
    for name, rule in density.derivation.rules.items():
        found[name]["nodes"] = (rule.error, 0.0)
    return {
        name: PredictedError(
            float(np.sqrt(sum(nrmse**2 for nrmse, _ in parts.values()))),
            float(sum(bias for _, bias in parts.values())),
            {part: nrmse for part, (nrmse, _) in parts.items()},
        )
        for name, parts in found.items()
    }
