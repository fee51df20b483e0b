"""Rate units fitted to the density rung: parameters with intervals, errors on protocols that the fit did not see."""

from popdyn.fitting.cascade import fit_cascade
from popdyn.fitting.density_target import AnyDensity, make_target
from popdyn.fitting.domain import asked_domain, density_over_domain, training_domain
from popdyn.fitting.measures import Baseline, ProtocolError
from popdyn.fitting.result import Estimate, ResponseMisfit, UnitFit

__all__ = [
    "AnyDensity",
    "Baseline",
    "Estimate",
    "ProtocolError",
    "ResponseMisfit",
    "UnitFit",
    "asked_domain",
    "density_over_domain",
    "fit_cascade",
    "make_target",
    "training_domain",
]
