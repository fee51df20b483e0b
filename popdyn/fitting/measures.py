"""How far a unit is from the density it stands for; both are exact, so that nothing is corrected for noise."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from popdyn.types import FloatArray

BIN = 5e-3
"""Width of the bins in which rates are compared [s]."""


@dataclass(frozen=True)
class ProtocolError:
    """nrmse = rms(unit - density)/rms(density - mean), bias = mean(unit)/mean(density) - 1, Pearson's correlation.

    Means in 1/s; `outside_domain` is the share of the time at which the drive is outside.
    """

    protocol: str
    doc: str
    nrmse: float
    bias: float
    correlation: float
    unit_mean: float
    density_mean: float
    outside_domain: float

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Baseline:
    """Errors of a rate unit of the literature on held-out protocols."""

    name: str
    errors: tuple[ProtocolError, ...]

    def to_dict(self) -> dict[str, Any]:
        return {"name": self.name, "errors": [e.to_dict() for e in self.errors]}


def protocol_error(name: str, doc: str, unit: FloatArray, density: FloatArray, outside: float) -> ProtocolError:
    """Of rates (bin,) [1/s] in bins of BIN."""
    spread = float(np.std(density))
    return ProtocolError(
        protocol=name,
        doc=doc,
        nrmse=float(np.sqrt(np.mean((unit - density) ** 2))) / spread,
        bias=float(np.mean(unit) / np.mean(density)) - 1,
        correlation=float(np.corrcoef(unit, density)[0, 1]),
        unit_mean=float(np.mean(unit)),
        density_mean=float(np.mean(density)),
        outside_domain=outside,
    )


def cycles(rate: FloatArray, bin: float) -> float | None:
    """Frequency [1/s] at which a rate (bin,) rises from below its mean to half a s.d. above; None of fewer than three.

    bin : its width [s]
    """
    low, high = float(rate.mean()), float(rate.mean() + 0.5 * rate.std())
    beyond = np.flatnonzero((rate <= low) | (rate > high))
    above = rate[beyond] > high
    rises = beyond[1:][above[1:] & ~above[:-1]]
    return None if len(rises) < 3 else float((len(rises) - 1) / (bin * (rises[-1] - rises[0])))


def binned(values: FloatArray, ratio: int) -> FloatArray:
    """Mean over `ratio` neighbouring bins; an incomplete last bin is dropped."""
    count = len(values) // ratio
    return values[: count * ratio].reshape(count, ratio).mean(axis=1)
