"""What drives a coupled network from outside: tables of the waveforms and Poisson sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import DomainError
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.plan import Plan, synapse_of
from popdyn.ground_truth.receptors import jump_per_J, receptor
from popdyn.spec.network import PoissonDrive, Population, Synapse
from popdyn.stimuli import waveforms

Array = NDArray[np.float64]
Number = float | Array


@dataclass(frozen=True)
class Source:
    """Poisson events of one population: expected number per step (per 1/s of table `row` where there is one), the jump
    of `variable` per event and its standard deviation; an array where neurons differ."""

    variable: str
    expected: Number
    jump: Number
    scatter: Number = 0.0
    row: int | None = None

    @property
    def key(self) -> tuple[str, bool, bool]:
        return self.variable, bool(np.any(np.asarray(self.scatter) != 0)), self.row is not None


class Drives:
    """Rows of the table, one value per step, of everything that varies in time; sources by population."""

    def __init__(self, job: Job, *, annealed: bool = False) -> None:
        self.job = job
        self.plan = Plan(job.network, annealed)
        self.rows: list[Array] = [np.zeros(1)]
        self.mu_row = {name: self._stimulus(name, "mu") for name in job.network.populations}
        self.sigma_row = {name: self._stimulus(name, "sigma") for name in job.network.populations}

    @cached_property
    def poisson(self) -> Mapping[str, Sequence[Source]]:
        return {
            name: [self._source(population, drive) for drive in population.poisson]
            for name, population in self.job.network.populations.items()
        }

    def add(self, row: Array) -> int:
        self.rows.append(row)
        return len(self.rows) - 1

    def times(self, delay: float = 0.0) -> Array:
        """Protocol time at the middle of the steps, a delay earlier [s]."""
        protocol = self.job.protocol
        return np.clip(self.job.grid.midpoints() - delay, -protocol.transient, protocol.duration)

    def _stimulus(self, population: str, target: str) -> int:
        if not self.stimulated(population, target):
            return 0
        return self.add(waveforms(self.job.protocol, population, target)(self.times()))

    def stimulated(self, population: str, target: str) -> bool:
        return any(s.population == population and s.target == target for s in self.job.protocol.stimuli)

    def _source(self, population: Population, drive: PoissonDrive) -> Source:
        synapse = synapse_of(drive)
        group = self.plan.groups[self.plan.group_of(population.name)]
        scatter = synapse.weight.moments[1] if synapse.weight is not None else 0.0
        expected, row = drive.K * drive.nu * self.job.dt, None
        if self.stimulated(population.name, "nu"):
            nu = drive.nu + waveforms(self.job.protocol, population.name, "nu")(self.times(synapse.delay))
            if nu.min() < 0:
                raise DomainError(
                    f"protocols.{self.job.protocol.name}: the rate of a source of {population.name} falls to "
                    f"{nu.min():.3g} 1/s; lower the amplitude"
                )
            expected, row = drive.K * self.job.dt, self.add(nu)
        _no_memory(population, synapse)
        scale = jump_per_J(synapse)
        return Source(group.variable(receptor(synapse)), expected, synapse.J * scale, scatter * scale, row)


def _no_memory(population: Population, synapse: Synapse) -> None:
    if synapse.kind in ("saturating", "tsodyks_markram"):
        raise DomainError(
            f"populations.{population.name}.poisson: a {synapse.kind} synapse remembers each source's spikes; allowed: "
            "delta, exponential, alpha, conductance; make the sources a population of their own"
        )
