"""The ground truth of a spec under a protocol: from a file, from the store, or simulated and stored."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from popdyn.errors import IntegrityError, UsageError
from popdyn.results import open_dataset, save
from popdyn.spec import Network
from popdyn.store import Store, make_key

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


def default_store() -> Path:
    """$POPDYN_STORE, or popdyn_store/ here."""
    return Path(os.environ.get("POPDYN_STORE") or "popdyn_store")


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
    key, shelf = make_key(document), Store(store or default_store())
    try:
        found = shelf.find(key)
    except IntegrityError:  # damaged: it is in quarantine now, and is done again
        found = None
    if found is not None:
        return Truth(open_dataset(found / "result.h5"), found / "result.h5", key, 0.0, 0.0, True)
    began = time.perf_counter()
    dataset = run(decided, progress=progress)
    wall, cpu = time.perf_counter() - began, float(dataset.encoding.get("cpu_s", 0.0))
    manifest = {"job": document, "cpu_s": cpu, "wall_s": wall}
    place = shelf.publish(key, lambda folder: save(dataset, folder / "result.h5"), manifest)
    return Truth(dataset, place / "result.h5", key, cpu, wall, False)
