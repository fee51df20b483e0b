"""What an HDF5 file may contain before popdyn reads its arrays (hard links to plain numbers or text)."""

from __future__ import annotations

from pathlib import Path

import h5py

from popdyn.errors import IntegrityError, UsageError

MAX_BYTES = 8 << 30
MAX_EXPANSION = 1100
MAX_OBJECTS = 10_000
_FILTERS = {"gzip", None}


def refuse_hostile(path: Path) -> None:
    """Raise IntegrityError unless every object is a hard link to plain stored data of a bounded size.

    UsageError: there is no such file.
    """
    try:
        with h5py.File(path, "r") as file:
            _walk(file, str(path), depth=0, budget=[MAX_OBJECTS])
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file; allowed: a result that popdyn wrote (.h5)") from None
    except IntegrityError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise IntegrityError(f"{path}: not a readable result file ({error})") from error


def _walk(group: h5py.Group, where: str, depth: int, budget: list[int]) -> None:
    if depth > 4:
        raise IntegrityError(f"{where}: groups nested deeper than any result has")
    for name in group:
        budget[0] -= 1
        if budget[0] < 0:
            raise IntegrityError(f"{where}: more than {MAX_OBJECTS} objects")
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise IntegrityError(f"{where}/{name}: a link that leaves its place; results contain none")
        item = group[name]
        if isinstance(item, h5py.Group):
            _walk(item, f"{where}/{name}", depth + 1, budget)
        elif isinstance(item, h5py.Dataset):
            _check_dataset(item, f"{where}/{name}")
        else:
            raise IntegrityError(f"{where}/{name}: a stored type; results contain none")


def _check_dataset(data: h5py.Dataset, where: str) -> None:
    if data.external or data.is_virtual:
        raise IntegrityError(f"{where}: its data lie in another file; results contain their data")
    text = h5py.check_string_dtype(data.dtype) is not None
    if not text and data.dtype.kind not in "iufbS":
        raise IntegrityError(f"{where}: type {data.dtype}; allowed: numbers and text")
    if data.compression not in _FILTERS or data.ndim > 4:
        raise IntegrityError(f"{where}: compression {data.compression}, {data.ndim}-D; allowed: gzip, at most 4-D")
    size = data.size * data.dtype.itemsize
    stored = data.id.get_storage_size()
    if size > MAX_BYTES or (size > 1 << 20 and size > MAX_EXPANSION * stored):
        raise IntegrityError(f"{where}: declares {size} bytes and stores {stored}")
