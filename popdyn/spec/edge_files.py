"""Columns of an edge table from a CSV, HDF5 or Parquet file beside the spec, read within limits."""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.distributions import Array
from popdyn.hdf5 import HostileError, Limits, read_apart, safe_open
from popdyn.spec.beside import find, text_of
from popdyn.spec.section import Section, show

MAX_EDGES = 20_000_000
BYTES_PER_EDGE = 32
MAX_CSV_BYTES = 128 << 20
MAX_STORED_BYTES = 1 << 30
COLUMNS = ("source", "target", "weight", "delay")
FIX = "write a header source,target and, where they differ, weight and delay"

Columns = dict[str, Array]
_LIMITS = Limits(total_bytes=len(COLUMNS) * MAX_EDGES * 8)


class _TableError(ValueError):
    """What was found and what is allowed."""


def read_columns(section: Section, key: str, name: Any) -> Columns | None:
    """The columns of the file that a key names, as floats; None after a fault."""
    path = find(section, key, name, f'write {key} = "edges.csv"')
    if path is None:
        return None
    try:
        if path.suffix in (".h5", ".hdf5"):
            found = _hdf5(_stored(path))
        elif path.suffix == ".parquet":
            found = _parquet(_stored(path))
        else:
            text = text_of(section, key, path, MAX_CSV_BYTES)
            if text is None:
                return None
            found = _csv(text)
    except _TableError as error:
        section.fault(key, f"{show(name)}: {error.args[0]}", error.args[1], FIX)
        return None
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        section.fault(key, f"{show(name)}: {show(str(error), 120)}", "a readable table of edges", FIX)
        return None
    return found


def check_names(names: list[str]) -> None:
    """source and target, perhaps weight and delay, nothing else."""
    wrong = [name for name in names if name not in COLUMNS or names.count(name) > 1]
    if wrong or not {"source", "target"} <= set(names):
        got = f"the columns {', '.join(show(name, 20) for name in names[:6]) or 'none'}"
        raise _TableError(got, "source, target, weight, delay")


def check_count(count: int) -> None:
    if count > MAX_EDGES:
        need = count * BYTES_PER_EDGE / 2**20
        most = f"at most {MAX_EDGES} edges ({MAX_EDGES * BYTES_PER_EDGE >> 20} MiB)"
        raise _TableError(f"{count} edges, which take {need:.0f} MiB", most)
    if count == 0:
        raise _TableError("no edges", "at least one")


def _csv(text: str) -> Columns:
    header, _, body = text.lstrip().partition("\n")
    names = [field.strip().strip('"') for field in header.split(",")]
    check_names(names)
    check_count(min(body.count("\n") + 1, len(body)))
    table = np.loadtxt(io.StringIO(body), delimiter=",", comments=None, ndmin=2, dtype=float)
    if table.shape[0] and table.shape[1] != len(names):
        raise _TableError(f"{table.shape[1]} columns under {len(names)} names", "one name for each column")
    return {name: table[:, i] for i, name in enumerate(names)}


def _stored(path: Path) -> Path:
    """The path if it is a file of bearable size."""
    if not path.is_file():
        raise _TableError("a path where there is no file", "a table of edges")
    if path.stat().st_size > MAX_STORED_BYTES:
        raise _TableError(f"{path.stat().st_size >> 20} MiB", f"at most {MAX_STORED_BYTES >> 20} MiB")
    return path


def _hdf5(path: Path) -> Columns:
    """One-dimensional numeric datasets at the root; read in a process of their own first."""
    try:
        shapes = read_apart(path, _LIMITS).shapes
    except HostileError as error:
        _check_shapes(error.shapes)  # its size in edges says more
        said = str(error).removeprefix(f"{path}: ")
        raise _TableError(said, "a readable table: plain numbers in the file itself") from None
    _check_shapes(shapes)
    with safe_open(path, _LIMITS) as file:
        check_names([str(name) for name in file])
        for name in file:
            if f"/{name}" not in shapes or file[name].dtype.kind not in "iuf":
                raise _TableError(f"{name}: not a plain column", "numbers")
        return {str(name): np.asarray(file[name][()], dtype=float) for name in file}


def _check_shapes(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Columns of equal length, not too many."""
    if not shapes:
        return
    for where, shape in shapes.items():
        if len(shape) != 1 or where.count("/") > 1:
            raise _TableError(f"{where}: not a plain column", "one-dimensional datasets at the root")
    if len(set(shapes.values())) > 1:
        raise _TableError("columns of different lengths", "columns of equal length")
    check_count(next(iter(shapes.values()))[0])


def _parquet(path: Path) -> Columns:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise _TableError("a Parquet file, and pyarrow is not installed", "CSV, HDF5, or pip install pyarrow") from None
    file = parquet.ParquetFile(path)
    check_names(list(file.schema_arrow.names))
    check_count(int(file.metadata.num_rows))
    return {name: file.read([name]).column(0).to_numpy().astype(float) for name in file.schema_arrow.names}


__all__ = ["COLUMNS", "MAX_EDGES", "Columns", "check_count", "check_names", "read_columns"]
