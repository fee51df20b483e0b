"""What a network does without being simulated: fixed points, stability, spectra, limits of the theory."""

from popdyn.analysis.fixed_points import FixedPoint, FixedPoints, fixed_points
from popdyn.analysis.spectra import Peak, Spectra, spectra
from popdyn.analysis.stability import Mode, Stability, stability

__all__ = ["FixedPoint", "FixedPoints", "Mode", "Peak", "Spectra", "Stability", "fixed_points", "spectra", "stability"]
