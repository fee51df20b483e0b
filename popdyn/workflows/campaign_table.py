"""One row for every cell and population of a campaign: what was found, or why there is nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import IntegrityError
from popdyn.ground_truth import mean_rates
from popdyn.results import open_dataset
from popdyn.store import Store
from popdyn.store.failures import failed_keys
from popdyn.workflows.campaign import Campaign
from popdyn.workflows.campaign_open import DAMAGED, DONE, FAILED, MISSING
from popdyn.workflows.campaign_status import failure_of

Row = dict[str, Any]
TRUTH_COLUMNS = ("rate", "standard_error")
ERROR_COLUMNS = ("truth", "model", "verdict", "nrmse", "nrmse_high", "bias", "correlation", "resolution")
FIRST = {FAILED: 0, DAMAGED: 0, DONE: 1, MISSING: 2}


@dataclass(frozen=True)
class Table:
    """Rows in their order of interest, and the names of their columns."""

    columns: tuple[str, ...]
    rows: list[Row]


def table_of(campaign: Campaign, store: Store, keys: list[str]) -> Table:
    """Rates of truths in the order of the cells; errors of conversions, the worst first.

    rate and standard_error [1/s] over t >= 0; nrmse and bias are fractions, as in a report.
    """
    failed = set(failed_keys(store.root))
    converts = campaign.file.do == "convert"
    rows: list[Row] = []
    for place, key in enumerate(keys):
        base = _place(campaign, place) | {"key": key}
        try:
            found = store.find(key)
        except IntegrityError as error:
            rows.append(base | {"status": DAMAGED, "message": str(error)})
            continue
        if found is None:
            said = failure_of(campaign, store.root, place, key) if key in failed else None
            status = MISSING if said is None else FAILED
            rows.append(base | {"status": status, "message": "" if said is None else f"{said.failure}: {said.message}"})
            continue
        read = _errors if converts else _rates
        rows += [base | {"status": DONE, "message": ""} | one for one in read(found)]
    columns = (*_place(campaign, 0), "population", "status", *(ERROR_COLUMNS if converts else TRUTH_COLUMNS))
    if converts:
        rows.sort(key=lambda row: (FIRST[row["status"]], -_badness(row)))
    return Table((*columns, "message", "key"), rows)


def _badness(row: Row) -> float:
    """The larger of nrmse and |bias|; what could not be measured is worst."""
    values = [row.get("nrmse"), row.get("bias")]
    known = [abs(value) for value in values if value is not None]
    return max(known) if known else math.inf


def _place(campaign: Campaign, place: int) -> Row:
    """The parameters of a cell in their units, its protocol, replicate and seed."""
    index = [int(i) for i in np.unravel_index(place, campaign.shape)]
    network = campaign.file.network
    row: Row = {}
    for dimension, i in zip(campaign.dimensions, index, strict=False):
        for axis in dimension.axes:
            name = axis.label_in(network)
            row[f"{name} [{axis.unit}]" if axis.unit else name] = axis.shown[i].item()
    seed = campaign.seeds[index[-1]]
    return row | {"protocol": campaign.file.protocols[index[-2]], "replicate": index[-1], "seed": seed}


def _rates(found: Path) -> Iterator[Row]:
    dataset = open_dataset(found / "result.h5", ours=True)
    if dataset.sizes["run"] < 2:
        scored = dataset["rate"].sel(time=slice(0.0, None)).mean(("run", "time"))
        for name in map(str, dataset["population"].values):
            yield {"population": name, "rate": float(scored.sel(population=name)), "standard_error": None}
        return
    for name, rate in mean_rates(dataset).items():
        yield {"population": name, "rate": rate.mean, "standard_error": rate.standard_error}


def _errors(found: Path) -> Iterator[Row]:
    """The target rung against the spiking truth; without one against the density, unverified."""
    report = json.loads((found / "report.json").read_text(encoding="utf-8"))
    of_target = [one for one in report["comparisons"] if one["model"] == report["target"]]
    pairs = [one for one in of_target if one["truth"] == "spiking"] or of_target[:1]
    if not pairs:
        yield {"population": "", "verdict": report["verdict"]["word"], "model": report["target"]}
    for one in pairs:
        for name, measured in one["populations"].items():
            interval = measured.get("nrmse_interval")
            yield {
                "population": name, "truth": one["truth"], "model": one["model"],
                "verdict": measured["verdict"] if one["truth"] == "spiking" else report["verdict"]["word"],
                "nrmse": measured["nrmse"], "nrmse_high": interval[1] if interval else None, "bias": measured["bias"],
                "correlation": measured.get("correlation"), "resolution": measured.get("resolution"),
            }  # fmt: skip
