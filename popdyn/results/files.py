"""result.h5: opens with xarray and h5netcdf; its spikes with SONATA readers. The same data gives the same bytes."""

from __future__ import annotations

import io
import os
from pathlib import Path

import h5py
import xarray as xr

from popdyn.errors import IntegrityError, PopdynError
from popdyn.hdf5 import read_apart, safe_open
from popdyn.results.dataset import spike_times, with_spikes

_FILTERS = {"zlib": True, "complevel": 4, "shuffle": True, "fletcher32": True}
_H5PY_FILTERS = {"compression": "gzip", "compression_opts": 4, "shuffle": True, "fletcher32": True}


def save(dataset: xr.Dataset, path: str | Path) -> None:
    """Write a result; spikes go to /spikes/<population>/{timestamps [ms], node_ids} as SONATA has them.

    Chunked, gzip + shuffle + fletcher32. HDF5 writes to memory: over a full disk it leaves files that open and lack
    data, and may crash the process at its end. Killed at any moment, `path` is what it was or whole.
    """
    path, content = Path(path), _as_bytes(dataset)
    draft = path.with_name(f".{path.name}-{os.getpid()}")
    try:
        draft.write_bytes(content.getbuffer())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _as_bytes(dataset: xr.Dataset) -> io.BytesIO:
    content = io.BytesIO()
    spikes = spike_times(dataset)
    bare = dataset.drop_vars([name for name in dataset.variables if str(name).startswith("spike_")])
    encoding = {name: dict(_FILTERS) for name in bare.data_vars if bare[name].size}
    bare.to_netcdf(content, engine="h5netcdf", encoding=encoding)
    if not spikes:
        return content
    with h5py.File(content, "a") as file:
        for population, (times, nodes) in sorted(spikes.items()):
            group = file.create_group(f"spikes/{population}")
            group.attrs["sorting"] = "by_time"
            for name, values in (("timestamps", times * 1e3), ("node_ids", nodes)):
                group.create_dataset(name, data=values, **(_H5PY_FILTERS if values.size else {}))
            group["timestamps"].attrs["units"] = "ms"
    return content


def open_dataset(path: str | Path, *, ours: bool = False) -> xr.Dataset:
    """Read a result whole into memory; links, external storage, plug-in filters and bombs are refused.

    A file that is not `ours` (verified by the store, or written by this process) is read in a process of its own first,
    which takes 0.2 s. Raises IntegrityError, or UsageError where there is no such file.
    """
    if not ours:
        read_apart(path)
    with safe_open(path) as file:
        try:
            with xr.open_dataset(Path(path), engine="h5netcdf", decode_times=False, phony_dims="sort") as stored:
                dataset = stored.load()
            for population, group in sorted(file["spikes"].items()) if "spikes" in file else []:
                dataset = with_spikes(dataset, population, group["timestamps"][:] * 1e-3, group["node_ids"][:])
        except (PopdynError, MemoryError):
            raise
        except Exception as error:
            raise IntegrityError(f"{path}: not a result of popdyn ({type(error).__name__}: {error})") from error
    return dataset
