"""Arrays of a campaign's results that are read, cell by cell, when somebody looks at them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from xarray.backends import BackendArray
from xarray.core import indexing

from popdyn.errors import IntegrityError
from popdyn.results import open_dataset
from popdyn.store import Store

KEPT = 64
Array = NDArray[Any]


class Cells:
    """Results by key, each verified before it is read; the last KEPT of them stay in memory."""

    def __init__(self, root: Path, keys: Sequence[str]) -> None:
        self.store, self.keys = Store(root), list(keys)
        self._read: OrderedDict[str, xr.Dataset | None] = OrderedDict()

    def dataset(self, place: int) -> xr.Dataset | None:
        """The result of the cell at a place; None where there is none, or it is not what was published."""
        key = self.keys[place]
        if key not in self._read:
            try:
                found = self.store.find(key)
            except IntegrityError:
                found = None
            self._read[key] = None if found is None else open_dataset(found / "result.h5", ours=True)
            while len(self._read) > KEPT:
                self._read.popitem(last=False)
        self._read.move_to_end(key)
        return self._read[key]


class LazyTraces(BackendArray):
    """One variable over cells x (run, time, population); cells that are missing are NaN."""

    def __init__(self, cells: Cells, name: str, outer: tuple[int, ...], inner: xr.Dataset) -> None:
        self.cells, self.name, self._outer, self._inner = cells, name, outer, inner
        sizes = tuple(inner.sizes[one] for one in ("run", "time", "population"))
        self.shape, self.dtype = (*outer, *sizes), np.dtype(np.float64)

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Array:
        support = indexing.IndexingSupport.OUTER
        return np.asarray(indexing.explicit_indexing_adapter(key, self.shape, support, self._pick))

    def _pick(self, key: tuple[Any, ...]) -> Array:
        """Only the cells that are asked for are read."""
        depth = len(self._outer)
        outer, inner = key[:depth], key[depth:]
        chosen = [_list(one, size) for one, size in zip(outer, self._outer, strict=True)]
        shape = tuple(len(one) for one in chosen)
        blocks: list[Array] = []
        for position in np.ndindex(*shape):
            index = tuple(int(one[i]) for one, i in zip(chosen, position, strict=True))
            whole = self._cell(int(np.ravel_multi_index(index, self._outer)) if index else 0)
            blocks.append(_outer(whole, inner))
        stacked = np.stack(blocks) if blocks else np.empty((0, *_outer(np.empty(self.shape[depth:]), inner).shape))
        found = stacked.reshape(*shape, *stacked.shape[1:])
        dropped = tuple(0 if isinstance(one, int | np.integer) else slice(None) for one in outer)
        return np.asarray(found[dropped])

    def _cell(self, place: int) -> Array:
        found, shape = self.cells.dataset(place), self.shape[len(self._outer) :]
        whole = np.full(shape, np.nan)
        if found is None or self.name not in found:
            return whole
        # protocols differ in length: bins are matched by their centres, both on the grid of one bin
        offset = int(np.searchsorted(self._inner["time"].values, found["time"].values[0] - 1e-9))
        values = found[self.name].transpose("run", "time", "population").values
        whole[: values.shape[0], offset : offset + values.shape[1]] = values
        return whole


def _list(key: Any, size: int) -> Array:
    """The places that one index of a dimension names."""
    if isinstance(key, slice):
        return np.arange(size)[key]
    return np.atleast_1d(np.asarray(key))


def _outer(values: Array, key: tuple[Any, ...]) -> Array:
    """values[key] with every array index along its own dimension."""
    for axis, one in reversed(list(enumerate(key))):
        values = values[(slice(None),) * axis + (one,)]
    return values
