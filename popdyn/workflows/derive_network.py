"""Derived rungs of a network: its density (of finite size where asked for), the literature's mean field, validity."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import numpy as np
import xarray as xr

from popdyn.analysis.validity import validity
from popdyn.errors import NumericsError, PopdynError
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.fit_units import fit_units
from popdyn.workflows.prediction_network import predict_network_error
from popdyn.workflows.progress import within
from popdyn.workflows.simulate import stacked

INFINITE = "N to infinity"
MEAN_FIELD = "mean field"


def derive_network(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0,
    to: str = "density",
) -> Conversion:  # fmt: skip
    """The density, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    `to` "unit": a rate unit, too, of every population.
    """
    began = time.process_time()
    infinite = CoupledDensity(network, tolerance=tolerance, progress=within(say, 0.05, 0.1))
    infinite.simulate(protocol)
    work = Conversion(network, protocol, to, tolerance, infinite)
    work.cost("nodes, working point, density (compilation included on a first run)", time.process_time() - began)
    trajectory = infinite.simulate(protocol)  # compiled by now: its cost is what the report shows
    work.results["density"] = trajectory
    if finite_runs:
        make = partial(CoupledDensity, network, tolerance=tolerance, finite=True)
        of_finite_size(work, make, trajectory, say, finite_runs, seed)
    _mean_field(work, say)
    say(0.3, "predicting the error of the density rung")
    began = time.process_time()
    try:
        work.predicted = predict_network_error(infinite, protocol, trajectory, tolerance)
    except NumericsError as error:
        work.warnings.append(f"the error was not predicted: {error}")
    work.cost("predicted error", time.process_time() - began)
    _check(work, infinite, say)
    if to == "unit":
        fit_units(work, infinite, say)
    simulated = network.protocols[protocol].duration + network.protocols[protocol].transient
    work.cost("simulated time", None, None, f"{simulated:g} s per rung")
    return work


def of_finite_size(
    work: Conversion, make: Callable[[], CoupledDensity | CohortDensity | CohortNodes | MixedDensity],
    trajectory: xr.Dataset, say: Progress, runs: int, seed: int,
) -> None:  # fmt: skip
    """The density of finite size that `make` makes takes the place of N -> infinity, which stays beside it."""
    began = time.process_time()
    density, found = make(), []
    for k in range(runs):
        say(0.1 + 0.1 * k / runs, f"density of finite size: seed {seed + k}")
        found.append(density.simulate(work.protocol, seed=seed + k))
    work.density = density
    work.results[INFINITE] = trajectory.assign_attrs(rung=INFINITE)
    work.results[INFINITE].encoding.update(trajectory.encoding)
    work.results["density"] = stacked(found)
    work.results["density"].encoding["cpu_s"] = float(np.mean([one.encoding["cpu_s"] for one in found[1:] or found]))
    work.cost(f"density of finite size, {runs} seeds", time.process_time() - began)


def _mean_field(work: Conversion, say: Progress) -> None:
    """The literature's baseline: diffusion, Poisson trains, mean adaptation."""
    say(0.25, "mean field: diffusion, Poisson trains, mean adaptation")
    began = time.process_time()
    try:
        plain = CoupledDensity(
            work.network, closure="mean", tolerance=work.tolerance, jumps=False, regular=False
        )  # fmt: skip
        found = plain.simulate(work.protocol)
    except PopdynError as error:
        work.warnings.append(f"there is no mean field to compare with: {error}")
        return
    work.results[MEAN_FIELD] = found.assign_attrs(rung=MEAN_FIELD)
    work.results[MEAN_FIELD].encoding.update(found.encoding)
    work.cost("mean field", time.process_time() - began)


def _check(work: Conversion, density: CoupledDensity, say: Progress) -> None:
    say(0.35, "checking the limits of the theory")
    began = time.process_time()
    if any(p.conductance for p in density.derivation.problem.projections):
        work.warnings.append(
            "the limits of the theory are not checked for conductance synapses, nor is their stability"
        )
        return
    try:
        work.validity = validity(work.network, rates=density.derivation.point.rates, closure=density.closure)
    except PopdynError as error:
        work.warnings.append(f"the limits of the theory were not checked: {error}")
    work.cost("limits of the theory", time.process_time() - began)
