"""What an HDF5 file may contain before its arrays are read: hard links to plain numbers and text of a bounded size."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py

from popdyn.errors import IntegrityError, UsageError
from popdyn.hdf5.limits import (
    FREE_BYTES,
    MOST_ATTRIBUTE_BYTES,
    MOST_ATTRIBUTES,
    MOST_DEPTH,
    MOST_DIMENSIONS,
    Limits,
)

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_FLETCHER32}
REFERENCES = ("DIMENSION_LIST", "REFERENCE_LIST")
Found = dict[str, h5py.Dataset]


@contextmanager
def safe_open(path: str | Path, limits: Limits = Limits()) -> Iterator[h5py.File]:  # noqa: B008
    """The file, open for reading, once all that it contains has been looked at; no data are read.

    Raises IntegrityError for whatever is not a plain result. UsageError: there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"{path}: there is no such file; allowed: a result that popdyn wrote (.h5)")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(h5py.File(path, "r", locking="best-effort"))
            look_through(file, limits)
        except IntegrityError as error:
            raise IntegrityError(f"{path}: {error}") from error
        except MemoryError:
            raise
        except Exception as error:  # libraries raise many things over a broken file
            raise IntegrityError(f"{path}: not a readable result file ({type(error).__name__}: {error})") from error
        yield file


def look_through(file: h5py.File, limits: Limits) -> Found:
    """Every dataset by its path, the sizes last.

    Raises IntegrityError for the first object that a result has not.
    """
    found: Found = {}
    _walk(file, "", found, [limits.objects])
    for where, data in found.items():
        _check_references(file, data, where, found)
    check_sizes(found, limits)
    return found


def check_sizes(found: Found, limits: Limits) -> None:
    """Raise IntegrityError where more is declared than allowed, or than what is stored can give."""
    total = 0
    for where, data in found.items():
        size, stored = data.size * width(data), data.id.get_storage_size()
        total += size
        if size > FREE_BYTES and size > limits.expansion * stored:
            raise IntegrityError(f"{where}: declares {size} bytes and stores {stored}")
        if stored > _most_stored(data):
            raise IntegrityError(f"{where}: stores {stored} bytes for {size}")
    if total > limits.total_bytes:
        raise IntegrityError(f"declares {total} bytes in all; allowed: {limits.total_bytes}")
    held = sum(data.id.get_storage_size() for data in found.values())
    if total > 16 * FREE_BYTES and total > limits.expansion * held:
        raise IntegrityError(f"declares {total} bytes in all and stores {held}")


def width(data: h5py.Dataset) -> int:
    """Bytes of one value in the file; of a text of any length, those that say where it lies."""
    kind = data.id.get_type()
    return 16 if isinstance(kind, h5py.h5t.TypeStringID) and kind.is_variable_str() else int(kind.get_size())


def _most_stored(data: h5py.Dataset) -> float:
    """Bytes that a dataset of this shape takes at most: gzip adds 0.1 % to what it cannot pack, fletcher32 4 bytes."""
    if data.chunks is None:
        return float(data.size * width(data))
    pieces = math.prod(math.ceil(length / step) for length, step in zip(data.shape, data.chunks, strict=True))
    return pieces * (1.01 * math.prod(data.chunks) * width(data) + 100.0)


def _walk(group: h5py.Group, where: str, found: Found, budget: list[int]) -> None:
    if where.count("/") > MOST_DEPTH:
        raise IntegrityError(f"{where}: groups nested deeper than any result has")
    _check_attributes(group, where or "/")
    for name in group:
        budget[0] -= 1
        if budget[0] < 0:
            raise IntegrityError("more objects than any result has")
        here = f"{where}/{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise IntegrityError(f"{where}/{name!r:.80}: a name that no result has; allowed: letters, digits and _")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError(f"{here}: a link that leaves its place; popdyn reads none")
        item = group[name]
        if isinstance(item, h5py.Group):
            _walk(item, here, found, budget)
        elif isinstance(item, h5py.Dataset):
            _check_dataset(item, here)
            found[here] = item
        else:
            raise IntegrityError(f"{here}: a stored type; popdyn reads none")


def _check_dataset(data: h5py.Dataset, where: str) -> None:
    layout = data.id.get_create_plist()
    if layout.get_external_count() or layout.get_layout() == h5py.h5d.VIRTUAL:
        raise IntegrityError(f"{where}: its data lie in another file; popdyn reads none")
    if not _plain(data.id.get_type()):
        raise IntegrityError(f"{where}: type {data.dtype}; allowed: numbers and text")
    filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    if not set(filters) <= FILTERS or len(set(filters)) != len(filters):
        raise IntegrityError(f"{where}: filters {filters}; allowed: gzip, shuffle, fletcher32, each once")
    if data.shape is None or data.ndim > MOST_DIMENSIONS:
        raise IntegrityError(f"{where}: shape {data.shape}; allowed: at most {MOST_DIMENSIONS} dimensions")
    chunk = math.prod(data.chunks or (1,)) * width(data)
    if chunk > max(FREE_BYTES, 2 * data.size * width(data)):
        raise IntegrityError(f"{where}: chunks of {chunk} bytes for {data.size} values")
    _check_attributes(data, where)


def _plain(kind: h5py.h5t.TypeID) -> bool:
    """Integers, floats of IEEE's sizes, truth values, and text; no compounds, references, arrays, opaque bytes."""
    if isinstance(kind, h5py.h5t.TypeEnumID):
        return bool(kind.dtype.kind == "b")
    if isinstance(kind, h5py.h5t.TypeFloatID):
        return kind.dtype.itemsize in (2, 4, 8) and kind.get_size() == kind.dtype.itemsize
    if isinstance(kind, h5py.h5t.TypeIntegerID):
        return kind.dtype.kind in "iu"
    return isinstance(kind, h5py.h5t.TypeStringID)


def _check_attributes(item: h5py.Group | h5py.Dataset, where: str) -> None:
    """Few, small, plain; dimension scales hold references, which are looked at apart."""
    if len(item.attrs) > MOST_ATTRIBUTES:
        raise IntegrityError(f"{where}: {len(item.attrs)} attributes; allowed: {MOST_ATTRIBUTES}")
    for name in item.attrs:
        attribute = item.attrs.get_id(name)
        declared = math.prod(attribute.shape or (1,)) * attribute.get_type().get_size()
        if declared > MOST_ATTRIBUTE_BYTES or len(str(name)) > 255:
            raise IntegrityError(f"{where}: attribute {name!r:.80} of {declared} bytes")
        if name not in REFERENCES and not _plain(attribute.get_type()):
            raise IntegrityError(
                f"{where}: attribute {name!r:.80} of type {attribute.dtype}; allowed: numbers and text"
            )


def _check_references(file: h5py.File, data: h5py.Dataset, where: str, found: Found) -> None:
    """Dimension scales are datasets of this file that have been looked at."""
    if "DIMENSION_LIST" not in data.attrs:
        return
    kind = h5py.check_vlen_dtype(data.attrs.get_id("DIMENSION_LIST").dtype)
    if kind is None or h5py.check_ref_dtype(kind) is not h5py.Reference:
        raise IntegrityError(f"{where}: dimension scales that are no references")
    for scales in data.attrs["DIMENSION_LIST"]:
        for scale in scales:
            if not scale or file[scale].name not in found:
                raise IntegrityError(f"{where}: a dimension scale that is not a dataset of this file")
