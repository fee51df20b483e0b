"""Derived rungs of a network of densities and cohorts: of finite size where asked for, mean field, predicted error."""

from __future__ import annotations

from functools import partial

from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.prediction_cohorts import predict_at_rest, spreads_of
from popdyn.workflows.prediction_mixed import predict_mixed_error
from popdyn.workflows.progress import within
from popdyn.workflows.stages import mean_field, of_finite_size, predict, start


def derive_mixed(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0
) -> Conversion:
    """The density, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    """
    rung = partial(MixedDensity, network, tolerance=tolerance)
    make, parts = partial(rung, progress=within(say, 0.05, 0.1)), "working point, densities, cohorts"
    work, infinite, trajectory = start(make, network, protocol, tolerance, "density", parts)
    if finite_runs:
        of_finite_size(work, partial(rung, finite=True), say, finite_runs, seed)
    plain = partial(
        rung, closure="mean", jumps=False, regular=False, cohort_closure="cohort_mean", shot_noise="none"
    )  # fmt: skip
    mean_field(work, plain, say, "mean adaptation, diffusion; cohort means, no shot noise")

    def find() -> dict[str, PredictedError]:
        work.spreads = spreads_of(infinite, tolerance)
        work.at_rest = predict_at_rest(infinite, work.spreads)
        of_size = None if finite_runs else rung(finite=True).simulate(protocol, seed=seed)
        return predict_mixed_error(infinite, protocol, trajectory, work.at_rest, of_size)

    predict(work, find, say)
    work.cost_of_protocol()
    return work
