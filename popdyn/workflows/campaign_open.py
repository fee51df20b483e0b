"""A whole campaign as one Dataset over its parameters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from xarray.core import indexing

from popdyn.errors import IntegrityError, UsageError
from popdyn.ground_truth.time_grid import BIN
from popdyn.neurons import MODELS
from popdyn.results.dataset import UNITS
from popdyn.store import Store
from popdyn.store.failures import failed_keys
from popdyn.workflows.campaign import PROTOCOL, REPLICATE, Campaign, Index, open_campaign_file
from popdyn.workflows.campaign_axes import Dimension
from popdyn.workflows.campaign_cells import Cells, LazyTraces
from popdyn.workflows.campaign_jobs import decided_truth
from popdyn.workflows.campaign_keys import keys_of
from popdyn.workflows.campaign_places import PlaceAxis

DONE, MISSING, FAILED, DAMAGED = "done", "missing", "failed", "damaged"


def open_campaign(path: str | Path, *, store: str | Path | None = None, verify: bool = False) -> xr.Dataset:
    """One Dataset over the parameters of a campaign of truths; results are read when their cells are looked at.

    Its dimensions are the campaign's (a parameter's coordinate is in the unit of its attribute), then run, time [s],
    population. rate [1/s], V_mean [V] and w_mean [A] are NaN, and `status` is not "done", where there is no verified
    result; `key` names the object in the store, which holds spikes, too: `popdyn.open(store / ... / "result.h5")`.
    Opening it again shows what has been finished since. `verify` reads every file now: what is not as it was published
    gets the status "damaged"; without it such a cell is NaN when it is read.

    Example, without the transient:
    open_campaign("sweep.toml").rate.sel(b=40, time=slice(0, None)).mean(("run", "time")).
    """
    campaign, shelf = open_campaign_file(path), Store(store)
    if campaign.file.do != "truth":
        raise UsageError(f'{path}: a campaign of conversions; allowed: popdyn batch report, or do = "truth"')
    keys = keys_of(campaign, shelf.root)
    dims, shape = campaign.names, campaign.shape
    inner = _inner(campaign)
    cells = Cells(shelf.root, keys)
    variables: dict[str, Any] = {
        name: ((*dims, "run", "time", "population"), _lazy(cells, name, shape, inner), {"units": UNITS[name]})
        for name in _traces(campaign)
    }
    failed = set(failed_keys(shelf.root))
    status = [_status(shelf, key, failed, verify) for key in keys]
    variables["status"] = (dims, np.array(status, dtype=object).reshape(shape))
    variables["key"] = (dims, np.array(keys, dtype=object).reshape(shape))
    attributes = {"campaign": campaign.file.name, "store": str(shelf.root)}
    return xr.Dataset(variables, coords=_coordinates(campaign) | dict(inner.coords), attrs=attributes)


def _lazy(cells: Cells, name: str, shape: tuple[int, ...], inner: xr.Dataset) -> indexing.LazilyIndexedArray:
    return indexing.LazilyIndexedArray(LazyTraces(cells, name, shape, inner))


def _status(shelf: Store, key: str, failed: set[str], verify: bool) -> str:
    try:
        if (shelf.find(key) is not None) if verify else shelf.path(key).is_dir():
            return DONE
    except IntegrityError:
        return DAMAGED
    return FAILED if key in failed else MISSING


def _traces(campaign: Campaign) -> list[str]:
    adapting = any(MODELS[p.neuron.model].has_w for p in campaign.file.network.populations.values())
    return [name for name in UNITS if name != "w_mean" or adapting]


def _inner(campaign: Campaign) -> xr.Dataset:
    """The dimensions of a single result: all bins that any of the protocols has."""
    jobs = [
        decided_truth(campaign, campaign.cell((*place, p, 0)))
        for place in _places(campaign)
        for p in range(len(campaign.file.protocols))
    ]
    ends = [(round(job.grid.centres()[0] / BIN - 0.5), round(job.grid.centres()[-1] / BIN - 0.5)) for job in jobs]
    bins = np.arange(min(low for low, _ in ends), max(high for _, high in ends) + 1)
    units = {"units": "s", "long_name": "bin centre, from the protocol's start"}
    names = np.array(list(campaign.file.network.populations), dtype=object)
    runs = np.arange(max(job.groups for job in jobs))
    return xr.Dataset(coords={"run": runs, "time": ("time", (bins + 0.5) * BIN, units), "population": names})


def _places(campaign: Campaign) -> Iterator[Index]:
    """Cells among which results may differ in shape: how often a network is run depends on its size."""
    sized = [any(isinstance(axis, PlaceAxis) for axis in dimension.axes) for dimension in campaign.dimensions]
    return np.ndindex(*(d.size if moves else 1 for d, moves in zip(campaign.dimensions, sized, strict=True)))


def _coordinates(campaign: Campaign) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for dimension in campaign.dimensions:
        found |= _coordinate(campaign, dimension)
    found[PROTOCOL] = np.array(campaign.file.protocols, dtype=object)
    found[REPLICATE] = np.arange(len(campaign.seeds))
    found["seed"] = (REPLICATE, np.array(campaign.seeds, dtype=np.int64))
    return found


def _coordinate(campaign: Campaign, dimension: Dimension) -> dict[str, Any]:
    """A parameter by itself is its dimension's coordinate; those that move together lie along one."""
    found = {
        axis.label_in(campaign.file.network): (dimension.name, axis.shown, {"units": axis.unit})
        for axis in dimension.axes
    }
    return found if dimension.name in found else found | {dimension.name: np.arange(dimension.size)}
