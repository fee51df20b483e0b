"""Parameters of a simple rate unit, and where its adaptation begins, as coordinates of order one, for many units."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from popdyn.rungs.families.base import FamilyParameter
from popdyn.rungs.rate_population import RatePopulation
from popdyn.types import FloatArray

START = FamilyParameter(
    "start", "1/s", "rate at which adaptation began", column=-1, start=0.5, lower=0.0, upper=4.0, log=False, scale=0.5,
    rate=1,
)  # fmt: skip
"""Not of a family, and in no column of the kernel's: the state before the first bin, for data that come without it."""


@dataclass(frozen=True)
class Coordinates:
    """Value = offset + natural x, or natural exp(x) where `log`; one per parameter, START last where it is one."""

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

    def encode(self, unit: RatePopulation) -> FloatArray:
        """(parameter,) coordinates of a unit."""
        values = np.array([unit.start if p is START else unit.values[p.name] for p in self.parameters])
        part = (values - self.offset) / self.natural
        return np.where(self.log > 0, np.log(np.where(self.log > 0, part, 1.0)), part)

    def decode(self, x: FloatArray, unit: RatePopulation) -> RatePopulation:
        """`unit` with the values at the coordinates x (parameter,)."""
        named = dict(zip((p.name for p in self.parameters), self.values(x).tolist(), strict=True))
        return replace(unit, start=named.pop(START.name, unit.start), values=named)


def coordinates_of(unit: RatePopulation, rate_scale: float, *, free_start: bool = False) -> Coordinates:
    """Natural units: the unit's drive scale, a rate [1/s] and its sigma."""
    noise = unit.sigma0 or 1.0
    drive = unit.drive_scale
    parameters = (*unit.parameters, START) if free_start else unit.parameters
    natural = [
        drive**p.drive * rate_scale**p.rate * noise**p.noise if (p.drive or p.rate or p.noise) else 1.0
        for p in parameters
    ]
    return Coordinates(
        parameters,
        np.array(natural),
        np.array([unit.mu0 if p.centred else 0.0 for p in parameters]),
        np.array([float(p.log) for p in parameters]),
    )
