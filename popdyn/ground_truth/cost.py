"""Which backend a job takes, by what it would cost. The choice is part of the result's key, so it reads only the job
and whether a compiler is there, never the state of a cache.

Measured by `python benchmarks/ground_truth_backends.py` (AdEx, Heun steps, one core).
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from popdyn.errors import ResourceError, UsageError


@dataclass(frozen=True)
class Cost:
    """CPU seconds: `start` once per job, `step` per time step and chunk, `neuron` per neuron and time step.

    `chunked`: cheap enough per step that every group of neurons runs alone (in cache, on any number of cores).
    """

    start: float
    step: float
    neuron: float
    chunked: bool


COSTS = {
    "numpy": Cost(start=3.0, step=350e-6, neuron=60e-9, chunked=False),
    "cython": Cost(start=35.0, step=150e-6, neuron=30e-9, chunked=False),
    "cpp_standalone": Cost(start=16.0, step=1e-6, neuron=10e-9, chunked=True),
}


def chunks_of(backend: str, groups: int) -> int:
    """Parts that are simulated independently: every group, or two halves where steps are dear."""
    return groups if COSTS[backend].chunked else 2


def estimate(backend: str, neurons: int, steps: int, groups: int) -> float:
    """CPU seconds of a job from a cold compile cache."""
    cost = COSTS[backend]
    return cost.start + steps * (chunks_of(backend, groups) * cost.step + neurons * cost.neuron)


def compiler() -> str | None:
    return shutil.which("g++") or shutil.which("clang++")


def choose_backend(wanted: str | None, neurons: int, steps: int, groups: int) -> str:
    """The cheapest backend that this machine can run, or the wanted one."""
    if wanted is not None and wanted not in COSTS:
        raise UsageError(f"backend: got {wanted!r}; allowed: {', '.join(COSTS)}")
    if wanted in ("cython", "cpp_standalone") and compiler() is None:
        raise ResourceError(f"backend {wanted}: no C++ compiler (g++ or clang++) on the path; use backend 'numpy'")
    if wanted is not None:
        return wanted
    possible = list(COSTS) if compiler() else ["numpy"]
    return min(possible, key=lambda backend: estimate(backend, neurons, steps, groups))
