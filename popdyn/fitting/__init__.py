"""Rate units fitted to the density rung: parameters with intervals, errors on protocols that the fit did not see."""

from popdyn.fitting.cascade import fit_cascade
from popdyn.fitting.domain import asked_domain, density_over_domain, training_domain
from popdyn.fitting.measures import ProtocolError
from popdyn.fitting.result import Estimate, ResponseMisfit, UnitFit

__all__ = [
    "Estimate",
    "ProtocolError",
    "ResponseMisfit",
    "UnitFit",
    "asked_domain",
    "density_over_domain",
    "fit_cascade",
    "training_domain",
]
