"""Numbers of a chunk of a network with connections or spread parameters, and what is compiled for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import DomainError
from popdyn.ground_truth import draws, seeds
from popdyn.ground_truth.coupled_drive import Array, Drives, Number, Source
from popdyn.ground_truth.escape_numbers import trace_counts, trace_numbers
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.plan import Group, Projection
from popdyn.ground_truth.receptors import Receptor
from popdyn.ground_truth.time_grid import BIN, barrier_shift
from popdyn.neurons import MODELS
from popdyn.spec.network import Population

Key = tuple[str, bool, bool]


@dataclass(frozen=True)
class CoupledChunk:
    """One chunk of a job; `sources` are the Poisson sources of every population, `indegrees` those of the connections
    that were drawn."""

    drives: Drives
    number: int
    sources: Mapping[str, Sequence[Source]]
    indegrees: dict[int, NDArray[np.int64]] = field(default_factory=dict)

    @property
    def job(self) -> Job:
        return self.drives.job

    @cached_property
    def drawn(self) -> dict[str, list[dict[str, Array]]]:
        """Spread parameters of each block of each population."""
        first = self.number * self.job.blocks
        return {
            name: [self._block(population, place, block) for block in range(first, first + self.job.blocks)]
            for place, (name, population) in enumerate(self.job.network.populations.items())
        }

    def _block(self, population: Population, place: int, block: int) -> dict[str, Array]:
        index = block * len(self.job.network.populations) + place
        rng = np.random.default_rng(seeds.sequence(self.job.seed, seeds.DRAWS, index))
        values = draws.drawn(population, self.job.block_size(population.name), rng, stratified=self.job.stratified)
        draws.check(population, values)
        return values

    def size(self, population: str) -> int:
        return self.job.blocks * self.job.block_size(population)

    def parameters(self, population: Population) -> dict[str, Number]:
        """Parameters of coupled_text; an array where neurons of the population differ."""
        blocks = self.drawn[population.name]
        drawn = {name: np.concatenate([block[name] for block in blocks]) for name in population.spread}
        model, dt, grid = MODELS[population.neuron.model], self.job.dt, self.job.grid
        p: dict[str, Any] = dict(population.neuron.parameters)
        centre = p["C_m"]
        p |= {name: value for name, value in drawn.items() if name in p}
        common = {
            "mu_own": drawn.get("mu", population.noise.mu),
            "sigma_own": drawn.get("sigma", population.noise.sigma),
            "jump_scale": centre / p["C_m"],
            "scored_from": -grid.start - 0.5 * dt,
            "scored_until": grid.bins * BIN - 0.5 * dt,
        }
        if model.escape:
            group = self.drives.plan.groups[self.drives.plan.group_of(population.name)]
            own = {one.name: p[one.name] for one in model.parameters}
            return own | common | trace_numbers(p, trace_counts(group), dt)
        return (
            p
            | common
            | {
                "barrier_shift": barrier_shift(population, dt),
                "rsqrt_dt": dt**-0.5,
                "V_limit": p[model.barrier] + p.get("Delta_T", 0.0),
                "dead_time": (np.round(p["t_ref"] / dt) + 1) * dt,
            }
        )

    def groups(self) -> list[dict[str, Number]]:
        """Numbers of each group: one for all of its neurons, or each neuron's own."""
        return [self._numbers(group) for group in self.drives.plan.groups]

    def _numbers(self, group: Group) -> dict[str, Number]:
        parts = [self.parameters(population) for population in group.populations]
        drives = self.aligned(group)
        for part, population, sources in zip(parts, group.populations, drives, strict=True):
            self._check_sigma(population, part)
            part["mu_row"] = self.drives.mu_row[population.name]
            part["sigma_row"] = self.drives.sigma_row[population.name]
            for k, source in enumerate(sources):
                part |= {f"expected_{k}": source.expected, f"jump_{k}": source.jump, f"scatter_{k}": source.scatter}
                part[f"nu_row_{k}"] = source.row or 0
        sizes = [self.size(population.name) for population in group.populations]
        numbers = {name: _gather([part[name] for part in parts], sizes) for name in parts[0]}
        for receptor in group.receptors:
            numbers |= filter_numbers(group.variable(receptor), receptor, self.job.dt)
        return numbers

    def aligned(self, group: Group) -> list[list[Source]]:
        """The sources of each population of a group, in one order; an idle one where a population has none."""
        keys = self._keys(group)
        found = []
        for population in group.populations:
            left = list(self.sources[population.name])
            row = []
            for key in keys:
                own = next((source for source in left if source.key == key), None)
                if own is not None:
                    left.remove(own)
                row.append(own or Source(key[0], 0.0, 0.0))
            found.append(row)
        return found

    def _keys(self, group: Group) -> list[Key]:
        most: Counter[Key] = Counter()
        for population in group.populations:
            most |= Counter(source.key for source in self.sources[population.name])
        return sorted(most.elements())

    def _check_sigma(self, population: Population, part: Mapping[str, Number]) -> None:
        waves = self.drives.rows[self.drives.sigma_row[population.name]]
        where = f"populations.{population.name}"
        if np.min(part["sigma_own"]) + waves.min() < 0:
            raise DomainError(f"{where}: sigma falls below 0 under protocol {self.job.protocol.name}")
        if MODELS[population.neuron.model].escape:
            return
        highest = np.asarray(part["sigma_own"]) + waves.max()
        barrier = np.asarray(part[MODELS[population.neuron.model].barrier])
        if np.min(barrier - part["barrier_shift"] * highest - part["V_reset"]) <= 0:
            raise DomainError(f"{where}: noise of one step of {self.job.dt:g} s spans V_th - V_reset; lower dt")

    def initial(self, group: Group, numbers: Mapping[str, Number]) -> tuple[Array, Array]:
        """V [V] below each neuron's barrier and w [A] at the start, the same for every backend."""
        V, w = [], []
        for population in group.populations:
            start, size = population.initial, self.job.block_size(population.name)
            for rng in self._generators(population.name, seeds.INITIAL):
                V.append(rng.normal(start.V_mean, start.V_std, size))
                w.append(rng.normal(start.w_mean, start.w_std, size))
        model = MODELS[group.model]
        most = np.inf if model.escape else np.nextafter(numbers[model.barrier], -np.inf)
        return np.minimum(np.concatenate(V), most), np.concatenate(w)

    def patience(self, group: Group) -> Array:
        """The hazard that each neuron waits for before its first spike."""
        parts = [
            rng.standard_exponential(self.job.block_size(population.name))
            for population in group.populations
            for rng in self._generators(population.name, seeds.PATIENCE)
        ]
        return np.concatenate(parts)

    def _generators(self, population: str, purpose: int) -> list[np.random.Generator]:
        """One for each block of a population."""
        names, first = list(self.job.network.populations), self.number * self.job.blocks
        places = [block * len(names) + names.index(population) for block in range(first, first + self.job.blocks)]
        return [np.random.default_rng(seeds.sequence(self.job.seed, purpose, place)) for place in places]


def filter_numbers(name: str, receptor: Receptor, dt: float) -> dict[str, Number]:
    """Exact decay over a step and the mean of the decaying filter during it; see coupled_text."""
    if receptor.family == "delta":
        return {}
    tau, decay = receptor.tau_syn, float(np.exp(-dt / receptor.tau_syn))
    mean = -np.expm1(-dt / tau) * tau / dt
    k = name.rpartition("_")[2]
    if receptor.family == "alpha":
        return {f"decay_{name}": decay, f"mean_{name}": tau * (mean - decay), f"mean_filtered_{k}": mean}
    numbers: dict[str, Number] = {f"decay_{name}": decay, f"mean_{name}": mean}
    return numbers | ({f"E_rev_{k}": receptor.E_rev} if receptor.family == "conductance" else {})


def _gather(parts: Sequence[Number], sizes: Sequence[int]) -> Number:
    """One number where all neurons agree."""
    if all(not isinstance(part, np.ndarray) and part == parts[0] for part in parts):
        return parts[0]
    return np.concatenate([np.broadcast_to(part, size) for part, size in zip(parts, sizes, strict=True)])


def structure(chunk: CoupledChunk, weighted: Sequence[bool]) -> dict[str, Any]:
    """What a compiled program is made for; no parameter, no seed. `weighted`: projections of unequal weights."""
    job, plan, numbers = chunk.job, chunk.drives.plan, chunk.groups()
    return {
        "plain": False,
        "method": job.method,
        "blocks": job.blocks,
        "traces": job.record.traces,
        "places": places(chunk),
        "groups": [_described(chunk, group, own) for group, own in zip(plan.groups, numbers, strict=True)],
        "projections": [
            _projection(projection, own) for projection, own in zip(plan.projections, weighted, strict=True)
        ],
    }


def places(chunk: CoupledChunk) -> list[tuple[int, int, int]]:
    """Of each population: its group, its first neuron there, the neurons of one block."""
    found = []
    for name in chunk.job.network.populations:
        number = chunk.drives.plan.group_of(name)
        before = 0
        for population in chunk.drives.plan.groups[number].populations:
            if population.name == name:
                found.append((number, before, chunk.job.block_size(name)))
            before += chunk.size(population.name)
    return found


def _described(chunk: CoupledChunk, group: Group, numbers: Mapping[str, Number]) -> dict[str, Any]:
    names, record = [population.name for population in group.populations], chunk.job.record
    sizes = [chunk.size(name) for name in names]
    return {
        "model": group.model,
        "sizes": sizes,
        "own": sorted(name for name, value in numbers.items() if isinstance(value, np.ndarray)),
        "refractory": bool(np.max(numbers.get("dead_time", 0.0)) > 1.5 * chunk.job.dt),
        "noisy": bool(np.max(numbers["sigma_own"]) > 0) or any(chunk.drives.sigma_row[name] for name in names),
        "mu_driven": any(chunk.drives.mu_row[name] for name in names),
        "sigma_driven": any(chunk.drives.sigma_row[name] for name in names),
        "receptors": [group.variable(receptor) for receptor in group.receptors],
        "drives": [
            {"variable": source.variable, "scattered": key[1], "driven": key[2]}
            for source, key in zip(chunk.aligned(group)[0], chunk._keys(group), strict=True)
        ],
        "spikes": any(name in record.spikes for name in names),
        **({"traces": trace_counts(group)} if MODELS[group.model].escape else {}),
    }


def _projection(projection: Projection, weighted: bool) -> dict[str, Any]:
    constants = dict(projection.constants)
    return {
        "pre": projection.pre,
        "post": projection.post,
        "kind": projection.kind,
        "variable": projection.variable,
        "constants": sorted(constants),
        "facilitating": constants.get("tau_fac", 0.0) > 0,
        "several_delays": projection.delay is None,
        "weighted": weighted,
    }
