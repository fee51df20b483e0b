"""Run a job of a network with connections or spread parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from popdyn.ground_truth import assemble, assemble_neurons, chunk_edges, coupled_chunk, launch, standalone
from popdyn.ground_truth.coupled_chunk import CoupledChunk
from popdyn.ground_truth.coupled_drive import Drives, Number, Source
from popdyn.ground_truth.coupled_text import coupled_text
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.tasks import Perform, Progress, Task, run_tasks
from popdyn.neurons import MODELS

Arrays = dict[str, Any]
SourcesOf = Callable[[int], Mapping[str, Sequence[Source]]]


def simulated(
    job: Job, drives: Drives, scratch: Path, workers: int, progress: Progress | None, sources: SourcesOf | None = None,
    *, perform: Perform = run_tasks,
) -> xr.Dataset:  # fmt: skip
    """The result of a job; `sources` gives the Poisson sources of a chunk, None: those of the spec."""
    of_chunk = sources or (lambda _number: drives.poisson)
    chunks = [CoupledChunk(drives, number, of_chunk(number)) for number in range(job.chunks)]
    described = coupled_chunk.structure(chunks[0], chunk_edges.weighted(drives.plan))
    if job.backend == "cpp_standalone":
        program = standalone.program(described, scratch, progress)
        launch.write_drive(job, scratch, drives.rows)
        tasks = [_compiled(chunk, described, scratch, program) for chunk in chunks]
        perform(tasks, workers, progress, launch.SIMULATING)
        layout = standalone.layout(program)
        found = [standalone.outputs(task.directory, layout) for task in tasks]
    else:
        document = {"structure": described}
        tasks = [
            launch.in_python(job, scratch, chunk.number, document, partial(_arrays, chunk, described))
            for chunk in chunks
        ]
        perform(tasks, workers, progress, launch.SIMULATING)
        found = [dict(np.load(task.directory / "result.npz", allow_pickle=False)) for task in tasks]
    return assemble_neurons.with_neurons(assemble.dataset(job, found, described["places"]), chunks, found)


def _compiled(chunk: CoupledChunk, described: dict[str, Any], scratch: Path, program: Path) -> Task:
    directory = scratch / f"chunk-{chunk.number}"
    numbers = _numbers(chunk, described)
    arguments = [
        f"{name}={f'{name}.bin' if isinstance(value, np.ndarray) else repr(value)}" for name, value in numbers.items()
    ]

    def prepare() -> None:
        for name, value in numbers.items():
            if isinstance(value, np.ndarray):
                value.tofile(directory / f"{name}.bin")
        chunk_edges.write(chunk, directory)

    arguments += chunk_edges.arguments(chunk)
    return launch.standalone_task(chunk.job, scratch, chunk.number, program, arguments, prepare, chunk_edges.BULKY)


def _numbers(chunk: CoupledChunk, described: dict[str, Any]) -> dict[str, Number | int]:
    """g0.V_th, ...: numbers of the groups' parameters and their initial values."""
    found: dict[str, Any] = {}
    for number, (group, values) in enumerate(zip(chunk.drives.plan.groups, chunk.groups(), strict=True)):
        text = coupled_text(described["groups"][number])
        for name in text.parameters:
            value = values[name]
            found[f"g{number}.{name}"] = np.asarray(value, float) if isinstance(value, np.ndarray) else float(value)
        for name in text.integers:
            value = values[name]
            found[f"g{number}.{name}"] = np.asarray(value, np.int32) if isinstance(value, np.ndarray) else int(value)
        V, w = chunk.initial(group, values)
        found[f"g{number}.V"] = V
        if MODELS[group.model].escape:
            found[f"g{number}.patience"] = chunk.patience(group)
        found[f"g{number}.last_spike"] = -1.0
        if "tau_w" in values:
            found[f"g{number}.w"] = w
    return found


def _arrays(chunk: CoupledChunk, described: dict[str, Any]) -> Arrays:
    """Everything in_python.coupled sets."""
    rows = chunk.drives.rows
    steps = max(len(row) for row in rows)
    found: Arrays = _numbers(chunk, described)
    found["table"] = np.stack([np.broadcast_to(row, steps) for row in rows], axis=1)
    for number, projection in enumerate(chunk.drives.plan.projections):
        edges = chunk_edges.arrays(chunk, number)
        found |= {f"offsets_{number}": edges["offsets"], f"targets_{number}": edges["targets"]}
        found |= {f"s{number}.jump": edges["jump"], f"s{number}.delay": edges["delay"]}
        found |= {f"s{number}.{name}": value for name, value in projection.constants}
        if projection.kind == "tsodyks_markram":
            found[f"s{number}.x"] = 1.0
    return found
