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
    """CPU seconds: `start` once per chunk, `step` per time step and chunk, `neuron` per neuron and time step.

    `compile` once per job. `chunked`: starts and steps cost so little that every group of neurons runs alone, in cache.
    """

    compile: float

    start: float
    step: float
    neuron: float
    chunked: bool


COSTS = {
    "numpy": Cost(compile=0.0, start=4.4, step=95e-6, neuron=46e-9, chunked=False),
    "cython": Cost(compile=39.0, start=4.1, step=1.4e-6, neuron=54e-9, chunked=False),
    "cpp_standalone": Cost(compile=17.0, start=0.02, step=1.2e-6, neuron=11e-9, chunked=True),
}


HALVES_FROM = 10.0
"""CPU seconds from which two halves on two cores are worth a second start of Brian2."""


def chunks_of(backend: str, neurons: int, steps: int, groups: int, alone: bool = False) -> int:
    """Parts that are simulated independently: every group (`alone`: always), or two halves, or all at once."""
    cost = COSTS[backend]
    if cost.chunked or alone:
        return groups
    return 2 if groups % 2 == 0 and steps * (cost.step + neurons * cost.neuron) > HALVES_FROM else 1


def estimate(backend: str, neurons: int, steps: int, groups: int, alone: bool = False) -> float:
    """CPU seconds of a job from a cold compile cache; `neurons` of all groups together."""
    cost = COSTS[backend]
    chunks = chunks_of(backend, neurons, steps, groups, alone)
    return cost.compile + chunks * (cost.start + steps * cost.step) + steps * neurons * cost.neuron


def compiler() -> str | None:
    return shutil.which("g++") or shutil.which("clang++")


def choose_backend(wanted: str | None, neurons: int, steps: int, groups: int, alone: bool = False) -> str:
    """The cheapest backend that this machine can run, or the wanted one."""
    if wanted is not None and wanted not in COSTS:
        raise UsageError(f"backend: got {wanted!r}; allowed: {', '.join(COSTS)}")
    if wanted in ("cython", "cpp_standalone") and compiler() is None:
        raise ResourceError(f"backend {wanted}: no C++ compiler (g++ or clang++) on the path; use backend 'numpy'")
    if wanted is not None:
        return wanted
    possible = list(COSTS) if compiler() else ["numpy"]
    return min(possible, key=lambda backend: estimate(backend, neurons, steps, groups, alone))
