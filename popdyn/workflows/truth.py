"""The ground truth of a spec under a protocol: from a file, from the store, or simulated and stored."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from popdyn.errors import IntegrityError, UsageError
from popdyn.results import open_dataset, save
from popdyn.spec import Network
from popdyn.store import Store, job_key

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
    store: str | Path | None = None, progress: Progress | None = None,
) -> Truth:  # fmt: skip
    """Find the truth in the store, or simulate the spiking network and publish it there."""
    from popdyn.ground_truth import job, run

    decided = job(network, protocol, seed=seed, dt=dt, backend=backend)
    document = decided.document()
    key, shelf = job_key(document), Store(store)
    cost: dict[str, float] = {}

    def work(folder: Path) -> None:
        began, before = time.perf_counter(), _children()
        save(run(decided, progress=progress), folder / "result.h5")
        cost.update(cpu_s=_children() - before, wall_s=time.perf_counter() - began)

    def damaged(error: IntegrityError) -> None:
        if progress is not None:
            progress(0.0, str(error))

    place = shelf.obtain(key, work, {"job": document}, damaged) / "result.h5"
    dataset = open_dataset(place)
    return Truth(dataset, place, key, cost.get("cpu_s", 0.0), cost.get("wall_s", 0.0), not cost)


def _children() -> float:
    """CPU seconds of the worker processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
