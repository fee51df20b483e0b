"""Jobs of conversions: `python -P -m popdyn.workflows.convert_worker` is their worker process.

The truth of a conversion goes through the same store, as with `popdyn convert`; what a job publishes is its report and
its model without what changes from run to run: costs are in the manifest.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from popdyn.batch.unit import Unit
from popdyn.batch.worker import serve
from popdyn.errors import NumericsError
from popdyn.spec import load
from popdyn.store import job_key

MODEL = "model.json"
REPORT = "report.json"


def prepare(_unit: Unit) -> None:
    """Import what all conversions share."""
    importlib.import_module("popdyn.workflows.convert")


def perform(work: Mapping[str, Any], folder: Path, _memory: int) -> Mapping[str, Any]:
    """Convert the spec of `work`; report.json and model.json. The folder lies in staging/ of the store."""
    from popdyn.workflows.conversion_job import conversion_job
    from popdyn.workflows.convert import convert
    from popdyn.workflows.truth import simulate_truth

    network, seed, store = load(work["spec"]), int(work["seed"]), folder.parents[1]
    named = conversion_job(network, work["protocol"], seed, work["options"])
    if job_key(named) != work["key"]:
        raise NumericsError("this worker's popdyn, a package or its compiler is not that of whoever planned the job")
    options = {name: value for name, value in work["options"].items() if name != "truth"}
    wanted = bool(work["options"].get("truth", True))
    if wanted:  # by one process: the other cores have jobs of their own
        simulate_truth(network, work["protocol"], workers=1, seed=seed, store=store)
    work_folder = Path("written").absolute()
    found = convert(
        network, protocol=work["protocol"], seed=seed, truth=wanted, out=work_folder, store=store, **options
    )
    document, costs = without_costs(found.document)
    (folder / REPORT).write_text(json.dumps(document, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    if (work_folder / MODEL).exists():
        os.replace(work_folder / MODEL, folder / MODEL)
    labels = {"spec": network.name, "rung": f"conversion to {document['target']}"}
    return {"job": named, "labels": labels, "costs": costs}


def without_costs(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Any]]:
    """A report whose bytes depend on its job alone, and its table of costs."""
    rungs = [{name: value for name, value in rung.items() if name != "cpu_s_per_s"} for rung in document["rungs"]]
    provenance = dict(document["provenance"])
    costs = list(provenance.get("costs", []))
    return {**document, "rungs": rungs, "provenance": {**provenance, "costs": []}}, costs


if __name__ == "__main__":
    serve(perform, prepare)
