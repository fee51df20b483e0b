"""Parts of a report from results: the same bins and the same t >= 0 as the error measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from popdyn.results import rebin


def trace_part(
    protocol: str,
    models: Mapping[str, xr.Dataset],
    truth: xr.Dataset | None = None,
    *,
    bin: float = 5e-3,
    stimulus: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The `traces` entry of one protocol.

    Parameters
    ----------
    models : rung -> result; truth : the spiking result, its groups as runs, or None
    bin : [s]
    stimulus : {"label", "values"} on the bins, drawn above the rates
    """
    scored = {name: _scored(dataset, bin) for name, dataset in models.items()}
    reference = None if truth is None else _scored(truth, bin)
    everything = [*scored.values(), *([] if reference is None else [reference])]
    count = min(dataset.sizes["time"] for dataset in everything)
    populations = {}
    for name in (str(name) for name in everything[-1]["population"].values):
        part: dict[str, Any] = {"models": {rung: _rate(d, name, count).mean(axis=0) for rung, d in scored.items()}}
        if reference is not None:
            part["truth"] = _truth(_rate(reference, name, count), str(reference.attrs.get("rung", "truth")))
        populations[name] = part
    trace = {"protocol": protocol, "bin": bin, "time": everything[0]["time"].values[:count], "populations": populations}
    return trace if stimulus is None else {**trace, "stimulus": dict(stimulus)}


def _scored(dataset: xr.Dataset, bin: float) -> xr.Dataset:
    wide = rebin(dataset, bin)
    return wide.isel(time=np.flatnonzero(wide["time"].values > 0))


def _rate(dataset: xr.Dataset, population: str, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.asarray(dataset["rate"].sel(population=population).values[:, :count], dtype=np.float64)


def _truth(rate: np.ndarray[Any, np.dtype[np.float64]], rung: str) -> dict[str, Any]:
    groups = len(rate)
    error = rate.std(axis=0, ddof=1) / np.sqrt(groups) if groups > 1 else None
    return {"rung": rung, "rate": rate.mean(axis=0), "standard_error": error}
