"""What is known of every neuron: its drawn parameters, its rate and the irregularity of its spikes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.ground_truth.coupled_chunk import CoupledChunk, places
from popdyn.neurons import MODELS

Array = NDArray[np.float64]
EQUAL = ("all_to_all", "one_to_one", "fixed_indegree")
"""Rules by which all neurons have the same number of synapses."""

FEWEST = 3
"""Spikes from which a coefficient of variation is given; nan for fewer."""


def with_neurons(made: xr.Dataset, chunks: Sequence[CoupledChunk], found: Sequence[dict[str, Any]]) -> xr.Dataset:
    """The result with neuron_rate_E [1/s], neuron_cv_E and the spread parameters, as V_th_E, (run, neuron_E)."""
    job = chunks[0].job
    variables: dict[str, tuple[tuple[str, str], Array, dict[str, str]]] = {}
    for name, place in zip(job.network.populations, places(chunks[0]), strict=True):
        dims = ("run", f"neuron_{name}")
        spikes, total, squares = (
            np.concatenate([_blocks(chunk, arrays, place, which) for chunk, arrays in zip(chunks, found, strict=True)])
            for which in ("scored_spikes", "interval_sum", "interval_squares")
        )
        variables[f"neuron_rate_{name}"] = (dims, spikes / job.protocol.duration, {"units": "1/s"})
        variables[f"neuron_cv_{name}"] = (dims, _irregularity(spikes, total, squares), {"units": "1"})
        for parameter in job.network.populations[name].spread:
            values = np.stack([block[parameter] for chunk in chunks for block in chunk.drawn[name]])
            unit = _unit(job.network.populations[name], parameter)
            variables[f"{parameter}_{name}"] = (dims, values, {"units": unit})
    return made.assign(variables | _indegrees(chunks))


def _indegrees(chunks: Sequence[CoupledChunk]) -> dict[str, Any]:
    """indegree_E_I (run, neuron_I): synapses of each neuron of I from E, where neurons differ in it."""
    found: dict[str, Any] = {}
    for number, connection in enumerate(chunks[0].job.network.connections):
        if connection.rule in EQUAL or any(number not in chunk.indegrees for chunk in chunks):
            continue
        name = f"indegree_{connection.pre}_{connection.post}"
        counts = np.stack([chunk.indegrees[number] for chunk in chunks]).astype(np.int32)
        before = found[name][1] if name in found else 0
        found[name] = (("run", f"neuron_{connection.post}"), before + counts, {"units": "1"})
    return found


def _blocks(chunk: CoupledChunk, arrays: dict[str, Any], place: tuple[int, int, int], which: str) -> Array:
    group, first, size = place
    blocks = chunk.job.blocks
    values = np.asarray(arrays[f"g{group}.{which}"], dtype=np.float64)
    return values[first : first + blocks * size].reshape(blocks, size)


def _irregularity(spikes: Array, total: Array, squares: Array) -> Array:
    """Coefficient of variation of the intervals that lie within the scored time."""
    enough = spikes >= FEWEST
    count = np.where(enough, spikes - 1, np.nan)
    mean = total / count
    variance = (squares / count - mean**2) * count / np.maximum(count - 1, 1)
    return np.asarray(np.sqrt(np.maximum(variance, 0)) / mean)


def _unit(population: Any, parameter: str) -> str:
    own = {"mu": "V/s", "sigma": "V/sqrt(s)"}
    return own.get(parameter) or MODELS[population.neuron.model].parameter(parameter).unit
