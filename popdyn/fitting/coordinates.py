"""Parameters of a simple rate unit as coordinates of order one, many units at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from popdyn.rungs.families.base import FamilyParameter
from popdyn.rungs.rate_population import RatePopulation
from popdyn.types import FloatArray


@dataclass(frozen=True)
class Coordinates:
    """Value = offset + natural x, or natural exp(x) where `log`; one entry per parameter of the unit."""

    parameters: tuple[FamilyParameter, ...]
    natural: FloatArray  # (parameter,)
    offset: FloatArray
    log: FloatArray  # (parameter,) 1 where the coordinate is a logarithm

    @property
    def low(self) -> FloatArray:
        return np.array([np.log(p.lower) if p.log else p.lower for p in self.parameters])

    @property
    def high(self) -> FloatArray:
        return np.array([np.log(p.upper) if p.log else p.upper for p in self.parameters])

    @property
    def scale(self) -> FloatArray:
        """A change that matters."""
        return np.array([p.scale for p in self.parameters])

    def values(self, x: FloatArray) -> FloatArray:
        """(…, parameter) -> the same, in the parameters' units."""
        return self.offset + self.natural * np.where(self.log > 0, np.exp(self.log * x), x)

    def derivative(self, x: FloatArray) -> FloatArray:
        """d value / d x."""
        return np.asarray(self.natural * np.where(self.log > 0, np.exp(self.log * x), 1.0))

    def encode(self, values: Sequence[float]) -> FloatArray:
        part = (np.array(values, dtype=np.float64) - self.offset) / self.natural
        return np.where(self.log > 0, np.log(np.where(self.log > 0, part, 1.0)), part)


def coordinates_of(unit: RatePopulation, rate_scale: float) -> Coordinates:
    """Natural units: the unit's drive scale, a rate [1/s] and its sigma."""
    noise = unit.sigma0 or 1.0
    drive = unit.drive_scale
    natural = [
        drive**p.drive * rate_scale**p.rate * noise**p.noise if (p.drive or p.rate or p.noise) else 1.0
        for p in unit.parameters
    ]
    return Coordinates(
        unit.parameters,
        np.array(natural),
        np.array([unit.mu0 if p.centred else 0.0 for p in unit.parameters]),
        np.array([float(p.log) for p in unit.parameters]),
    )
