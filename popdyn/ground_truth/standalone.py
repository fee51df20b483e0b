"""C++ standalone programs: compiled once per model and compiler, kept in the user's cache, numbers from files."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.ground_truth import coupled_text, cpp_source, model_text, private, synapse_text
from popdyn.ground_truth.cost import compiler
from popdyn.ground_truth.tasks import Progress, Task, run_tasks

PROGRAM_FORMAT = 2


def program(structure: dict[str, Any], scratch: Path, progress: Progress | None) -> Path:
    """Directory with `main` and `layout.json` for a structure: from the cache, or compiled now."""
    cached = private.cache_directory("programs") / _key(structure)
    if _whole(cached):
        return cached
    directory = scratch / "compile"
    private.prepare(directory)
    (directory / "chunk.json").write_text(json.dumps({"structure": structure, "gcc": _is_gcc()}))
    command = (sys.executable, "-P", "-m", "popdyn.ground_truth.worker", "compile")
    task = Task(command, directory, private.environment(directory))
    if progress is not None:
        progress(0.0, "compiling the simulation (about 20 s, once for this model and size)")
    run_tasks([task], 1, progress, "compiling the simulation, once for this model and size")
    return _keep(directory, cached)


def outputs(directory: Path, layout: dict[str, Any]) -> dict[str, NDArray[Any]]:
    """Recorded arrays of a finished run, flat."""
    results = directory / "results"
    sampled = {name: np.fromfile(results / f"{name}.bin", dtype=np.float64) for name in ("record", "traces")}
    return sampled | {
        name: np.fromfile(results / item["file"], dtype=np.dtype(item["type"]))
        for name, item in layout["outputs"].items()
    }


def layout(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "layout.json").read_text())
    return document


def _key(structure: dict[str, Any]) -> str:
    document = {
        "format": PROGRAM_FORMAT,
        "structure": structure,
        "texts": [repr(text) for text in _texts(structure)],
        "schemes": model_text.SCHEMES,
        "cpp": cpp_source.HEADER + cpp_source.SOURCE,
        "flags": cpp_source.FLAGS + ([] if structure["plain"] else cpp_source.GCC_FLAGS),
        "versions": {name: importlib.metadata.version(name) for name in ("brian2", "numpy", "popdyn")},
        "platform": _platform(),
    }
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def _texts(structure: dict[str, Any]) -> list[Any]:
    if not structure["plain"]:
        groups = [coupled_text.coupled_text(group) for group in structure["groups"]]
        return groups + [synapse_text.synapse_text(projection) for projection in structure["projections"]]
    return [
        model_text.group_text(index, p["model"], refractory=p["refractory"], noisy=p["noisy"], poisson=p["poisson"])
        for index, p in enumerate(structure["populations"])
    ]


@cache
def _is_gcc() -> bool:
    """Whether `g++` is the GNU compiler, as it is not where clang goes by that name."""
    found = compiler()
    return found is not None and "Free Software Foundation" in _version(found)


def _version(program: str) -> str:
    return subprocess.run([program, "--version"], capture_output=True, text=True).stdout


@cache
def _platform() -> str:
    """Compiler and processor: -march=native makes the program theirs alone."""
    found = compiler()
    version = _version(found) if found else ""
    flags = ""
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return "\n".join([platform.platform(), platform.processor(), flags, version])


def _whole(directory: Path) -> bool:
    """A cached program that is what its layout says; anything else is thrown away."""
    try:
        digest = hashlib.sha256((directory / "main").read_bytes()).hexdigest()
        if digest == layout(directory)["sha256"]:
            return True
    except (OSError, ValueError, KeyError):
        pass
    shutil.rmtree(directory, ignore_errors=True)
    return False


def _keep(built: Path, cached: Path) -> Path:
    staging = cached.parent / f".{cached.name}-{built.parent.name}"
    staging.mkdir(mode=0o700)
    for name in ("main", "layout.json"):
        shutil.copy2(built / name, staging / name)
    try:
        staging.rename(cached)
    except OSError:
        shutil.rmtree(staging, ignore_errors=True)
    if not _whole(cached):
        raise NumericsError(f"{cached}: the compiled program cannot be kept")
    return cached
