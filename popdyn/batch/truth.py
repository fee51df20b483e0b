"""Jobs of the truth: `python -P -m popdyn.batch.truth` is their worker process.

It reads resolved JSON; Brian2 is imported once for all jobs of a unit, by the process that they are forks of.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popdyn.batch.unit import Unit
from popdyn.batch.worker import serve
from popdyn.errors import NumericsError
from popdyn.ground_truth import run
from popdyn.ground_truth.inside import run_inside
from popdyn.ground_truth.written import read_job
from popdyn.results import save
from popdyn.store import job_key

MODULE = "popdyn.batch.truth"
IN_PYTHON = ("numpy", "cython")


def prepare(unit: Unit) -> None:
    """Import what the jobs of a unit share."""
    if any(order.work["backend"] in IN_PYTHON for order in unit.orders):
        for name in ("brian2", "popdyn.ground_truth.in_python", "popdyn.ground_truth.recorder"):
            importlib.import_module(name)


def perform(work: Mapping[str, Any], folder: Path, memory: int) -> Mapping[str, Any]:
    """Simulate the job that `work` describes into result.h5."""
    decided = read_job({name: value for name, value in work.items() if name != "key"})
    document = decided.document()
    if job_key(document) != work["key"]:
        raise NumericsError("this worker's popdyn, Brian2 or numpy is not that of whoever planned the job")
    save(run(decided, workers=1, max_memory=memory, perform=run_inside), folder / "result.h5")
    return {"job": document, "labels": {"spec": decided.network.name}}


if __name__ == "__main__":
    serve(perform, prepare)
