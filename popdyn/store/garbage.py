"""What a store can do without: what dead writers left, old quarantine, and objects that somebody names.

Nothing that a living process writes is ever named: drafts of other machines count as living until nothing in them has
changed for a week, by the file system's own clock.
"""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from popdyn.store import leases, staging
from popdyn.store.durable import file_clock, remove
from popdyn.store.keys import is_key
from popdyn.store.store import Store

DAY = 86400.0
UNKNOWN = 7 * DAY
"""Drafts whose writer cannot be asked are kept this long after their last change [s]."""
FORGOTTEN = 3600.0
"""Files that live for a moment only are waste after this [s]."""


@dataclass(frozen=True)
class Waste:
    """Something that can go: where, what kind, why, how much [byte]."""

    path: Path
    kind: str
    why: str
    bytes: int


def waste(store: Store, *, quarantine: float = 30 * DAY, objects: Iterable[str] = ()) -> Iterator[Waste]:
    """What can go now; nothing is changed. `quarantine`: how long damaged results are kept [s]; `objects`: keys."""
    now = file_clock(store.root)
    yield from _drafts(store.root, now)
    for path in _inside(store.root / "quarantine"):
        age = now - max(path.lstat().st_ctime, path.lstat().st_mtime)
        if age > quarantine:
            yield Waste(path, "quarantine", f"put away {age / DAY:.0f} days ago", size(path))
    yield from _leases(store.root, now)
    yield from _moments(store.root, now)
    for key in objects:
        held = leases.look(store.root, key, now=now)
        if held is None or held.state != "held":
            yield Waste(store.path(key), "object", "named", size(store.path(key)))


def discard(store: Store, item: Waste) -> bool:
    """Remove something that `waste` named; whether it is gone. Objects leave their place by one rename first."""
    if item.kind == "staging" and any(d.path == item.path and d.alive for d in staging.drafts(store.root)):
        return False
    path = item.path
    if item.kind == "object":
        path = staging.new_draft(store.root, item.path.name) / "object"
        item.path.chmod(0o700)
        item.path.rename(path)
        path = path.parent
    remove(path)
    return not os.path.lexists(path)


def size(path: Path) -> int:
    """Bytes of the plain files below a path, no link followed."""
    if not path.is_dir() or path.is_symlink():
        return _length(path)
    return sum(_length(Path(folder) / name) for folder, _, names in os.walk(path) for name in names)


def _drafts(root: Path, now: float) -> Iterator[Waste]:
    for draft in staging.drafts(root):
        if draft.alive is False:
            yield Waste(draft.path, "staging", "its writer has died", size(draft.path))
        elif draft.alive is None and (age := now - _newest(draft.path)) > UNKNOWN:
            yield Waste(draft.path, "staging", f"unchanged for {age / DAY:.0f} days", size(draft.path))


def _leases(root: Path, now: float) -> Iterator[Waste]:
    for path in _inside(root / "leases"):
        held = leases.look(root, path.name, now=now) if is_key(path.name) else None
        if held is not None and held.state != "held":
            yield Waste(path, "lease", f"its owner is {held.state}", size(path))


def _moments(root: Path, now: float) -> Iterator[Waste]:
    """Drafts of small files, probes of the clock: each lives for milliseconds."""
    for pattern in (".STORE-*", ".index-*", ".clock-*", "leases/.*", "failures/*/.draft-*"):
        for path in sorted(root.glob(pattern)):
            if now - path.lstat().st_mtime > FORGOTTEN:
                yield Waste(path, "draft", "forgotten by a writer that died", size(path))


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []


def _newest(path: Path) -> float:
    """When anything below a path changed last; what vanishes meanwhile is changing now."""
    try:
        folders = () if path.is_symlink() else os.walk(path)
        below = (Path(folder) / name for folder, _, names in folders for name in names)
        return max(one.lstat().st_mtime for one in (path, *below))
    except FileNotFoundError:
        return math.inf


def _length(path: Path) -> int:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0
