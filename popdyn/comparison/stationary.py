"""Errors of stationary rates over a grid of drives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from popdyn.errors import UsageError
from popdyn.types import FloatArray


@dataclass(frozen=True)
class StationaryError:
    """model/truth - 1 at every drive (nan where the truth is below the floor), its largest and median size."""

    relative: FloatArray
    largest: float
    median: float


def stationary_error(truth: ArrayLike, model: ArrayLike, *, floor: float = 1e-3) -> StationaryError:
    """Rates (drive,) [1/s] of truth and model; drives whose truth is below `floor` [1/s] are left out."""
    a, b = (np.asarray(values, dtype=np.float64) for values in (truth, model))
    used = a > floor
    if a.shape != b.shape or not used.any():
        raise UsageError(f"stationary: got shapes {a.shape}, {b.shape}; allowed: the same, truth above {floor:g} Hz")
    relative = np.full(a.shape, np.nan)
    relative[used] = b[used] / a[used] - 1
    size = np.abs(relative[used])
    return StationaryError(relative, float(size.max()), float(np.median(size)))
