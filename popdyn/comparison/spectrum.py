"""Power spectra per octave band, beside the standard error of an estimate from a trace of length T."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from popdyn.errors import UsageError


@dataclass(frozen=True)
class OctaveError:
    """Band low..high [1/s]: relative error of its power, rms difference [dB], relative standard error 1/sqrt(T df)."""

    low: float
    high: float
    relative: float
    rms_dB: float
    standard_error: float


def spectrum_error(
    frequency: ArrayLike, truth: ArrayLike, model: ArrayLike, *, duration: float, low: float | None = None
) -> list[OctaveError]:
    """Errors of a power spectrum in octave bands from `low` (default: the first positive frequency) to the last.

    Parameters
    ----------
    frequency : (frequency,) [1/s], ascending; truth, model : (frequency,) power, any common unit, > 0
    duration : [s] of all the data behind the truth's estimate, T = length x independent runs

    **Source** survey and corrections 19: an average over a band df of an estimate from T seconds has 1/sqrt(T df).
    """
    f, a, b = (np.asarray(values, dtype=np.float64) for values in (frequency, truth, model))
    keep = f > 0
    f, a, b = f[keep], a[keep], b[keep]
    if len(f) < 2 or np.any(a <= 0) or np.any(b <= 0):
        raise UsageError("spectrum: allowed: at least two positive frequencies, power > 0")
    bands = []
    edge = f[0] if low is None else low
    while edge < f[-1]:
        inside = (f >= edge) & (f < 2 * edge)
        if inside.any():
            high = min(2 * edge, float(f[-1]))
            ratio = float(b[inside].mean() / a[inside].mean())
            decibel = float(np.sqrt(np.mean((10 * np.log10(b[inside] / a[inside])) ** 2)))
            error = 1 / float(np.sqrt(duration * (high - edge))) if high > edge else float("inf")
            bands.append(OctaveError(float(edge), high, ratio - 1, decibel, error))
        edge *= 2
    return bands
