"""Arrays of the chunks to one Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn import results
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.time_grid import BARRIER, BIN, dead_time
from popdyn.neurons import MODELS

Arrays = dict[str, NDArray[Any]]
Places = Sequence[tuple[int, int, int]]


def dataset(decided: Job, chunks: list[Arrays], places: Places) -> xr.Dataset:
    """rate from the counts between bin edges, V_mean and w_mean at bin centres, all per group of neurons.

    `places`: Brian2 group, first neuron there and block size of each population.
    """
    populations = list(decided.network.populations.values())
    rate, V, w = [], [], []
    for index, population in enumerate(populations):
        size = decided.block_size(population.name)
        counts, V_sum, w_sum = _samples(decided, chunks, index)
        counts = counts[:, 0::2]
        rate.append(np.diff(counts, axis=1) / (size * BIN))
        V.append(V_sum[:, 1::2] / size)
        has_w = MODELS[population.neuron.model].has_w
        sums = w_sum[:, 1::2]
        w.append(sums / size if has_w else np.full_like(sums, np.nan))
    any_w = any(MODELS[population.neuron.model].has_w for population in populations)
    made = results.make_dataset(
        decided.grid.centres(),
        list(decided.network.populations),
        np.stack(rate, axis=-1),
        np.stack(V, axis=-1),
        np.stack(w, axis=-1) if any_w else None,
        attrs=attributes(decided),
    )
    return _with_traces(decided, chunks[0], _with_spikes(decided, chunks, made, places))


def attributes(decided: Job) -> dict[str, Any]:
    """What was done; nothing that changes from run to run."""
    document = decided.document()
    hard = [name for name, p in decided.network.populations.items() if MODELS[p.neuron.model].hard_threshold]
    unequal = {} if decided.plain else {"stratified": decided.stratified, "whole_networks": decided.coupled}
    return unequal | {
        "rung": "spiking",
        "spec_hash": decided.network.spec_hash,
        "protocol": decided.protocol.name,
        "bin": BIN,
        "dt": decided.dt,
        "seed": str(decided.seed),
        "backend": decided.backend,
        "method": decided.method,
        "neurons": {name: decided.groups * decided.block_size(name) for name in decided.network.populations},
        "dead_time": {name: dead_time(p, decided.dt) for name, p in decided.network.populations.items()},
        "barrier_shift": dict.fromkeys(hard, f"{BARRIER} sigma(t) sqrt(dt)"),
        "versions": document["versions"],
        "semantics": document["semantics"],
    }


def _samples(decided: Job, chunks: list[Arrays], index: int) -> NDArray[np.float64]:
    """(spikes V w, group, sample) of a population, samples every half bin from the first edge on."""
    samples, own = 2 * decided.grid.bins + 1, slice(index * decided.blocks, (index + 1) * decided.blocks)
    populations = len(decided.network.populations)
    blocks = [chunk["record"].reshape(-1, populations * decided.blocks, 3)[:samples, own] for chunk in chunks]
    return np.concatenate(blocks, axis=1).transpose(2, 1, 0)


def _with_spikes(decided: Job, chunks: list[Arrays], made: xr.Dataset, places: Places) -> xr.Dataset:
    for name, (group, first, size) in zip(decided.network.populations, places, strict=True):
        if name not in decided.record.spikes:
            continue
        per_chunk = decided.blocks * size
        steps, nodes = [], []
        for k, chunk in enumerate(chunks):
            node = chunk[f"spikes{group}.i"].astype(np.int64) - first
            own = (node >= 0) & (node < per_chunk)
            steps.append(np.round(chunk[f"spikes{group}.t"][own] / decided.dt))
            nodes.append(node[own] + k * per_chunk)
        times = decided.grid.start + (np.concatenate(steps) + 1) * decided.dt
        made = results.with_spikes(made, name, times, np.concatenate(nodes))
    return made


def _with_traces(decided: Job, chunk: Arrays, made: xr.Dataset) -> xr.Dataset:
    """V_trace_E, w_trace_E (time, neuron_E): the first neurons of each population, at the bin centres."""
    samples = 2 * decided.grid.bins + 1
    rows = chunk["traces"].reshape(samples, -1) if decided.record.traces else np.empty((samples, 0))
    column = 0
    for name, population in decided.network.populations.items():
        neurons = min(decided.record.traces, decided.blocks * decided.block_size(name))
        dimension = f"neuron_{name}" if decided.plain else f"traced_{name}"
        has_w = MODELS[population.neuron.model].has_w
        for variable, unit in (("V", "V"), ("w", "A"))[: 1 + has_w if neurons else 0]:
            values = rows[1::2, column : column + neurons][: decided.grid.bins]
            made = made.assign({f"{variable}_trace_{name}": (("time", dimension), values, {"units": unit})})
            column += neurons
    return made
