"""What the fit makes small: unit minus density over the training protocols."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from popdyn.errors import NumericsError, UsageError
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.protocols import Job
from popdyn.fitting.target import Target
from popdyn.kernels.cascade_slots import Unit
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.domain import share_outside
from popdyn.rungs.unit import drive_of, start_of
from popdyn.types import FloatArray

BIAS_WEIGHT = 6.0
"""Weight of a protocol's relative bias beside its nrmse: a bias of 1 % counts as an nrmse of 6 %."""
FAILED = 10.0
STILL = 1e-6
"""Relative deviation below which a rate is constant."""


@dataclass(frozen=True)
class Record:
    """The density's answer to one protocol, and the drive at the middle of the unit's steps of dt."""

    job: Job
    dt: float
    mu: FloatArray
    sigma: FloatArray
    start: FloatArray
    first: int  # first scored bin
    target: FloatArray  # (bin,) [1/s]

    @property
    def scale(self) -> float:
        return float(np.std(self.target))

    @property
    def bin(self) -> float:
        """Width of the bins of `target` [s]."""
        return BIN

    def distance(self, rate: FloatArray) -> FloatArray:
        """(bin,): a rate (bin,) minus the density's, over the rms of the density's deviation."""
        return (rate - self.target) / self.scale

    def unit_rate(self, unit: CascadePopulation, table: Unit | None = None) -> FloatArray:
        """The unit's rate (bin,) [1/s]."""
        steps = round(self.bin / self.dt)
        trace = unit.integrate(self.mu, self.sigma, self.start, dt=self.dt, steps_per_bin=steps, table=table)
        return trace.rate[self.first :]

    def outside(self, unit: CascadePopulation) -> float:
        begin = self.first * round(self.bin / self.dt)
        return share_outside(unit.domain, self.mu[begin:], self.sigma[begin:])

    def with_step(self, target: Target, dt: float) -> Record:
        """The same record for another step of the unit."""
        mu, sigma = _drive(target, self.job, dt)
        return replace(self, dt=dt, mu=mu, sigma=sigma)


def _drive(target: Target, job: Job, dt: float) -> tuple[FloatArray, FloatArray]:
    protocol = job.protocol
    steps = round((protocol.transient + protocol.duration) / BIN) * round(BIN / dt)
    middle = (np.arange(steps, dtype=np.float64) + 0.5) * dt - protocol.transient
    return drive_of(target.population, protocol, middle)


def record(target: Target, job: Job, dt: float) -> Record:
    """Simulates the target and keeps what is scored, t >= 0."""
    rate = target.rate(job.protocol)
    first = round(job.protocol.transient / BIN)
    ratio = round(BIN / 1e-3)
    start = start_of(target.adaptation, target.population)
    mu, sigma = _drive(target, job, dt)
    wanted = binned(rate, ratio)[first:]
    if np.std(wanted) < STILL * np.mean(wanted):
        raise UsageError(f"protocols.{job.protocol.name}: the rate of population {target.name} does not move; allowed: "
                         "protocols that move it, for a fit and for its errors")  # fmt: skip
    return Record(job, dt, mu, sigma, start, first, wanted)


@dataclass(frozen=True)
class Misfit:
    """Residuals of a unit whose `free` parameters are replaced by coordinates (see cascade_parameters)."""

    unit: CascadePopulation
    records: tuple[Record, ...]
    free: tuple[str, ...]

    def values(self, coordinates: FloatArray) -> dict[str, float]:
        named = self.unit.fitted
        return {name: named[name].decode(float(x)) for name, x in zip(self.free, coordinates, strict=True)}

    def unit_at(self, coordinates: FloatArray) -> CascadePopulation:
        return replace(self.unit, parameters={**self.unit.parameters, **self.values(coordinates)})

    def parts(self, coordinates: FloatArray) -> list[FloatArray]:
        """Per protocol (bin,): its distances, over sqrt(number of bins)."""
        unit = self.unit_at(coordinates)
        try:
            table = unit.table(self.records[0].dt)
            distances = [r.distance(r.unit_rate(unit, table)) for r in self.records]
        except NumericsError:  # a step too far: no inverse of the gain, or no finite rate
            distances = [np.full_like(r.target, FAILED) for r in self.records]
        return [d / np.sqrt(len(d)) for d in distances]

    def bias_factor(self, r: Record) -> float:
        """What the sum of a protocol's residuals is multiplied with to give its bias residual."""
        return BIAS_WEIGHT * r.scale / float(np.mean(r.target)) / np.sqrt(len(r.target))

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """All residuals: those of the bins, then one of the bias of each protocol."""
        parts = self.parts(coordinates)
        bias = [self.bias_factor(r) * part.sum() for r, part in zip(self.records, parts, strict=True)]
        return np.nan_to_num(np.concatenate([*parts, bias]), nan=FAILED, posinf=FAILED, neginf=-FAILED)
