"""Tasks of a job: a private directory per chunk, with its files."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.ground_truth import private, seeds
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.tasks import Task

SIMULATING = "simulating the spiking network"
Arrays = dict[str, Any]


def in_python(job: Job, scratch: Path, chunk: int, document: dict[str, Any], arrays: Callable[[], Arrays]) -> Task:
    """A chunk for Brian2's numpy or cython target; `arrays` are made just before it starts."""
    directory = scratch / f"chunk-{chunk}"
    private.prepare(directory)
    own = document | {
        "backend": job.backend,
        "dt": job.dt,
        "steps": job.grid.steps,
        "cache": str(private.cache_directory("cython")) if job.backend == "cython" else "",
        "seed": seeds.word32(job.seed, seeds.NOISE, chunk),
    }
    (directory / "chunk.json").write_text(json.dumps(own))
    command = (sys.executable, "-P", "-m", "popdyn.ground_truth.worker", "run")

    def prepare() -> None:
        np.savez(directory / "arrays.npz", **arrays())

    return Task(command, directory, private.environment(directory), prepare, "arrays.npz", _simulate)


def _simulate() -> None:
    from popdyn.ground_truth.worker import run_chunk

    run_chunk()


def standalone_task(
    job: Job,
    scratch: Path,
    chunk: int,
    program: Path,
    arguments: Sequence[str],
    prepare: Callable[[], None] | None = None,
    bulky: str = "",
) -> Task:
    """A chunk for the compiled program."""
    directory = scratch / f"chunk-{chunk}"
    private.prepare(directory)
    (directory / "results").mkdir()
    np.array(seeds.words64(job.seed, seeds.NOISE, chunk), dtype=np.uint64).tofile(directory / "seed.bin")
    command = (str(program / "main"), "--results_dir", "results/", *arguments)
    return Task(command, directory, private.environment(directory), prepare, bulky)


def write_drive(job: Job, scratch: Path, rows: Sequence[NDArray[np.float64]]) -> None:
    """drive.bin, as cpp_source reads it."""
    parts = [np.array([job.dt, job.grid.steps, len(rows)])]
    for row in rows:
        parts += [np.array([len(row)]), row]
    np.concatenate(parts).astype(np.float64).tofile(scratch / "drive.bin")
