"""Run a job of the truth in worker processes and gather its result."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.ground_truth import assemble, private, seeds, standalone
from popdyn.ground_truth.chunk import Drive, check_barrier, drives, initial, parameters, structure
from popdyn.ground_truth.jobs import Job, Record, job
from popdyn.ground_truth.tasks import Progress, Task, run_tasks
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
    groups: int = 10,
    record: Record | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """The spiking network itself under a protocol, by Brian2: (run, time, population) with `groups` runs.

    The runs are disjoint blocks of independent neurons of equal size. Same job, same result, whatever `workers` is.

    Parameters
    ----------
    protocol : its name in the spec, or a Protocol
    dt : step [s]; None: chosen by the neuron models, see `job`
    workers : processes at once; None: one per core
    progress : called with (fraction, message) at least every 5 s

    Valid when the step's bias is small against the tolerance: `check_dt` measures it.
    """
    decided = job(network, protocol, seed=seed, dt=dt, backend=backend, method=method, groups=groups, record=record)
    return run(decided, workers=workers, progress=progress)


def run(decided: Job, *, workers: int | None = None, progress: Progress | None = None) -> xr.Dataset:
    """Do a job; see `simulate`. Ctrl-C ends all workers and leaves nothing."""
    by_population = drives(decided)
    check_barrier(decided, by_population)
    workers = workers or _cores()
    with tempfile.TemporaryDirectory(prefix="popdyn-") as name:
        scratch = Path(name)
        runner = _run_standalone if decided.backend == "cpp_standalone" else _run_in_python
        chunks = runner(decided, by_population, scratch, workers, progress)
        return assemble.dataset(decided, chunks)


def _cores() -> int:
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
    decided: Job, by_population: dict[str, Drive], scratch: Path, workers: int, progress: Progress | None
) -> list[Arrays]:
    cache = str(private.cache_directory("cython")) if decided.backend == "cython" else ""
    document = {
        "structure": structure(decided),
        "parameters": [parameters(decided, population) for population in decided.network.populations.values()],
        "backend": decided.backend,
        "dt": decided.dt,
        "steps": decided.grid.steps,
        "cache": cache,
    }
    tasks = []
    for chunk in range(decided.chunks):
        directory = scratch / f"chunk-{chunk}"
        private.prepare(directory)
        arrays = _initial(decided, chunk)
        for index, driven in enumerate(by_population.values()):
            arrays |= {f"mu_drive_{index}": driven.mu, f"sigma_drive_{index}": driven.sigma}
        np.savez(directory / "arrays.npz", **arrays)  # type: ignore[arg-type]
        own = document | {"seed": seeds.word32(decided.seed, seeds.NOISE, chunk)}
        (directory / "chunk.json").write_text(json.dumps(own))
        command = (sys.executable, "-P", "-m", "popdyn.ground_truth.worker", "run")
        tasks.append(Task(command, directory, private.environment(directory)))
    run_tasks(tasks, workers, progress, "simulating the spiking network")
    return [dict(np.load(task.directory / "result.npz", allow_pickle=False)) for task in tasks]


def _run_standalone(
    decided: Job, by_population: dict[str, Drive], scratch: Path, workers: int, progress: Progress | None
) -> list[Arrays]:
    program = standalone.program(structure(decided), scratch, progress)
    rows = [values for driven in by_population.values() for values in (driven.mu, driven.sigma)]
    common = [np.array([decided.dt, decided.grid.steps, len(rows)])]
    for row in rows:
        common += [np.array([len(row)]), row]
    shared = scratch / "drive.bin"
    np.concatenate(common).astype(np.float64).tofile(shared)
    arguments = _arguments(decided)
    tasks = []
    for chunk in range(decided.chunks):
        directory = scratch / f"chunk-{chunk}"
        private.prepare(directory)
        (directory / "results").mkdir()
        np.array(seeds.words64(decided.seed, seeds.NOISE, chunk), dtype=np.uint64).tofile(directory / "seed.bin")
        for name, values in _initial(decided, chunk).items():
            values.tofile(directory / f"{name}.bin")
        command = (str(program / "main"), "--results_dir", "results/", *arguments)
        tasks.append(Task(command, directory, private.environment(directory)))
    run_tasks(tasks, workers, progress, "simulating the spiking network")
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
