"""The annealed line of the error budget: the same neurons under independent inputs of the rates that the truth had."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.results import open_dataset, rebin, save
from popdyn.spec import Network
from popdyn.store import Store, job_key
from popdyn.types import Progress
from popdyn.workflows.truth import Truth, children_cpu

Array = NDArray[np.float64]

BIN = 5e-3
"""Bins [s] of the rates that inputs follow: so wide that the truth's counting noise is not handed to all of them."""
SEMANTICS = 1


def anneal(
    truth: Truth, network: Network, protocol: str, *, store: str | Path | None = None, progress: Progress | None = None
) -> Truth:
    """The annealed network beside a truth: its step, seeds, groups; found in the store or simulated.

    Raises DomainError where a synapse remembers its source's spikes.
    """
    from popdyn.ground_truth import job, simulate_annealed

    found = truth.dataset
    rates, sources = mean_rates(found), source_rates(found, network.protocols[protocol].duration)
    options: dict[str, Any] = {
        "seed": int(found.attrs["seed"]), "dt": float(found.attrs["dt"]), "backend": found.attrs["backend"],
        "groups": found.sizes["run"], "stratified": any(p.spread for p in network.populations.values()) or None,
    }  # fmt: skip
    said = job(network, protocol, **options).document() | {
        "rung": "annealed", "annealed_semantics": SEMANTICS, "rates": _digest(rates, sources)
    }  # fmt: skip
    key, cost = job_key(said), dict[str, float]()

    def work(folder: Path) -> None:
        began, before = time.perf_counter(), children_cpu()
        made = simulate_annealed(network, protocol, rates, source_rates=sources, progress=progress, **options)
        save(made, folder / "result.h5")
        cost.update(cpu_s=children_cpu() - before, wall_s=time.perf_counter() - began)

    place = Store(store).obtain(key, work, {"job": said}, lambda _error: None) / "result.h5"
    return Truth(open_dataset(place), place, key, cost.get("cpu_s", 0.0), cost.get("wall_s", 0.0), not cost)


def mean_rates(truth: xr.Dataset) -> dict[str, tuple[Array, Array]]:
    """Times [s] and mean rate over the groups [1/s] of every population."""
    wide = rebin(truth, BIN)
    mean = wide["rate"].mean("run")
    times = wide["time"].values
    return {str(name): (times, mean.sel(population=name).values) for name in mean["population"].values}


def source_rates(truth: xr.Dataset, duration: float) -> dict[str, Array]:
    """Rates of the neurons [1/s], (run, neuron), drawn together until counting spikes no longer widens them.

    Counting over `duration` [s] adds <CV^2 rate>/duration to the variance over neurons (renewal trains).
    """
    found = {}
    for name in (str(name) for name in truth["population"].values):
        if f"neuron_rate_{name}" not in truth:
            continue
        rate, CV = truth[f"neuron_rate_{name}"].values, truth[f"neuron_cv_{name}"].values
        mean, variance = float(rate.mean()), float(rate.var())
        square = float(np.nanmean(CV**2)) if np.isfinite(CV).any() else 1.0
        if variance > 0.0 and mean > 0.0:
            kept = np.sqrt(max(0.0, 1.0 - square * mean / duration / variance))
            found[name] = np.maximum(mean + kept * (rate - mean), 0.0)
    return found


def _digest(rates: dict[str, tuple[Array, Array]], sources: dict[str, Array]) -> str:
    whole = hashlib.sha256()
    for name, (times, values) in sorted(rates.items()):
        for array in (times, values, sources.get(name, np.zeros(0))):
            whole.update(name.encode() + np.ascontiguousarray(array).tobytes())
    return whole.hexdigest()
