"""Derived rungs of escape-noise populations: cohorts (of finite size where asked for), mean field, predicted error."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import cohort_rung
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.fit_units import fit_units
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.prediction_cohorts import predict_at_rest, predict_cohort_error, spreads_of
from popdyn.workflows.progress import within
from popdyn.workflows.stages import mean_field, of_finite_size, predict, start


def derive_cohorts(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0,
    to: str = "density",
) -> Conversion:  # fmt: skip
    """The density of cohorts, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    `to` "unit": a rate unit, too, of every population.
    """
    make = partial(cohort_rung, network, tolerance=tolerance, progress=within(say, 0.05, 0.1))
    work, infinite, trajectory = start(make, network, protocol, tolerance, to, "working point, cohorts")
    if finite_runs:
        of_finite_size(work, partial(infinite.like, finite=True), say, finite_runs, seed)
    mean_field(work, partial(_plain, network), say, "cohort means, no shot noise, neurons alike")

    def find() -> dict[str, PredictedError]:
        work.spreads = spreads_of(infinite, tolerance)
        work.at_rest = predict_at_rest(infinite, work.spreads)
        return predict_cohort_error(infinite, protocol, trajectory, work.at_rest)

    predict(work, find, say)
    if to == "unit":
        fit_units(work, infinite, say)
    work.cost_of_protocol()
    return work


def _plain(network: Network) -> CohortDensity:
    """The literature's baseline: one value of V and of every trace in a cohort, no shot noise, neurons alike."""
    alike = {name: replace(p, spread={}, correlations=()) for name, p in network.populations.items()}
    plain = replace(network, populations=alike)
    return CohortDensity(plain, closure="cohort_mean", shot_noise="none", settle=False)
