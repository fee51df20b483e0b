"""Derived rungs of populations that stand alone: density, mean closure, predicted error, a fitted unit."""

from __future__ import annotations

import time

from popdyn.errors import NumericsError
from popdyn.fitting import density_over_domain
from popdyn.rungs.density import Density
from popdyn.spec import Network
from popdyn.types import Progress
from popdyn.workflows.conversion import Conversion
from popdyn.workflows.fit_units import fit_units
from popdyn.workflows.modes_rung import add_modes
from popdyn.workflows.prediction import predict_error


def derive_alone(network: Network, protocol: str, to: str, tolerance: float, say: Progress) -> Conversion:
    began = time.process_time()
    density = _density(network)
    work = Conversion(network, protocol, to, tolerance, density)
    density.simulate(protocol)
    work.cost("density rung (compilation included on a first run)", time.process_time() - began)
    work.results["density"] = density.simulate(protocol)  # compiled by now: its cost is what the report shows
    mean = Density(network, closure="mean", domain=density.domains)
    work.results["mean closure"] = mean.simulate(protocol).assign_attrs(rung="mean closure")
    say(0.2, "predicting the error of the density rung")
    began = time.process_time()
    work.predicted = predict_error(density, protocol, work.results["density"])
    work.cost("predicted error", time.process_time() - began)
    if to == "modes":
        add_modes(work, say)
    else:
        fit_units(work, density, say)
    work.cost_of_protocol()
    return work


def _density(network: Network) -> Density:
    """On grids that serve the unit's domain too; on those of the protocols where that domain cannot be found."""
    try:
        return density_over_domain(network)
    except NumericsError:
        return Density(network)
