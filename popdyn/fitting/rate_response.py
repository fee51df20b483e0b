"""How far the linear response of a unit is from that of the rung it was fitted to: complex, magnitude, phase."""

from __future__ import annotations

import numpy as np

from popdyn.fitting.rate_result import ResponseError
from popdyn.types import DerivedRung, FloatArray

BAND, FREQUENCIES = (0.5, 300.0), 40
"""Band of the errors [1/s], and how many frequencies in it, evenly spaced in the logarithm."""
SHOWN = 0.1
"""Share of the largest |H| above which a phase counts."""


def response_error(rung: DerivedRung, unit: DerivedRung, population: str, target: str) -> ResponseError:
    """Of both at the spec's constant drive; `target` mu or D."""
    frequencies: FloatArray = np.geomspace(*BAND, FREQUENCIES)
    exact = rung.linear_response(frequencies, population=population, target=target)
    found = unit.linear_response(frequencies, population=population, target=target)
    largest = float(np.abs(exact).max())
    error = np.abs(found - exact) / largest
    counts = np.abs(exact) > SHOWN * largest
    worst = int(np.argmax(error))
    return ResponseError(
        target=target,
        band=BAND,
        relative=float(error[worst]),
        frequency=float(frequencies[worst]),
        magnitude=float(np.max(np.abs(np.abs(found) - np.abs(exact)))) / largest,
        phase=float(np.max(np.abs(np.angle(found[counts] * np.conj(exact[counts]), deg=True)))),
        shown=SHOWN,
    )
