"""The jobs of a campaign: keys, costs, and what workers are handed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from popdyn.batch import truth as truth_worker
from popdyn.batch.task import Task
from popdyn.batch.unit import Limits
from popdyn.ground_truth import Job, Record, job
from popdyn.ground_truth.cost import COSTS, estimate
from popdyn.ground_truth.memory import needed
from popdyn.ground_truth.written import write_job
from popdyn.spec import to_dict
from popdyn.store import job_key
from popdyn.workflows.campaign import Campaign, Cell, Index
from popdyn.workflows.conversion_job import conversion_job

CONVERT_MODULE = "popdyn.workflows.convert_worker"
LEAST_MEMORY, LEAST_TIME = 2 << 30, 600.0
SPARE_MEMORY, SPARE_TIME = 3.0, 20.0
DERIVING = 15.0
"""CPU seconds of a conversion without its truth."""
DERIVING_MEMORY = 1 << 30
BRIAN2_MEMORY = 40 << 20
"""Of a small network in Brian2, beyond its imports: measured in the receipts of the example."""
WORKER_START = {"numpy": 2.1, "cython": 2.1, "cpp_standalone": 0.8, "convert": 2.5}
"""CPU seconds until a worker has its imports (benchmarks/batch_overhead.py)."""


@dataclass(frozen=True)
class Planned:
    """One job with what it is expected to cost; `disk` and `memory` in bytes."""

    index: Index
    task: Task
    disk: int
    memory: int

    @property
    def key(self) -> str:
        return self.task.key


def worker_of(campaign: Campaign) -> str:
    """The module of the worker processes."""
    return CONVERT_MODULE if campaign.file.do == "convert" else truth_worker.MODULE


def planned_jobs(campaign: Campaign) -> list[Planned]:
    """Every job in the order of the cells. Cells that ask for the same are one job."""
    plan: Callable[[Campaign, Cell], Planned] = _conversion if campaign.file.do == "convert" else _truth
    return [plan(campaign, cell) for cell in campaign.cells()]


def decided_truth(campaign: Campaign, cell: Cell) -> Job:
    """The truth of a cell, exactly as `popdyn simulate --rung spiking` decides it unless the file says otherwise."""
    options = campaign.file.truth
    split = True if any(p.spread for p in cell.network.populations.values()) else None
    return job(
        cell.network, cell.protocol, seed=cell.seed, dt=options.get("dt"), backend=options.get("backend"),
        method=options.get("method", "heun"), groups=options.get("groups"), stratified=split,
        record=Record(options.get("spikes", ()), options.get("traces", 0)),
    )  # fmt: skip


def _truth(campaign: Campaign, cell: Cell) -> Planned:
    decided = decided_truth(campaign, cell)
    document = decided.document()
    key = job_key(document)
    compile_s = COSTS[decided.backend].compile
    cpu_s = max(0.05, job_cost(decided) - compile_s)
    memory = BRIAN2_MEMORY + sum(needed(decided))
    return Planned(
        cell.index,
        Task(
            key, partial(_truth_work, campaign, cell.index, key), _limits(campaign, memory, cpu_s + compile_s), cpu_s,
            WORKER_START[decided.backend], _warm(decided, document) if compile_s else "",
        ),
        disk_bytes(decided), memory,
    )  # fmt: skip


def _truth_work(campaign: Campaign, index: Index, key: str) -> Mapping[str, Any]:
    return write_job(decided_truth(campaign, campaign.cell(index))) | {"key": key}


def job_cost(decided: Job) -> float:
    """CPU seconds of a job from a cold compile cache, without the start of its worker."""
    neurons = sum(population.size for population in decided.network.populations.values())
    neurons *= decided.groups if decided.coupled else 1
    whole = estimate(decided.backend, neurons, decided.grid.steps, decided.groups, alone=decided.coupled)
    return whole - (WORKER_START[decided.backend] if COSTS[decided.backend].start > 1 else 0.0)


def disk_bytes(decided: Job) -> int:
    """Of result.h5 and its manifest: three traces of noise compress to about 0.7 of 8 bytes."""
    traces = 3 * decided.groups * decided.grid.bins * len(decided.network.populations)
    own = 2 * decided.record.traces * decided.grid.bins * len(decided.network.populations)
    return 40_000 + int(0.7 * 8 * (traces + own))


def _limits(campaign: Campaign, memory: int, cpu_s: float) -> Limits:
    asked_memory, asked_time = campaign.file.memory, campaign.file.time
    return Limits(
        int(asked_memory or max(LEAST_MEMORY, SPARE_MEMORY * memory)),
        asked_time or float(math.ceil(max(LEAST_TIME, SPARE_TIME * cpu_s))),
    )


def _warm(decided: Job, document: Mapping[str, Any]) -> str:
    """A word for what is compiled: the job with its numbers' signs in the place of the numbers."""
    return job_key({"backend": decided.backend, "like": _signs(document["spec"]), "protocol": decided.protocol.name})


def _signs(value: Any) -> Any:
    if isinstance(value, float):
        return "+" if value > 0 else "-" if value < 0 else "0"
    if isinstance(value, Mapping):
        return {name: _signs(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_signs(one) for one in value]
    return value


def _conversion(campaign: Campaign, cell: Cell) -> Planned:
    options = {key: value for key, value in campaign.file.convert.items() if value is not None}
    cpu_s, memory = DERIVING, DERIVING_MEMORY
    if options.get("truth", True):
        decided = decided_truth(campaign, cell)
        cpu_s += job_cost(decided)
        memory += sum(needed(decided))
    key = job_key(conversion_job(cell.network, cell.protocol, cell.seed, options))
    work = partial(_conversion_work, campaign, cell.index, {"key": key, "options": options})
    task = Task(key, work, _limits(campaign, memory, cpu_s), cpu_s, WORKER_START["convert"], "convert")
    return Planned(cell.index, task, 400_000, memory)


def _conversion_work(campaign: Campaign, index: Index, known: Mapping[str, Any]) -> Mapping[str, Any]:
    cell = campaign.cell(index)
    return {**known, "spec": to_dict(cell.network), "protocol": cell.protocol, "seed": str(cell.seed)}
