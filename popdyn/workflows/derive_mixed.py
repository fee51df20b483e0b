"""Derived rungs of a network of densities and cohorts: of finite size where asked for, mean field, predicted error."""

from __future__ import annotations

import time
from functools import partial

from popdyn.errors import NumericsError, PopdynError
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.derive_network import MEAN_FIELD, of_finite_size
from popdyn.workflows.prediction_cohorts import predict_at_rest, spreads_of
from popdyn.workflows.prediction_mixed import predict_mixed_error
from popdyn.workflows.progress import within


def derive_mixed(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0
) -> Conversion:
    """The density, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    """
    began = time.process_time()
    infinite = MixedDensity(network, tolerance=tolerance, progress=within(say, 0.05, 0.1))
    infinite.simulate(protocol)
    work = Conversion(network, protocol, "density", tolerance, infinite)
    work.cost("working point, densities, cohorts (compilation included on a first run)", time.process_time() - began)
    trajectory = infinite.simulate(protocol)  # compiled by now: its cost is what the report shows
    work.results["density"] = trajectory
    if finite_runs:
        make = partial(MixedDensity, network, tolerance=tolerance, finite=True)
        of_finite_size(work, make, trajectory, say, finite_runs, seed)
    _mean_field(work, say)
    say(0.3, "predicting the error of the density rung")
    began = time.process_time()
    try:
        work.spreads = spreads_of(infinite, tolerance)
        work.at_rest = predict_at_rest(infinite, work.spreads)
        work.predicted = predict_mixed_error(infinite, protocol, trajectory, work.at_rest)
    except NumericsError as error:
        work.warnings.append(f"the error was not predicted: {error}")
    work.cost("predicted error", time.process_time() - began)
    simulated = network.protocols[protocol].duration + network.protocols[protocol].transient
    work.cost("simulated time", None, None, f"{simulated:g} s per rung")
    return work


def _mean_field(work: Conversion, say: Progress) -> None:
    """The literature's baseline of either kind: mean adaptation, Poisson trains; cohort means, no shot noise."""
    say(0.25, "mean field: mean adaptation, diffusion; cohort means, no shot noise")
    began = time.process_time()
    try:
        plain = MixedDensity(
            work.network, closure="mean", tolerance=work.tolerance, jumps=False, regular=False,
            cohort_closure="cohort_mean", shot_noise="none",
        )  # fmt: skip
        found = plain.simulate(work.protocol)
    except PopdynError as error:
        work.warnings.append(f"there is no mean field to compare with: {error}")
        return
    work.results[MEAN_FIELD] = found.assign_attrs(rung=MEAN_FIELD)
    work.results[MEAN_FIELD].encoding.update(found.encoding)
    work.cost("mean field", time.process_time() - began)
