"""Rate units fitted to the density rung: parameters with intervals, errors on protocols that the fit did not see."""

from popdyn.fitting.cascade import fit_cascade
from popdyn.fitting.domain import asked_domain, density_over_domain, training_domain
from popdyn.fitting.measures import Baseline, ProtocolError
from popdyn.fitting.result import Estimate, ResponseMisfit, UnitFit
from popdyn.fitting.target import Target
from popdyn.fitting.targets import AnyDensity, make_target

__all__ = [
    "AnyDensity",
    "Baseline",
    "Estimate",
    "ProtocolError",
    "ResponseMisfit",
    "Target",
    "UnitFit",
    "asked_domain",
    "density_over_domain",
    "fit_cascade",
    "make_target",
    "training_domain",
]
