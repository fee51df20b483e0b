"""The ground truth of a spec under a protocol: from a file, from the store, or simulated and stored."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import xarray as xr

from popdyn.errors import IntegrityError, UsageError
from popdyn.results import open_dataset, save
from popdyn.spec import Network
from popdyn.store import Store, job_key

if TYPE_CHECKING:
    from popdyn.ground_truth import Job

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Truth:
    """A ground-truth dataset, where it lies, its key, and what it cost this time (0 when it was there already)."""

    dataset: xr.Dataset
    path: Path
    key: str
    cpu_s: float
    wall_s: float
    reused: bool


def from_file(path: str | Path, network: Network, protocol: str) -> Truth:
    """A truth computed before.

    Raises UsageError where it belongs to another network or protocol.
    """
    dataset = open_dataset(path)
    missing = [name for name in network.populations if name not in dataset["population"].values]
    if missing:
        raise UsageError(f"--truth: {path} has no population {', '.join(missing)}")
    if dataset.attrs.get("protocol") != protocol:
        raise UsageError(f"--truth: {path} is of protocol {dataset.attrs.get('protocol')!r}; wanted: {protocol!r}")
    return Truth(dataset, Path(path), str(dataset.attrs.get("key", "")), 0.0, 0.0, True)


def simulate_truth(
    network: Network, protocol: str, *, seed: int = 0, dt: float | None = None, backend: str | None = None,
    store: str | Path | None = None, progress: Progress | None = None, workers: int | None = None,
) -> Truth:  # fmt: skip
    """Find the truth in the store, or simulate the spiking network, by so many workers, and publish it there."""
    from popdyn.ground_truth import run

    decided = truth_job(network, protocol, seed=seed, dt=dt, backend=backend)
    document = decided.document()
    key, shelf = job_key(document), Store(store)
    cost: dict[str, float] = {}

    def work(folder: Path) -> None:
        began, before = time.perf_counter(), children_cpu()
        save(run(decided, progress=progress, workers=workers), folder / "result.h5")
        cost.update(cpu_s=children_cpu() - before, wall_s=time.perf_counter() - began)

    def damaged(error: IntegrityError) -> None:
        if progress is not None:
            progress(0.0, str(error))

    place = shelf.obtain(key, work, {"job": document, "labels": {"spec": network.name}}, damaged) / "result.h5"
    dataset = open_dataset(place, ours=True)
    return Truth(dataset, place, key, cost.get("cpu_s", 0.0), cost.get("wall_s", 0.0), not cost)


def truth_job(
    network: Network, protocol: str, *, seed: int = 0, dt: float | None = None, backend: str | None = None
) -> Job:  # fmt: skip
    """Independent groups of neurons, or whole networks where there are connections; spread parameters in strata."""
    from popdyn.ground_truth import job

    split = True if any(p.spread for p in network.populations.values()) else None
    return job(network, protocol, seed=seed, dt=dt, backend=backend, stratified=split)


def children_cpu() -> float:
    """CPU seconds of the worker processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
