"""One simulation of the truth, fully decided: what the store's key is made of and what the workers are handed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from popdyn.errors import UsageError
from popdyn.ground_truth import seeds
from popdyn.ground_truth.cost import choose_backend, chunks_of
from popdyn.ground_truth.edges import check_delay
from popdyn.ground_truth.plan import is_plain
from popdyn.ground_truth.time_grid import TimeGrid, default_dt, time_grid
from popdyn.spec import Network, Protocol, to_dict, under_protocol

RESULT_SEMANTICS = 1
"""Raised when the same job means another result."""

COUPLED_SEMANTICS = 1
"""The same for networks with connections or spread parameters."""

GROUPS = 10
MANY = 50_000

METHODS = ("heun", "euler")
"""Stochastic Heun (weak order 2 for this additive noise) or Euler-Maruyama."""

VERSIONED = {"numpy": ("brian2", "numpy"), "cython": ("brian2", "numpy", "cython"), "cpp_standalone": ("brian2",)}


@dataclass(frozen=True)
class Record:
    """What is kept beside rates and means: spikes of the named populations, V and w of the first `traces` neurons."""

    spikes: tuple[str, ...] = ()
    traces: int = 0


@dataclass(frozen=True)
class Job:
    """A resolved network under one protocol with every choice made.

    `network` holds that protocol alone, and its spec_hash is of that: other protocols of a spec change no result.
    """

    network: Network
    protocol: Protocol
    seed: int
    dt: float
    backend: str
    method: str
    groups: int
    record: Record
    stratified: bool = False

    @cached_property
    def grid(self) -> TimeGrid:
        return time_grid(self.protocol, self.dt)

    @property
    def plain(self) -> bool:
        """Uncoupled populations of equal neurons: one Brian2 object each, numbers shared."""
        return is_plain(self.network)

    @property
    def coupled(self) -> bool:
        return bool(self.network.connections)

    @property
    def chunks(self) -> int:
        """Parts that are simulated independently, each `blocks` groups of every population."""
        if self.coupled:
            return self.groups
        neurons = sum(population.size for population in self.network.populations.values())
        return chunks_of(self.backend, neurons, self.grid.steps, self.groups)

    @property
    def blocks(self) -> int:
        return self.groups // self.chunks

    def block_size(self, population: str) -> int:
        """Neurons of a population in each group: size / groups, rounded down, at least 1; all of a coupled network."""
        if self.coupled:
            return self.network.populations[population].size
        return max(1, self.network.populations[population].size // self.groups)

    def document(self) -> dict[str, Any]:
        """Everything that changes the result, as JSON."""
        spec = to_dict(self.network, arrays=False)
        del spec["name"]
        seed_words = {
            "initial": [seeds.word32(self.seed, seeds.INITIAL, group) for group in range(self.groups)],
            "noise": [self._noise_words(chunk) for chunk in range(self.chunks)],
        }
        drawn = {} if self.plain else {"coupled_semantics": COUPLED_SEMANTICS, "stratified": self.stratified}
        return drawn | {
            "rung": "spiking",
            "spec": spec,
            "protocol": self.protocol.name,
            "seed_words": seed_words,
            "seed": str(self.seed),
            "backend": self.backend,
            "dt": self.dt,
            "method": self.method,
            "groups": self.groups,
            "record": {"spikes": sorted(self.record.spikes), "traces": self.record.traces},
            "versions": {name: importlib.metadata.version(name) for name in VERSIONED[self.backend]},
            "semantics": RESULT_SEMANTICS,
        }

    def _noise_words(self, chunk: int) -> list[int]:
        return [int(word) for word in seeds.sequence(self.seed, seeds.NOISE, chunk).generate_state(8)]


def job(
    network: Network,
    protocol: str | Protocol,
    *,
    seed: int = 0,
    dt: float | None = None,
    backend: str | None = None,
    method: str = "heun",
    groups: int | None = None,
    record: Record | None = None,
    stratified: bool | None = None,
) -> Job:
    """Decide everything about a simulation of the truth.

    Parameters
    ----------
    protocol : its name in the spec, or a Protocol
    dt : [s]; None: 0.02 ms where spikes have a soft onset, 0.05 ms at hard thresholds (less with Poisson drive), 0.1 ms
        where all of them are drawn from a hazard
    backend : numpy, cython or cpp_standalone; None: by the cost model
    groups : independent groups, the runs of the result: parts of the populations; where there are connections, whole
        networks, each with its own synapses, parameters and noise; None: 10, of large networks fewer, see `few_groups`
    stratified : spread parameters in strata of equal probability; None: where there are no connections
    """
    chosen = network.protocol(protocol)
    if method not in METHODS:
        raise UsageError(f"method: got {method!r}; allowed: {', '.join(METHODS)}")
    neurons = sum(population.size for population in network.populations.values())
    coupled = bool(network.connections)
    if groups is None:
        groups = few_groups(neurons) if coupled else GROUPS
    if groups < 1:
        raise UsageError(f"groups: got {groups}; allowed: from 1")
    record = record or Record()
    _check_names(network, record.spikes)
    alone = under_protocol(network, chosen)
    step = default_dt(network) if dt is None else float(dt)
    steps = time_grid(chosen, step).steps
    for connection in network.connections:
        check_delay(connection, step)
    made = choose_backend(backend, neurons * (groups if coupled else 1), steps, groups, alone=coupled)
    split = not coupled if stratified is None else stratified
    return Job(alone, chosen, int(seed), step, made, method, groups, record, split and not is_plain(alone))


def few_groups(neurons: int) -> int:
    """Whole networks that are simulated unless told otherwise: so many that they have MANY neurons in all, 4 to 10."""
    return min(GROUPS, max(4, MANY // neurons))


def _check_names(network: Network, names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in network.populations]
    if unknown:
        raise UsageError(f"record.spikes: got {', '.join(unknown)}; allowed: {', '.join(network.populations)}")
