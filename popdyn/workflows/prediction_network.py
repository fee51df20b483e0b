"""The error of a network's density predicted before any spike: half the step, half the cells, the next closure, finite
jumps, the exact spectra of trains, boundaries that stay, the quadrature's own, finite size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.derivation import Derivation, finer
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.train_spectra import beyond_the_dip
from popdyn.spec.network import Protocol
from popdyn.theory.filtered_noise import filtered_noise
from popdyn.workflows.prediction import (
    NEXT_BESIDE_TRAINS,
    NEXT_CLOSURE,
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
Others = dict[str, tuple[Simulates, Factor]]


def predict_network_error(
    density: CoupledDensity, protocol: str | Protocol, trajectory: xr.Dataset, finite: xr.Dataset | None = None
) -> dict[str, PredictedError]:  # fmt: skip
    """All of `network_parts` together.

    What networks do beyond independent inputs is not in it: that is the annealed line and the checks of validity.
    """
    return in_all(network_parts(density, protocol, trajectory, finite))


def network_parts(
    density: CoupledDensity, protocol: str | Protocol, trajectory: xr.Dataset, finite: xr.Dataset | None = None
) -> Parts:  # fmt: skip
    """Distances to the same density with half the step and of `other_descriptions`, `add_estimates`, and how far the
    means are from those of finite size, where they are given.
    """
    others: Others = {"step": (density.other(dt=density.dt / 2.0), STEP_FACTOR)}
    others |= other_descriptions(density, trajectory, lambda closure: density.other(closure=closure))
    found = distances(others, protocol, trajectory)
    add_estimates(found, density.derivation, density.closure, trajectory)
    add_size(found, finite, trajectory)
    return found


def other_descriptions(
    density: CoupledDensity | MixedDensity, trajectory: xr.Dataset, closed: Callable[[str], Simulates]
) -> Others:
    """Of a network's densities: half the cells, finite jumps where diffusion stands for any, boundaries that stay, the
    next closure. closed: the same rung with another one.
    """
    derivation = density.derivation
    found: Others = {"grid": (density.other(derivation=finer(derivation, refine=2)), STEP_FACTOR)}
    if any(cost != 0.0 and not derivation.finite_jumps[name] for name, cost in derivation.jump_cost.items()):
        found["jumps"] = density.other(derivation=finer(derivation, jumps=True)), 1.0
    if filtered_noise(derivation.problem, derivation.point).gamma.any():
        found["boundaries"] = density.still(), 1.0
    if any(node.problem.adapts for node in derivation.problem.nodes):
        regular = any(grid.beta > 0.0 for grid in derivation.grids)
        following = NEXT_BESIDE_TRAINS if regular else NEXT_CLOSURE
        found["closure"] = OtherClosure(closed, density.closure, trajectory, following), 1.0
    return found


def add_estimates(found: Parts, derivation: Derivation, closure: str, trajectory: xr.Dataset) -> None:
    """To the parts: the quadrature's own estimate, and what the exact spectra of trains would change."""
    for name, rule in derivation.rules.items():
        found[name]["nodes"] = of_variation(rule.error, trajectory, name)
    if any(grid.beta > 0.0 for grid in derivation.grids):
        for name, bias in beyond_the_dip(derivation, closure).items():
            found[name]["trains"] = of_mean(bias, trajectory, name)


def add_size(found: Parts, finite: xr.Dataset | None, trajectory: xr.Dataset) -> None:
    """To the parts: how far the means are from those of finite size, where they are given."""
    if finite is not None:
        for name in found:
            found[name]["size"] = of_mean(beyond_noise(finite, trajectory, name), trajectory, name)


def beyond_noise(finite: xr.Dataset, infinite: xr.Dataset, population: str) -> float:
    """How far the mean rate without finite size is above that with it, relative, without what blocks of time say that
    chance adds."""
    rates = (d["rate"].sel(population=population, time=slice(0.0, None)).mean("run").values for d in (finite, infinite))
    of_size, limit = (np.array([block.mean() for block in np.array_split(rate, BLOCKS)]) for rate in rates)
    above = 1.0 - of_size / limit
    size = np.sqrt(max(above.mean() ** 2 - above.var(ddof=1) / BLOCKS, 0.0))
    return float(np.copysign(size, above.mean()))
