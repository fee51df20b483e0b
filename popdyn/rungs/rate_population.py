"""One population as a simple rate unit: a gain of one of the families, a time constant, adaptation variables.

    dr/dt = (1/tau_r + quickening r) (-r + F(x))
    x = mu - threshold - threshold_sigma (sigma - sigma_ref) - sum_j strength_j a_j
    tau_a_j da_j/dt = -a_j + r

The shape of F (smoothness or exponent) is multiplied by exp(shape_sigma (sigma - sigma_ref)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families import FAMILIES, Family, FamilyParameter, of_unit
from popdyn.theory.discretisation import Domain
from popdyn.types import ComplexArray, FloatArray

STEPS_PER_TIME = 2.0
"""Steps that the shortest time constant must last, at least."""


@dataclass(frozen=True)
class RatePopulation:
    """Numbers of one unit. `values`: by the names of `parameters`, in their units.

    mu0, sigma0: constant drive at which it is quoted (the spec's, or the mean of a recording). `drive_scale` is a known
    number, the unit in which the gain's drive is counted. `start`: rate [1/s] at which adaptation begins.
    """

    name: str
    family: str
    values: Mapping[str, float]
    adaptation: int
    drive_scale: float
    mu0: float
    sigma0: float
    domain: Domain
    start: float = 0.0
    drive_unit: str = "V/s"
    noise_unit: str = "V/sqrt(s)"

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise UsageError(f"family: got {self.family!r}; allowed: {', '.join(FAMILIES)}")
        if set(self.values) != {p.name for p in self.parameters}:
            got, wanted = ", ".join(self.values), ", ".join(p.name for p in self.parameters)
            raise UsageError(f"parameters of {self.family}: got {got}; allowed: {wanted}")

    @property
    def kind(self) -> Family:
        return FAMILIES[self.family]

    @property
    def varying_sigma(self) -> bool:
        return "threshold_sigma" in self.values

    @property
    def parameters(self) -> tuple[FamilyParameter, ...]:
        """Those of the family that this unit has, in order."""
        varying_tau = "quickening" in self.values
        return of_unit(self.kind, self.adaptation, varying_tau=varying_tau, varying_sigma=self.varying_sigma)

    def row(self) -> FloatArray:
        """(column,) as the kernel takes it."""
        row = np.zeros(kernel.STRENGTH + 2 * self.adaptation)
        row[kernel.DRIVE_SCALE] = self.drive_scale
        row[[p.column for p in self.parameters]] = [self.values[p.name] for p in self.parameters]
        return row

    def integrate(self, mu: FloatArray, sigma: FloatArray, *, dt: float, steps_per_bin: int) -> FloatArray:
        """Rate (bin,) [1/s] under the drive (step,) in the middle of each step; r begins at `start`, as a does.

        Raises NumericsError where dt [s] is too long for the time constants, or the rate is not finite.
        """
        shortest = min(value for name, value in self.values.items() if name.startswith("tau"))
        if dt * STEPS_PER_TIME > shortest * (1 + 1e-9):
            raise NumericsError(
                f"populations.{self.name}: dt {dt:g} s is too long for a time constant of {shortest:g} s; take at most "
                f"{shortest / STEPS_PER_TIME:g} s"
            )
        rate = np.empty((1, len(mu) // steps_per_bin))
        start, first = np.array([self.start]), np.full((1, self.adaptation), self.start)
        which, drive = np.zeros(1, dtype=np.int64), (mu[None].astype(np.float64), sigma[None].astype(np.float64))
        kernel.integrate(
            self.kind.number, self.row()[None], which, *drive, self.sigma0, dt, steps_per_bin, start, first, rate
        )
        if not np.all(np.isfinite(rate)):
            raise NumericsError(f"populations.{self.name}: the rate is not finite; stay in the unit's domain")
        return rate[0]

    def stationary(self, mu: float, sigma: float) -> tuple[float, float]:
        """Drive x beyond the threshold and rate [1/s] at constant input."""
        strength = sum(self.values[f"strength_{j}"] for j in range(1, self.adaptation + 1))
        alone = mu - self.values["threshold"] - self.values.get("threshold_sigma", 0.0) * (sigma - self.sigma0)

        def rate_at(x: float) -> float:
            return float(self.kind.gain(*self._arguments(x, sigma)))

        highest = rate_at(alone)
        if strength <= 0 or highest <= 0:
            return alone, highest
        rate = float(brentq(lambda r: rate_at(alone - strength * r) - r, 0.0, highest, xtol=1e-13))
        return alone - strength * rate, rate

    def linear_response(self, frequencies: FloatArray, mu: float, sigma: float, target: str = "mu") -> ComplexArray:
        """d r / d mu or d r / d D, D = sigma^2/2, about the stationary state; frequencies [1/s].

        Raises UsageError for D where the unit knows one sigma only.
        """
        x, rate = self.stationary(mu, sigma)
        slope = float(self.kind.slope(*self._arguments(x, sigma))) / self._unit
        s = 2j * np.pi * np.asarray(frequencies, dtype=np.float64)
        tau = 1.0 / (1.0 / self.values["tau_r"] + self.values.get("quickening", 0.0) * rate)
        feedback: ComplexArray = np.asarray(1.0 + s * tau, dtype=np.complex128)
        for j in range(1, self.adaptation + 1):
            feedback += slope * self.values[f"strength_{j}"] / (1.0 + s * self.values[f"tau_a_{j}"])
        if target == "mu":
            return np.asarray(slope / feedback)
        if not self.varying_sigma:
            raise UsageError(f"populations.{self.name}: the unit was fitted at one sigma; fit it on a range of sigma")
        by_shape = float(self.kind.shape_slope(*self._arguments(x, sigma)))
        growing = self._value(kernel.SHAPE_SIGMA) * float(self._arguments(x, sigma)[2])
        change = growing * by_shape - self.values["threshold_sigma"] * slope
        return np.asarray(change / sigma / feedback)

    @property
    def _unit(self) -> float:
        """What the family counts its drive in."""
        return self.drive_scale if self.kind.normalised else 1.0

    def _arguments(self, x: float, sigma: float) -> tuple[FloatArray, float, FloatArray]:
        shape = self._value(kernel.SHAPE) * np.exp(self._value(kernel.SHAPE_SIGMA) * (sigma - self.sigma0))
        return np.asarray(x / self._unit), self._value(kernel.SCALE), np.asarray(shape)

    def _value(self, column: int) -> float:
        return next((self.values[p.name] for p in self.parameters if p.column == column), 0.0)
