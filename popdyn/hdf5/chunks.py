"""Packed chunks unpack to exactly their size: HDF5 itself trusts them, past the end of its buffers.

A chunk that unpacks to more floods memory whatever its dataset declares; of one that unpacks to less HDF5 reads on into
memory that is not its data.
"""

from __future__ import annotations

import math
import zlib
from typing import Any

import h5py

from popdyn.errors import IntegrityError
from popdyn.hdf5.guard import width

MOST_CHUNKS = 1_000_000
_CHECKSUM = 4


def check_chunks(data: h5py.Dataset, where: str) -> None:
    """Raise IntegrityError for a chunk that is not what its dataset declares; at most one is held in memory."""
    layout = data.id.get_create_plist()
    filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    if not filters:
        return
    size = math.prod(data.chunks) * width(data)
    for info in _chunks(data, where):
        mask, content = data.id.read_direct_chunk(info.chunk_offset)
        if _unpacked(content, filters, mask, size) != size:
            raise IntegrityError(f"{where}: a chunk that does not unpack to its {size} bytes")


def _chunks(data: h5py.Dataset, where: str) -> list[Any]:
    found: list[Any] = []
    data.id.chunk_iter(found.append)
    if len(found) > MOST_CHUNKS:
        raise IntegrityError(f"{where}: {len(found)} chunks; allowed: {MOST_CHUNKS}")
    return found


def _unpacked(content: bytes, filters: list[int], mask: int, most: int) -> int:
    """Length of a chunk once its filters are undone, last first; of more than `most`, somewhat more than it."""
    length, packed = len(content), True
    for index in reversed(range(len(filters))):
        if mask >> index & 1:  # left out for this chunk
            continue
        if filters[index] == h5py.h5z.FILTER_FLETCHER32:
            length -= _CHECKSUM
        elif filters[index] == h5py.h5z.FILTER_DEFLATE and packed:
            length, packed = len(_inflated(content[:length], most + _CHECKSUM + 1)), False
    return length


def _inflated(content: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(content, most)
    except zlib.error:
        return b""
