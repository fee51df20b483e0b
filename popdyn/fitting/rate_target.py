"""What a simple rate unit is fitted to: a drive and the rate that answered it, from whatever source."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr

from popdyn.errors import UsageError
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.protocols import Job
from popdyn.results.dataset import base_bin
from popdyn.rungs.unit import drive_of
from popdyn.spec.network import Population, Protocol
from popdyn.types import FloatArray, Rung

STEP = 2.5e-4
"""Longest step of a unit while it is fitted [s]."""
STILL = 1e-6
"""Relative deviation below which a rate is constant."""


@dataclass(frozen=True)
class RateTarget:
    """Rate (bin,) or (set, bin) [1/s] from bin `first` on, and the drive in the middle of each step of `dt`."""

    name: str
    doc: str
    mu: FloatArray  # (step,)
    sigma: FloatArray  # (step,)
    rate: FloatArray
    first: int
    bin: float
    dt: float

    @property
    def steps_per_bin(self) -> int:
        return round(self.bin / self.dt)

    @property
    def scale(self) -> float:
        """Standard deviation over time; of the sets' mean where there are several."""
        return float(np.std(np.atleast_2d(self.rate).mean(axis=0)))

    @property
    def bins(self) -> int:
        return int(self.rate.shape[-1])


def steps_of(bin: float, longest: float = STEP) -> int:
    """Steps per bin, none longer than `longest` [s]."""
    return max(1, int(np.ceil(bin / longest - 1e-9)))


def target_of(rung: Rung, population: Population, job: Job) -> RateTarget:
    """A rung's answer to a protocol, scored at t >= 0."""
    return target_in(rung.simulate(job.protocol), population, job.protocol, job.doc)


def target_in(dataset: xr.Dataset, population: Population, protocol: Protocol, doc: str) -> RateTarget:
    """A result's rate, the mean over its runs, under the protocol that made it."""
    width = base_bin(dataset)
    ratio = max(1, round(BIN / width))
    begin = float(dataset["time"].values[0]) - width / 2
    first = round(-begin / (ratio * width))
    rate = binned(dataset["rate"].sel(population=population.name).mean("run").values, ratio)
    steps = steps_of(ratio * width)
    dt = ratio * width / steps
    middle = begin + (np.arange(len(rate) * steps, dtype=np.float64) + 0.5) * dt
    return checked(
        RateTarget(protocol.name, doc, *drive_of(population, protocol, middle), rate[first:], first, ratio * width, dt)
    )


def checked(target: RateTarget) -> RateTarget:
    """Raises UsageError where the rate is constant, or no number."""
    if not np.all(np.isfinite(target.rate)) or np.any(target.rate < 0):
        raise UsageError(f"{target.name}: a rate is negative or no number; allowed: finite rates of at least 0")
    if target.bins < 2 or target.scale < STILL * float(np.mean(target.rate)) or target.scale == 0:
        raise UsageError(f"{target.name}: the rate does not move; allowed: data that move it, for a fit and its errors")
    return target


def split(target: RateTarget, share: float) -> tuple[RateTarget, RateTarget]:
    """Earlier and later part of the scored bins, `share` of them in the first; the later one keeps its history.

    The earlier one ends with its drive: nothing of the later one is in it.
    """
    cut = round(share * target.bins)
    end = (target.first + cut) * target.steps_per_bin
    names = f"{target.name}, first {share:.0%}", f"{target.name}, last {1 - share:.0%}"
    late = replace(target, name=names[1], rate=target.rate[cut:], first=target.first + cut)
    early = replace(
        target, name=names[0], rate=target.rate[:cut], mu=target.mu[:end], sigma=target.sigma[:end]
    )  # fmt: skip
    return checked(early), checked(late)
