"""The engine that a command line asks for."""

from __future__ import annotations

from pathlib import Path

from popdyn.batch.engines import Engine
from popdyn.errors import UsageError
from popdyn.ground_truth.simulation import cores
from popdyn.store import Store
from popdyn.workflows.campaign import open_campaign_file

QUEUED = 200
"""SLURM jobs in the queue at a time."""


def chosen_engine(
    path: Path, dask: str | None, submitit: str | None, *, insecure: bool, workers: int | None,
    store: str | Path | None,
) -> Engine | None:  # fmt: skip
    """A Dask cluster at an address, or submitit; None: this machine's cores."""
    if dask is not None and submitit is not None:
        raise UsageError("--dask, --submitit: got both; allowed: one of them")
    if dask is not None:
        from popdyn.batch.dask_engine import connect

        return connect(dask, insecure=insecure, workers=workers or cores())
    if submitit is not None:
        from popdyn.batch.submitit_engine import CLUSTERS, SubmititEngine

        if submitit not in CLUSTERS:
            raise UsageError(f"--submitit: got {submitit!r}; allowed: {', '.join(CLUSTERS)}")
        folder = open_campaign_file(path).folder(Store(store).root) / "submitit"
        return SubmititEngine(submitit, folder, workers or (QUEUED if submitit == "slurm" else cores()))
    return None
