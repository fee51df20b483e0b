"""Population traces as (run, time, population), SI, with unit attributes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from popdyn.errors import UsageError

DIMENSIONS = ("run", "time", "population")
UNITS = {"rate": "1/s", "V_mean": "V", "w_mean": "A"}


def make_dataset(
    time: ArrayLike,
    population_names: Sequence[str],
    rate: ArrayLike,
    V_mean: ArrayLike | None = None,
    w_mean: ArrayLike | None = None,
    attrs: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """One result.

    Parameters
    ----------
    time : (time,) [s], bin centres from the protocol's start (negative: transient), evenly spaced
    rate : (run, time, population) [1/s], mean over the bin
    V_mean, w_mean : same shape [V], [A], mean over all neurons at the bin centre
    attrs : str, numbers, or structures of them (kept as JSON strings); None is left out
    """
    centres = np.asarray(time, dtype=np.float64)
    shape = (len(centres), len(population_names))
    variables = {}
    for name, values in (("rate", rate), ("V_mean", V_mean), ("w_mean", w_mean)):
        if values is None:
            continue
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 3 or array.shape[1:] != shape:
            raise UsageError(f"{name}: got shape {array.shape}; allowed: (run, {shape[0]}, {shape[1]})")
        variables[name] = (DIMENSIONS, array, {"units": UNITS[name]})
    runs = variables["rate"][1].shape[0]
    coordinates = {
        "run": ("run", np.arange(runs, dtype=np.int64)),
        "time": ("time", centres, {"units": "s", "long_name": "bin centre, from the protocol's start"}),
        "population": ("population", np.array([str(name) for name in population_names], dtype=object)),
    }
    plain = {key: _plain(value) for key, value in sorted((attrs or {}).items()) if value is not None}
    return xr.Dataset(variables, coords=coordinates, attrs={"popdyn_schema": 1, **plain})


def rebin(dataset: xr.Dataset, bin: float) -> xr.Dataset:
    """The same result in wider bins [s], edges at whole multiples of `bin` from t = 0; incomplete bins are dropped.

    Rates are averaged; so are V_mean and w_mean, which then are means of the samples at the old bin centres.
    """
    time = dataset["time"].values
    base = base_bin(dataset)
    ratio = round(bin / base)
    if ratio < 1 or abs(ratio * base - bin) > 1e-6 * base:
        raise UsageError(f"bin: got {bin:g} s; allowed: a whole multiple of the result's own bin {base:g} s")
    first_edge = round((time[0] - base / 2) / base)
    start = -first_edge % ratio
    count = (len(time) - start) // ratio
    if count < 1:
        raise UsageError(f"bin: got {bin:g} s; allowed: at most the length of the result")
    trimmed = dataset.isel(time=slice(start, start + count * ratio))
    wide = trimmed.coarsen(time=ratio).mean(keep_attrs=True) if ratio > 1 else trimmed
    return wide.assign_attrs({**dataset.attrs, "bin": float(bin)})


def base_bin(dataset: xr.Dataset) -> float:
    """Width of the bins of a result [s]."""
    time = dataset["time"].values
    if len(time) > 1:
        return float((time[-1] - time[0]) / (len(time) - 1))
    return float(dataset.attrs["bin"])


def with_spikes(dataset: xr.Dataset, population: str, times: ArrayLike, nodes: ArrayLike) -> xr.Dataset:
    """The result with the spikes of a population: times [s] from the protocol's start, node numbers from 0."""
    dimension = f"spike_{population}"
    order = np.lexsort((np.asarray(nodes), np.asarray(times)))
    return dataset.assign(
        {
            f"spike_time_{population}": (dimension, np.asarray(times, dtype=np.float64)[order], {"units": "s"}),
            f"spike_node_{population}": (dimension, np.asarray(nodes, dtype=np.uint64)[order], {"units": "1"}),
        }
    )


def spike_times(dataset: xr.Dataset) -> dict[str, tuple[NDArray[np.float64], NDArray[np.uint64]]]:
    """(times [s], node numbers) of every population whose spikes were kept."""
    names = [str(name).removeprefix("spike_time_") for name in dataset.variables if str(name).startswith("spike_time_")]
    return {name: (dataset[f"spike_time_{name}"].values, dataset[f"spike_node_{name}"].values) for name in names}


def _plain(value: Any) -> str | int | float:
    if isinstance(value, bool | np.bool_):
        return int(value)
    if isinstance(value, str | int | float):
        return value
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, np.floating):
        return float(value)
    return json.dumps(value, sort_keys=True)
