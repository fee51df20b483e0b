"""Compiled inner loops. They take arrays and know no model by name.

numba's disk cache does not notice an edit in a helper of another file, so the cache folder carries the hash of this
folder's sources: an edited kernel never meets a stale one.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path


def _sources_hash() -> str:
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, else the user's cache folder, by hash of the sources."""
    base = os.environ.get("NUMBA_CACHE_DIR")
    if base is None:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "popdyn", "numba")
    return Path(base) / _sources_hash()


def _use_cache_directory() -> None:
    import numba

    folder = cache_directory()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:  # read-only home: compile in memory, every time
        return
    numba.config.CACHE_DIR = str(folder)


_use_cache_directory()
