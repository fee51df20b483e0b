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
from popdyn.spec import Network, Protocol
from popdyn.store import Store, job_key
from popdyn.types import Progress
from popdyn.workflows.over_neurons import kept_variance
from popdyn.workflows.truth import Truth, children_cpu

Array = NDArray[np.float64]
Rate = float | tuple[Array, Array]
"""[1/s], or (times [s], rates)."""

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
    rates, sources = inputs_of(found, network.protocols[protocol])
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

    place = (
        Store(store).obtain(key, work, {"job": said, "labels": {"spec": network.name}}, lambda _error: None)
        / "result.h5"
    )
    return Truth(open_dataset(place, ours=True), place, key, cost.get("cpu_s", 0.0), cost.get("wall_s", 0.0), not cost)


def inputs_of(truth: xr.Dataset, protocol: Protocol) -> tuple[dict[str, Rate], dict[str, Array]]:
    """Rates that match the truth's in bins of `BIN`, and rates of its neurons without what counting spikes adds."""
    from popdyn.ground_truth import matched_rates

    rates, sources = matched_rates(rebin(truth, BIN), protocol)
    for name, rate in sources.items():
        mean, kept = float(rate.mean()), np.sqrt(kept_variance(truth, name, protocol.duration))
        sources[name] = np.maximum(mean + kept * (rate - mean), 0.0)
    return rates, sources


def _digest(rates: dict[str, Rate], sources: dict[str, Array]) -> str:
    whole = hashlib.sha256()
    for name, given in sorted(rates.items()):
        for array in (*np.atleast_2d(given), sources.get(name, np.zeros(0))):
            whole.update(name.encode() + np.ascontiguousarray(array, dtype=np.float64).tobytes())
    return whole.hexdigest()
