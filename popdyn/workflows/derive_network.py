"""Derived rungs of a network: its density (of finite size where asked for), the literature's mean field, validity."""

from __future__ import annotations

import time
from functools import partial

from popdyn.analysis.validity import validity
from popdyn.errors import PopdynError
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.fit_units import fit_node_units, fit_units
from popdyn.workflows.prediction import PredictedError
from popdyn.workflows.prediction_network import predict_network_error
from popdyn.workflows.progress import within
from popdyn.workflows.stages import mean_field, of_finite_size, predict, start
from popdyn.workflows.unit_rung import has_node_units


def derive_network(
    network: Network, protocol: str, tolerance: float, say: Progress, *, finite_runs: int = 0, seed: int = 0,
    to: str = "density",
) -> Conversion:  # fmt: skip
    """The density, and what stands beside it.

    `finite_runs`: populations have their size and the density runs with so many seeds, from `seed`; 0: N -> infinity.
    `to` "unit": a rate unit, too, of every population, or where they hear each other of every kind of node.
    """
    rung = partial(CoupledDensity, network, tolerance=tolerance)
    make, parts = partial(rung, progress=within(say, 0.05, 0.1)), "nodes, working point, density"
    work, infinite, trajectory = start(make, network, protocol, tolerance, to, parts)
    if finite_runs:
        of_finite_size(work, partial(rung, finite=True), say, finite_runs, seed)
    plain = partial(rung, closure="mean", jumps=False, regular=False)
    mean_field(work, plain, say, "diffusion, Poisson trains, mean adaptation")

    def error() -> dict[str, PredictedError]:
        of_size = None if finite_runs else rung(finite=True).simulate(protocol, seed=seed)
        return predict_network_error(infinite, protocol, trajectory, of_size)

    predict(work, error, say)
    _check(work, infinite, say)
    if to == "unit":
        (fit_node_units if has_node_units(network) else fit_units)(work, infinite, say)
    work.cost_of_protocol()
    return work


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
