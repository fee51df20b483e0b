"""Arrays of the chunks to one Dataset."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn import results
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.time_grid import BARRIER, BIN
from popdyn.neurons import MODELS

Arrays = dict[str, NDArray[Any]]


def dataset(decided: Job, chunks: list[Arrays]) -> xr.Dataset:
    """rate from the counts between bin edges, V_mean and w_mean at bin centres, all per group of neurons."""
    populations = list(decided.network.populations.values())
    rate, V, w = [], [], []
    for index, population in enumerate(populations):
        size = decided.block_size(population.name)
        counts, V_sum, w_sum = _samples(decided, chunks, index)
        counts = counts[:, 0::2]
        rate.append(np.diff(counts, axis=1) / (size * BIN))
        V.append(V_sum[:, 1::2] / size)
        adapts = MODELS[population.neuron.model].adaptation
        sums = w_sum[:, 1::2]
        w.append(sums / size if adapts else np.full_like(sums, np.nan))
    any_w = any(MODELS[population.neuron.model].adaptation for population in populations)
    made = results.make_dataset(
        decided.grid.centres(),
        list(decided.network.populations),
        np.stack(rate, axis=-1),
        np.stack(V, axis=-1),
        np.stack(w, axis=-1) if any_w else None,
        attrs=attributes(decided),
    )
    return _with_traces(decided, chunks[0], _with_spikes(decided, chunks, made))


def attributes(decided: Job) -> dict[str, Any]:
    """What was done; nothing that changes from run to run."""
    document = decided.document()
    hard = [name for name, p in decided.network.populations.items() if MODELS[p.neuron.model].hard_threshold]
    return {
        "rung": "spiking",
        "spec_hash": decided.network.spec_hash,
        "protocol": decided.protocol.name,
        "bin": BIN,
        "dt": decided.dt,
        "seed": str(decided.seed),
        "backend": decided.backend,
        "method": decided.method,
        "neurons": {name: decided.groups * decided.block_size(name) for name in decided.network.populations},
        "dead_time": {
            name: round(p.neuron.parameters["t_ref"] / decided.dt) * decided.dt
            for name, p in decided.network.populations.items()
        },
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


def _with_spikes(decided: Job, chunks: list[Arrays], made: xr.Dataset) -> xr.Dataset:
    for index, name in enumerate(decided.network.populations):
        if name not in decided.record.spikes:
            continue
        per_chunk = decided.blocks * decided.block_size(name)
        nodes = np.concatenate([chunk[f"s{index}.i"] + k * per_chunk for k, chunk in enumerate(chunks)])
        steps = np.concatenate([np.round(chunk[f"s{index}.t"] / decided.dt) for chunk in chunks])
        made = results.with_spikes(made, name, decided.grid.start + (steps + 1) * decided.dt, nodes)
    return made


def _with_traces(decided: Job, chunk: Arrays, made: xr.Dataset) -> xr.Dataset:
    """V_trace_E, w_trace_E (time, neuron_E): the first neurons of each population, at the bin centres."""
    for index, name in enumerate(decided.network.populations):
        for variable, unit in (("V", "V"), ("w", "A")):
            values = chunk.get(f"v{index}.{variable}")
            if values is None:
                continue
            neurons = min(decided.record.traces, decided.blocks * decided.block_size(name))
            sampled = values.reshape(-1, neurons)[1::2][: decided.grid.bins]
            made = made.assign({f"{variable}_trace_{name}": (("time", f"neuron_{name}"), sampled, {"units": unit})})
    return made
