"""The error of a network's density predicted before any spike: next closure, half the step, the quadrature's own,
jumps taken for diffusion, boundaries that stay, finite size."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec.network import Protocol
from popdyn.theory.filtered_noise import filtered_noise
from popdyn.workflows.prediction import (
    STEP_FACTOR,
    Factor,
    OtherClosure,
    Parts,
    PredictedError,
    Simulates,
    distances,
    in_all,
    of_mean,
    of_variation,
)

BLOCKS = 8


def predict_network_error(
    density: CoupledDensity, protocol: str | Protocol, trajectory: xr.Dataset, tolerance: float,
    finite: xr.Dataset | None = None,
) -> dict[str, PredictedError]:  # fmt: skip
    """All of `network_parts` together.

    What networks do beyond independent inputs is not in it: that is the annealed line and the checks of validity.
    """
    return in_all(network_parts(density, protocol, trajectory, tolerance, finite))


def network_parts(
    density: CoupledDensity, protocol: str | Protocol, trajectory: xr.Dataset, tolerance: float,
    finite: xr.Dataset | None = None,
) -> Parts:  # fmt: skip
    """Distance to the same density with the next closure, with half the step and with boundaries that stay under
    filtered noise, the estimates of the nodes and of jumps taken for diffusion, and how far the means are of those of
    finite size, where they are given.
    """
    derivation = density.derivation
    kept: dict[str, Any] = {"closure": density.closure, "dt": density.dt, "tolerance": tolerance}

    def like(**changed: Any) -> CoupledDensity:
        return CoupledDensity(density.network, **kept | changed)

    others: dict[str, tuple[Simulates, Factor]] = {"step": (like(dt=density.dt / 2.0), STEP_FACTOR)}
    if any(node.problem.adapts for node in derivation.problem.nodes):
        others["closure"] = OtherClosure(lambda other: like(closure=other), density.closure, trajectory), 1.0
    if filtered_noise(derivation.problem, derivation.point).gamma.any():
        others["boundaries"] = density.still(), 1.0
    found = distances(others, protocol, trajectory)
    for name, rule in derivation.rules.items():
        found[name]["nodes"] = of_variation(rule.error, trajectory, name)
    for name, cost in derivation.jump_cost.items():
        if cost != 0.0 and not derivation.finite_jumps[name]:
            found[name]["jumps"] = of_mean(cost, trajectory, name)
    if finite is not None:
        for name in found:
            found[name]["size"] = of_mean(beyond_noise(finite, trajectory, name), trajectory, name)
    return found


def beyond_noise(finite: xr.Dataset, infinite: xr.Dataset, population: str) -> float:
    """How far the mean rates are from each other, relative, without what blocks of time say that chance adds."""
    rates = (d["rate"].sel(population=population, time=slice(0.0, None)).mean("run").values for d in (finite, infinite))
    of_size, limit = (np.array([block.mean() for block in np.array_split(rate, BLOCKS)]) for rate in rates)
    apart = of_size / limit - 1.0
    return float(np.sqrt(max(apart.mean() ** 2 - apart.var(ddof=1) / BLOCKS, 0.0)))
