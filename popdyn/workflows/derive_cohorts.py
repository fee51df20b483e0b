"""Derived rungs of escape-noise populations: cohorts (of finite size where asked for), mean field, predicted error."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from popdyn.errors import NumericsError, PopdynError
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import cohort_rung
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.derive_network import MEAN_FIELD, of_finite_size
from popdyn.workflows.fit_units import fit_units
from popdyn.workflows.prediction_cohorts import predict_at_rest, predict_cohort_error, spreads_of
from popdyn.workflows.progress import within


def derive_cohorts(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0,
    to: str = "density",
) -> Conversion:  # fmt: skip
    """The density of cohorts, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    `to` "unit": a rate unit, too, of every population.
    """
    began = time.process_time()
    infinite = cohort_rung(network, tolerance=tolerance, progress=within(say, 0.05, 0.1))
    infinite.simulate(protocol)
    work = Conversion(network, protocol, to, tolerance, infinite)
    work.cost("working point, cohorts (compilation included on a first run)", time.process_time() - began)
    trajectory = infinite.simulate(protocol)  # compiled by now: its cost is what the report shows
    work.results["density"] = trajectory
    if finite_runs:
        of_finite_size(work, partial(infinite.like, finite=True), trajectory, say, finite_runs, seed)
    _mean_field(work, say)
    say(0.3, "predicting the error of the density rung")
    began = time.process_time()
    try:
        work.spreads = spreads_of(infinite, tolerance)
        work.at_rest = predict_at_rest(infinite, work.spreads)
        work.predicted = predict_cohort_error(infinite, protocol, trajectory, work.at_rest)
    except NumericsError as error:
        work.warnings.append(f"the error was not predicted: {error}")
    work.cost("predicted error", time.process_time() - began)
    if to == "unit":
        fit_units(work, infinite, say)
    simulated = network.protocols[protocol].duration + network.protocols[protocol].transient
    work.cost("simulated time", None, None, f"{simulated:g} s per rung")
    return work


def _mean_field(work: Conversion, say: Progress) -> None:
    """The literature's baseline: one value of V and of every trace in a cohort, no shot noise, neurons alike."""
    say(0.25, "mean field: cohort means, no shot noise, neurons alike")
    began = time.process_time()
    alike = {name: replace(p, spread={}, correlations=()) for name, p in work.network.populations.items()}
    try:
        plain = replace(work.network, populations=alike)
        found = CohortDensity(plain, closure="cohort_mean", shot_noise="none", settle=False).simulate(work.protocol)
    except PopdynError as error:
        work.warnings.append(f"there is no mean field to compare with: {error}")
        return
    work.results[MEAN_FIELD] = found.assign_attrs(rung=MEAN_FIELD)
    work.results[MEAN_FIELD].encoding.update(found.encoding)
    work.cost("mean field", time.process_time() - began)
