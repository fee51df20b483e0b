"""Error of a linear response over a band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from popdyn.errors import UsageError


@dataclass(frozen=True)
class ResponseError:
    """max |dH| / max |H| over the band, and the frequency [1/s] where it is reached."""

    relative: float
    frequency: float


def response_error(
    frequency: ArrayLike, truth: ArrayLike, model: ArrayLike, *, band: tuple[float, float] | None = None
) -> ResponseError:
    """Complex responses (frequency,) in a common unit; `band` (low, high) [1/s], default all.

    Relative to the largest |H| and not to |H(0)|, which adaptation makes small.
    """
    f = np.asarray(frequency, dtype=np.float64)
    a, b = (np.asarray(values, dtype=np.complex128) for values in (truth, model))
    inside = np.ones(len(f), dtype=bool) if band is None else (f >= band[0]) & (f <= band[1])
    if not inside.any() or not np.any(np.abs(a[inside]) > 0):
        raise UsageError("response: allowed: at least one frequency in the band, and a truth that is not zero")
    distance = np.abs(b - a)[inside]
    worst = int(np.argmax(distance))
    return ResponseError(float(distance[worst] / np.max(np.abs(a[inside]))), float(f[inside][worst]))
