"""The annealed network: the same neurons and in-degrees, every presynaptic train replaced by an independent Poisson
train of a given rate. Against the network itself it tells what the correlations of the network do.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import DomainError, UsageError
from popdyn.ground_truth import chunk_edges, coupled
from popdyn.ground_truth.coupled_chunk import CoupledChunk
from popdyn.ground_truth.coupled_drive import Drives, Source
from popdyn.ground_truth.jobs import job
from popdyn.ground_truth.memory import fitting_workers
from popdyn.ground_truth.plan import common_delay
from popdyn.ground_truth.receptors import receptor
from popdyn.ground_truth.simulation import cores
from popdyn.ground_truth.tasks import Progress
from popdyn.spec.network import Network, Protocol

Array = NDArray[np.float64]
Rate = float | tuple[Array, Array]
"""A rate [1/s], constant or as (times from the protocol's start [s], rates), linear in between."""


def simulate_annealed(
    network: Network,
    protocol: str | Protocol,
    rates: Mapping[str, Rate],
    *,
    source_rates: Mapping[str, Array] | None = None,
    seed: int = 0,
    dt: float | None = None,
    backend: str | None = None,
    groups: int | None = None,
    stratified: bool | None = None,
    workers: int | None = None,
    max_memory: float | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The network with independent inputs of the given rates, as `simulate` gives it; rung "annealed".

    Each neuron keeps the parameters, the in-degree and the mean weight that it has in `simulate` with the same seed.
    An input's events are Poisson numbers per step; weights that differ enter by their mean and variance.

    Parameters
    ----------
    rates : mean rate of every presynaptic population
    source_rates : rates over the neurons of a population, (neuron,) or (run, neuron) as `neuron_rate_E`; a neuron's
        input is then the sum over its own sources, in proportion; without, all sources of a population are equal
    """
    decided = job(network, protocol, seed=seed, dt=dt, backend=backend, groups=groups, stratified=stratified)
    if not decided.coupled:
        raise UsageError("annealed: the network has no connections")
    drives = Drives(decided, annealed=True)
    inputs = _Inputs(drives, rates, source_rates or {})
    count = fitting_workers(decided, workers or cores(), max_memory)
    with tempfile.TemporaryDirectory(prefix="popdyn-") as name:
        made = coupled.simulated(decided, drives, Path(name), count, progress, inputs.of_chunk)
    means = {name: float(np.mean(rate[1] if isinstance(rate, tuple) else rate)) for name, rate in rates.items()}
    return made.assign_attrs(rung="annealed", annealed_rates=json.dumps(means, sort_keys=True))


def matched_rates(truth: xr.Dataset, protocol: Protocol) -> tuple[dict[str, Rate], dict[str, Array]]:
    """Rates and source rates of `simulate_annealed` that match a network's own result.

    The mean over the scored time and all groups; under a protocol with stimuli the trace, averaged over the groups.
    """
    rate = truth["rate"].mean("run")
    rates: dict[str, Rate] = {}
    for name in map(str, truth["population"].values):
        one = rate.sel(population=name)
        if protocol.stimuli:
            rates[name] = (one["time"].values, one.values)
        else:
            rates[name] = float(one.sel(time=slice(0.0, None)).mean())
    own = {name: truth[f"neuron_rate_{name}"].values for name in rates if f"neuron_rate_{name}" in truth}
    return rates, {name: values for name, values in own.items() if values.mean() > 0}


class _Inputs:
    """Poisson inputs in the place of the synapses."""

    def __init__(self, drives: Drives, rates: Mapping[str, Rate], source_rates: Mapping[str, Array]) -> None:
        self.drives, self.job = drives, drives.job
        self.relative = {name: self._relative(name, np.asarray(values)) for name, values in source_rates.items()}
        self.rows: list[tuple[float, int | None]] = []
        for number, connection in enumerate(self.job.network.connections):
            if connection.pre not in rates:
                raise UsageError(f"rates: none for population {connection.pre}; allowed: all that are presynaptic")
            if connection.synapse.kind in ("saturating", "tsodyks_markram"):
                raise DomainError(
                    f"connections.{number}: a {connection.synapse.kind} synapse remembers its source's spikes and has "
                    "no independent inputs; allowed: delta, exponential, alpha, conductance"
                )
            self.rows.append(self._row(number, rates[connection.pre]))

    def _relative(self, name: str, values: Array) -> Array:
        size = self.job.network.populations[name].size
        if values.shape not in ((size,), (self.job.groups, size)) or values.min() < 0 or values.mean() == 0:
            raise UsageError(
                f"source_rates.{name}: got shape {values.shape}; allowed: ({size},) or ({self.job.groups}, {size}), "
                "from 0, not all 0"
            )
        return np.asarray(values / values.mean(axis=-1, keepdims=True))

    def _row(self, number: int, rate: Rate) -> tuple[float, int | None]:
        """Factor of the expected number of events and its row of the table."""
        if not isinstance(rate, tuple):
            return float(rate), None
        connection = self.job.network.connections[number]
        delay = common_delay(connection)
        if delay is None:
            delay = float(connection.edges.delay.mean()) if connection.edges else connection.synapse.delay
        times, given = (np.asarray(part, dtype=np.float64) for part in rate)
        values: Array = np.interp(self.drives.times(delay), times, given)
        if values.min() < 0:
            raise UsageError(f"rates.{connection.pre}: below 0")
        return 1.0, self.drives.add(values)

    def of_chunk(self, number: int) -> Mapping[str, list[Source]]:
        """Poisson sources of every population in a chunk: external ones, then one for each connection."""
        chunk = CoupledChunk(self.drives, number, self.drives.poisson)
        found = {name: list(sources) for name, sources in self.drives.poisson.items()}
        for index, connection in enumerate(self.job.network.connections):
            found[connection.post].append(self._source(chunk, index))
        return found

    def _source(self, chunk: CoupledChunk, index: int) -> Source:
        connection, edges = self.job.network.connections[index], chunk_edges.connection_edges(chunk, index)
        group = self.drives.plan.groups[self.drives.plan.group_of(connection.post)]
        post = chunk.size(connection.post)
        relative = self.relative.get(connection.pre)
        shares = np.ones(1)
        if relative is not None:
            own = relative[chunk.number] if relative.ndim == 2 else relative
            shares = np.repeat(own, np.diff(edges.offsets))
        degree = _summed(edges.targets, shares, post)
        factor, row = self.rows[index]
        expected = degree * factor * self.job.dt
        variable = group.variable(receptor(connection.synapse))
        if not isinstance(edges.jump, np.ndarray):
            return Source(variable, expected, edges.jump, 0.0, row)
        jump = edges.jump.astype(np.float64)
        mean = _divided(_summed(edges.targets, jump * shares, post), degree)
        square = _divided(_summed(edges.targets, jump**2 * shares, post), degree)
        return Source(variable, expected, mean, np.sqrt(np.maximum(square - mean**2, 0)), row)


def _summed(targets: NDArray[np.int32], weights: Array, post: int) -> Array:
    """Sum of a weight per edge, or of one for all, over the edges of each target."""
    each = np.broadcast_to(weights, targets.shape)
    return np.asarray(np.bincount(targets, weights=each, minlength=post), dtype=np.float64)


def _divided(total: Array, degree: Array) -> Array:
    return np.divide(total, degree, out=np.zeros_like(total), where=degree > 0)
