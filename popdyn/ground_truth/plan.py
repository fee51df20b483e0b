"""Which neurons, filters and synapses of a network share one Brian2 object, so that few have to be compiled.

All populations of a neuron model are one NeuronGroup; all synapses of a kind onto a filter are one Synapses object.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from popdyn.ground_truth.receptors import FAMILY, PREFIX, Receptor, receptor
from popdyn.neurons import MODELS
from popdyn.spec.network import Connection, Network, PoissonDrive, Population, Synapse

MOST_DELAYS = 2
"""So many delays get a Synapses object each; with more, one object holds a delay per synapse."""


@dataclass(frozen=True)
class Group:
    """Populations of one model, in the spec's order, and the filters on their neurons."""

    model: str
    populations: tuple[Population, ...]
    receptors: tuple[Receptor, ...]

    def variable(self, wanted: Receptor) -> str:
        """Name of the variable that jumps: arrived, current_0, alpha_0, conductance_0, ..."""
        if wanted.family == "delta":
            return "arrived"
        same = [one for one in self.receptors if one.family == wanted.family]
        return f"{PREFIX[wanted.family]}_{same.index(wanted)}"


@dataclass(frozen=True)
class Projection:
    """Synapses that share one Brian2 object: all of one kind with equal constants from one group to a filter of
    another. `delay` [s] is None where each synapse has its own."""

    pre: int
    post: int
    kind: str
    variable: str
    constants: tuple[tuple[str, float], ...]
    delay: float | None
    connections: tuple[int, ...]


_Key = tuple[int, int, str, str, tuple[tuple[str, float], ...]]


@dataclass(frozen=True)
class Plan:
    """Groups and projections of a network; no projections where it is `annealed`, but all filters."""

    network: Network
    annealed: bool = False

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        models = dict.fromkeys(population.neuron.model for population in self.network.populations.values())
        found = []
        for model in models:
            members = tuple(p for p in self.network.populations.values() if p.neuron.model == model)
            found.append(Group(model, members, tuple(dict.fromkeys(self._receptors(members)))))
        return tuple(found)

    def _receptors(self, members: Sequence[Population]) -> list[Receptor]:
        names = {population.name for population in members}
        found = [receptor(synapse_of(drive)) for population in members for drive in population.poisson]
        return found + [receptor(one.synapse) for one in self.network.connections if one.post in names]

    def group_of(self, population: str) -> int:
        model = self.network.populations[population].neuron.model
        return [group.model for group in self.groups].index(model)

    @cached_property
    def projections(self) -> tuple[Projection, ...]:
        by_key: dict[_Key, dict[float | None, list[int]]] = {}
        for number, connection in enumerate(() if self.annealed else self.network.connections):
            delays = by_key.setdefault(self._key(connection), {})
            delays.setdefault(common_delay(connection), []).append(number)
        found = []
        for key, delays in by_key.items():
            if None in delays or len(delays) > MOST_DELAYS:
                delays = {None: sorted(number for numbers in delays.values() for number in numbers)}
            found += [Projection(*key, delay, tuple(numbers)) for delay, numbers in delays.items()]
        return tuple(found)

    def _key(self, connection: Connection) -> _Key:
        pre, post, synapse = self.group_of(connection.pre), self.group_of(connection.post), connection.synapse
        constants: dict[str, float] = {}
        if synapse.kind == "saturating":
            constants = {"alpha": synapse.alpha, "tau_gate": synapse.tau_syn}
        elif synapse.kind == "tsodyks_markram":
            constants = {"U": synapse.U, "tau_rec": synapse.tau_rec, "tau_fac": synapse.tau_fac}
        kind = synapse.kind if constants else FAMILY[synapse.kind]
        return pre, post, kind, self.groups[post].variable(receptor(synapse)), tuple(constants.items())


def synapse_of(drive: PoissonDrive) -> Synapse:
    """The synapse of an external drive; a jump of V where none is given."""
    return drive.synapse or Synapse("delta", drive.J)


def common_delay(connection: Connection) -> float | None:
    """The delay [s] of all synapses of a connection; None where they differ."""
    if connection.edges is not None:
        delays = connection.edges.delay
        return float(delays[0]) if delays.size and np.all(delays == delays[0]) else None
    return connection.synapse.delay if connection.synapse.delays is None else None


def is_plain(network: Network) -> bool:
    """No connection, no spread, no escape noise, no synapse between the external sources and the neurons, no stimulus
    on them."""
    stimuli = [s for protocol in network.protocols.values() for s in protocol.stimuli]
    return not (
        network.connections
        or any(MODELS[population.neuron.model].escape for population in network.populations.values())
        or any(population.spread for population in network.populations.values())
        or any(drive.synapse is not None for p in network.populations.values() for drive in p.poisson)
        or any(stimulus.target == "nu" for stimulus in stimuli)
    )
