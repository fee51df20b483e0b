"""Run a job of the truth in worker processes and gather its result."""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.ground_truth import assemble, coupled, launch, standalone
from popdyn.ground_truth.chunk import Drive, check_barrier, drives, initial, parameters, structure
from popdyn.ground_truth.coupled_drive import Drives
from popdyn.ground_truth.jobs import Job, Record, job
from popdyn.ground_truth.memory import fitting_workers
from popdyn.ground_truth.tasks import Perform, Progress, run_tasks
from popdyn.spec import Network, Protocol

Arrays = dict[str, NDArray[Any]]


def simulate(
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
    workers: int | None = None,
    max_memory: float | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The spiking network itself under a protocol, by Brian2: (run, time, population), one run per group.

    The runs are disjoint blocks of independent neurons of equal size; of a network with connections, whole networks,
    each with its own synapses, drawn parameters and noise. Same job, same result, whatever `workers` is.

    Parameters
    ----------
    protocol : its name in the spec, or a Protocol
    dt : step [s]; None: chosen by the neuron models, see `job`
    workers : processes at once; None: one per core, fewer where memory is short
    max_memory : bytes that may be taken; None: 60 % of what is available
    progress : called with (fraction, message) at least every 5 s

    Valid when the step's bias is small against the tolerance: `check_dt` measures it.
    """
    decided = job(
        network, protocol, seed=seed, dt=dt, backend=backend, method=method, groups=groups, record=record,
        stratified=stratified,
    )  # fmt: skip
    return run(decided, workers=workers, max_memory=max_memory, progress=progress)


def run(
    decided: Job,
    *,
    workers: int | None = None,
    max_memory: float | None = None,
    progress: Progress | None = None,
    perform: Perform = run_tasks,
) -> xr.Dataset:
    """Do a job; see `simulate`. Ctrl-C ends all workers and leaves nothing. `perform`: how its chunks are run."""
    workers = fitting_workers(decided, workers or cores(), max_memory)
    with tempfile.TemporaryDirectory(prefix="popdyn-") as name:
        scratch = Path(name)
        if not decided.plain:
            return coupled.simulated(decided, Drives(decided), scratch, workers, progress, perform=perform)
        by_population = drives(decided)
        check_barrier(decided, by_population)
        runner = _run_standalone if decided.backend == "cpp_standalone" else _run_in_python
        chunks = runner(decided, by_population, scratch, workers, progress, perform)
        return assemble.dataset(decided, chunks, structure(decided)["places"])


def cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def _initial(decided: Job, chunk: int) -> Arrays:
    """V_0, w_0, V_1, ... of the blocks of a chunk."""
    arrays: Arrays = {}
    first = chunk * decided.blocks
    for index, population in enumerate(decided.network.populations.values()):
        parts = [initial(decided, population, block) for block in range(first, first + decided.blocks)]
        arrays[f"V_{index}"] = np.concatenate([V for V, _ in parts])
        arrays[f"w_{index}"] = np.concatenate([w for _, w in parts])
    return arrays


def _run_in_python(
    decided: Job,
    by_population: dict[str, Drive],
    scratch: Path,
    workers: int,
    progress: Progress | None,
    perform: Perform,
) -> list[Arrays]:
    document = {
        "structure": structure(decided),
        "parameters": [parameters(decided, population) for population in decided.network.populations.values()],
    }
    tasks = []
    for chunk in range(decided.chunks):
        tasks.append(
            launch.in_python(decided, scratch, chunk, document, partial(_arrays, decided, by_population, chunk))
        )
    perform(tasks, workers, progress, launch.SIMULATING)
    return [dict(np.load(task.directory / "result.npz", allow_pickle=False)) for task in tasks]


def _arrays(decided: Job, by_population: dict[str, Drive], chunk: int) -> Arrays:
    arrays = _initial(decided, chunk)
    for index, driven in enumerate(by_population.values()):
        arrays |= {f"mu_drive_{index}": driven.mu, f"sigma_drive_{index}": driven.sigma}
    return arrays


def _run_standalone(
    decided: Job,
    by_population: dict[str, Drive],
    scratch: Path,
    workers: int,
    progress: Progress | None,
    perform: Perform,
) -> list[Arrays]:
    program = standalone.program(structure(decided), scratch, progress)
    launch.write_drive(decided, scratch, [row for one in by_population.values() for row in (one.mu, one.sigma)])
    arguments = _arguments(decided)
    tasks = []
    for chunk in range(decided.chunks):
        task = launch.standalone_task(decided, scratch, chunk, program, arguments)
        for name, values in _initial(decided, chunk).items():
            values.tofile(task.directory / f"{name}.bin")
        tasks.append(task)
    perform(tasks, workers, progress, launch.SIMULATING)
    described = standalone.layout(program)
    return [standalone.outputs(task.directory, described) for task in tasks]


def _arguments(decided: Job) -> list[str]:
    """Brian2's own way to give numbers to a compiled program: p0.C_m=2e-10, p0.V=V_0.bin."""
    arguments = []
    for index, population in enumerate(decided.network.populations.values()):
        values = parameters(decided, population)
        arguments += [f"p{index}.{name}={value!r}" for name, value in values.items()]
        arguments.append(f"p{index}.V=V_{index}.bin")
        if "tau_w" in values:
            arguments.append(f"p{index}.w=w_{index}.bin")
    return arguments
