"""How far one rung is from another, or from the spiking truth: one definition of every measure."""

from popdyn.comparison.compare import Comparison, compare
from popdyn.comparison.measures import Measures
from popdyn.comparison.response import ResponseError, response_error
from popdyn.comparison.spectrum import OctaveError, spectrum_error
from popdyn.comparison.stationary import StationaryError, stationary_error
from popdyn.comparison.step import Estimate, StepError, step_error
from popdyn.comparison.verdict import VERDICTS, Verdict, worst

__all__ = [
    "VERDICTS",
    "Comparison",
    "Estimate",
    "Measures",
    "OctaveError",
    "ResponseError",
    "StationaryError",
    "StepError",
    "Verdict",
    "compare",
    "response_error",
    "spectrum_error",
    "stationary_error",
    "step_error",
    "worst",
]
