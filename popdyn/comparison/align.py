"""Two results on the same bins and populations: what every measure starts from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from popdyn.errors import UsageError
from popdyn.results import rebin
from popdyn.types import FloatArray


class Aligned(NamedTuple):
    """Rates of truth and model on common bins from t = 0: rate[population] is (run, time) [1/s]; time (time,) [s]."""

    time: FloatArray
    truth: dict[str, FloatArray]
    model: dict[str, FloatArray]
    notes: tuple[str, ...]


def align(truth: xr.Dataset, model: xr.Dataset, bin: float) -> Aligned:
    """Both results rebinned (edges at multiples of `bin` [s] from t = 0), t >= 0, over the range that both cover.

    Raises
    ------
    UsageError : a population of the truth is missing in the model, or nothing overlaps
    """
    names = [str(name) for name in truth["population"].values]
    missing = sorted(set(names) - {str(name) for name in model["population"].values})
    if missing:
        raise UsageError(f"population: the model has no {', '.join(missing)}; allowed: every population of the truth")
    scored = [_scored(rebin(dataset, bin), bin) for dataset in (truth, model)]
    count = min(dataset.sizes["time"] for dataset in scored)
    if count == 0:
        raise UsageError("time: truth and model share no bin with t >= 0")
    notes = _notes(truth, model, [dataset.sizes["time"] for dataset in scored], bin)
    rates = [
        {name: np.asarray(dataset["rate"].sel(population=name).values[:, :count], dtype=np.float64) for name in names}
        for dataset in scored
    ]
    _check_finite(*rates)
    return Aligned(np.asarray(scored[0]["time"].values[:count], dtype=np.float64), rates[0], rates[1], notes)


def _scored(dataset: xr.Dataset, bin: float) -> xr.Dataset:
    late = dataset.isel(time=np.flatnonzero(dataset["time"].values > 0))
    time = late["time"].values
    if len(time) and abs(time[0] - bin / 2) > 1e-3 * bin:
        raise UsageError(f"time: first bin centred at {time[0]:g} s; allowed: {bin / 2:g} s (results start at t <= 0)")
    return late


def _check_finite(*sides: dict[str, FloatArray]) -> None:
    for label, side in zip(("truth", "model"), sides, strict=True):
        for name, rate in side.items():
            if not np.all(np.isfinite(rate)):
                raise UsageError(f"rate of {name} ({label}): not finite in {np.sum(~np.isfinite(rate))} bins")


def _notes(truth: xr.Dataset, model: xr.Dataset, bins: list[int], bin: float) -> tuple[str, ...]:
    notes = []
    for key in ("protocol", "spec_hash"):
        a, b = truth.attrs.get(key), model.attrs.get(key)
        if a is not None and b is not None and a != b:
            notes.append(f"truth and model differ in {key}: {a} and {b}")
    if bins[0] != bins[1]:
        notes.append(f"truth covers {bins[0] * bin:g} s, model {bins[1] * bin:g} s: compared over the shorter")
    return tuple(notes)
