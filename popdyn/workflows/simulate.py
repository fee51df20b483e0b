"""A trajectory at one rung; the spiking rung through the store, so that the same job is done once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import xarray as xr

from popdyn.errors import UsageError
from popdyn.results import save
from popdyn.spec import Network
from popdyn.workflows.source import Source, derived_rung, open_source, protocol_name
from popdyn.workflows.truth import simulate_truth

Progress = Callable[[float, str], None]
SEEDS_MOST = 10_000


def simulate(
    spec: str | Path | Mapping[str, Any] | Network | Source, *, rung: str = "density", protocol: str | None = None,
    closure: str | None = None, seeds: int = 1, seed: int = 0, dt: float | None = None, backend: str | None = None,
    finite_size: bool = False, store: str | Path | None = None, progress: Progress | None = None,
) -> xr.Dataset:  # fmt: skip
    """Rates, mean V and mean w under a protocol: (run, time, population), SI.

    `finite_size`: the density rung has populations of their size, which fluctuate. `seeds` > 1 repeats it, or the
    spiking rung, with seed, seed + 1, … and stacks the runs. encoding["cpu_s"] holds the cost, encoding["path"] the
    stored file where there is one.
    """
    source = open_source(spec)
    name = protocol_name(source.network, protocol)
    if not 1 <= seeds <= SEEDS_MOST:
        raise UsageError(f"--seeds: got {seeds}; allowed: 1 to {SEEDS_MOST}")
    if rung == "spiking":
        if finite_size:
            raise UsageError("--finite-size: the spiking rung has its size; allowed: --rung density")
        return _spiking(source, name, seed, seeds, dt, backend, store, progress)
    if seeds != 1 and not finite_size and not (source.density and source.density.settings["finite"]):
        fix = ", or add --finite-size" if rung == "density" else ""
        raise UsageError(f"--seeds: the {rung} rung is deterministic; allowed: 1{fix}")
    began = time.process_time()
    made = derived_rung(source, rung, closure, finite=finite_size, progress=progress)
    dataset = stacked([made.simulate(name, seed=seed + k) for k in range(seeds)])
    dataset.encoding["cpu_s"] = time.process_time() - began
    return dataset


WORST: dict[str, Callable[..., Any]] = {"mass_error": max, "positive_steps": max, "least_density": min}


def stacked(runs: list[xr.Dataset]) -> xr.Dataset:
    """Results of several seeds as the runs of one; `node_rates` and `seed` are those of the first, figures of WORST the
    worst of all."""
    if len(runs) == 1:
        return runs[0]
    whole = xr.concat(runs, dim="run", combine_attrs="drop_conflicts")
    first = {key: runs[0].attrs[key] for key in ("seed", "node_rates") if key in runs[0].attrs}
    first |= {key: worst(one.attrs[key] for one in runs) for key, worst in WORST.items() if key in runs[0].attrs}
    return whole.assign_coords(run=range(whole.sizes["run"])).assign_attrs(first)


def _spiking(
    source: Source, protocol: str, seed: int, seeds: int, dt: float | None, backend: str | None,
    store: str | Path | None, progress: Progress | None,
) -> xr.Dataset:  # fmt: skip
    found = [
        simulate_truth(source.network, protocol, seed=seed + k, dt=dt, backend=backend, store=store, progress=progress)
        for k in range(seeds)
    ]
    dataset = stacked([t.dataset for t in found])
    dataset.encoding["cpu_s"] = sum(t.cpu_s for t in found)
    dataset.encoding["path"] = str(found[0].path) if seeds == 1 else ""
    return dataset


def summary(dataset: xr.Dataset, path: str | Path) -> dict[str, Any]:
    """The JSON of `popdyn simulate`: where the dataset lies, mean rate over t >= 0, cost, own estimate of the nrmse."""
    scored = dataset["rate"].isel(time=dataset["time"].values > 0).mean(("run", "time"))
    populations = {
        str(name): {"rate": float(scored.sel(population=name)), "unit": "Hz"} for name in dataset["population"].values
    }
    found = {"dataset": str(path), "populations": populations, "cpu_s": float(dataset.encoding.get("cpu_s", 0.0))}
    if "error_estimate" in dataset.attrs:
        found["error_estimate"] = float(dataset.attrs["error_estimate"])
    return found


def keep(dataset: xr.Dataset, out: str | Path | None, name: str) -> Path:
    """Where a result lies: in the store, or saved to `out` (default: here) as NAME-PROTOCOL.h5."""
    stored = dataset.encoding.get("path")
    if out is None and stored:
        return Path(stored)
    folder = Path(out or ".")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{dataset.attrs['protocol']}.h5"
    save(dataset, path)
    return path
