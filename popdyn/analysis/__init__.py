"""What a network does without being simulated: fixed points, stability, spectra, limits of the theory."""

from popdyn.analysis.fixed_points import FixedPoint, FixedPoints, fixed_points
from popdyn.analysis.spectra import Peak, Spectra, spectra
from popdyn.analysis.stability import Mode, Stability, stability
from popdyn.analysis.validity import Check, Validity, validity

__all__ = [
    "Check", "FixedPoint", "FixedPoints", "Mode", "Peak", "Spectra", "Stability", "Validity",
    "fixed_points", "spectra", "stability", "validity",
]  # fmt: skip
