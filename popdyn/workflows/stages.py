"""Stages that the derivations of networks and of escape noise share, each a line of the table of costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import xarray as xr

from popdyn.errors import NumericsError, PopdynError
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.simulate import stacked

INFINITE = "N to infinity"
MEAN_FIELD = "mean field"
AnyDensity = TypeVar("AnyDensity", CoupledDensity, CohortDensity | CohortNodes, MixedDensity)
Make = Callable[[], CoupledDensity | CohortDensity | CohortNodes | MixedDensity]


def start(
    make: Callable[[], AnyDensity], network: Network, protocol: str, tolerance: float, to: str, parts: str
) -> tuple[Conversion, AnyDensity, xr.Dataset]:
    """The density, N -> infinity, and its trajectory; `parts`: what is made on the way, in words."""
    began = time.process_time()
    density = make()
    density.simulate(protocol)
    work = Conversion(network, protocol, to, tolerance, density)
    work.cost(f"{parts} (compilation included on a first run)", time.process_time() - began)
    work.results["density"] = density.simulate(protocol)  # compiled by now: its cost is what the report shows
    return work, density, work.results["density"]


def of_finite_size(work: Conversion, make: Make, say: Progress, runs: int, seed: int) -> None:
    """The density of finite size that `make` makes takes the place of N -> infinity, which stays beside it."""
    began = time.process_time()
    density, found, trajectory = make(), [], work.results["density"]
    for k in range(runs):
        say(0.1 + 0.1 * k / runs, f"density of finite size: seed {seed + k}")
        found.append(density.simulate(work.protocol, seed=seed + k))
    work.density = density
    work.results[INFINITE] = trajectory.assign_attrs(rung=INFINITE)
    work.results[INFINITE].encoding.update(trajectory.encoding)
    work.results["density"] = stacked(found)
    work.results["density"].encoding["cpu_s"] = float(np.mean([one.encoding["cpu_s"] for one in found[1:] or found]))
    work.cost(f"density of finite size, {runs} seeds", time.process_time() - began)


def mean_field(work: Conversion, make: Make, say: Progress, words: str) -> None:
    """The literature's baseline that `make` makes; a warning where there is none."""
    say(0.25, f"mean field: {words}")
    began = time.process_time()
    try:
        found = make().simulate(work.protocol)
    except PopdynError as error:
        work.warnings.append(f"there is no mean field to compare with: {error}")
        return
    work.results[MEAN_FIELD] = found.assign_attrs(rung=MEAN_FIELD)
    work.results[MEAN_FIELD].encoding.update(found.encoding)
    work.cost("mean field", time.process_time() - began)


def predict(work: Conversion, find: Callable[[], dict[str, PredictedError]], say: Progress) -> None:
    """The expected error of the density that `find` finds; a warning where there is none."""
    say(0.3, "predicting the error of the density rung")
    began = time.process_time()
    try:
        work.predicted = find()
    except NumericsError as error:
        work.warnings.append(f"the error was not predicted: {error}")
    work.cost("predicted error", time.process_time() - began)
