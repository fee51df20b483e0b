"""leases/<key>: who works on a key at the moment, so that no other does the same work.

Leases save double work and nothing else: whatever happens to them, results are right. What they promise:

- Of processes that ask at once for a free lease, one gets it.
- On its owner's machine a lease lasts as long as its owner runs; clocks are never asked.
- Elsewhere it lasts while its owner beats: its file's time is compared with that of a file touched now in the same
  folder, so that only the file system's own clock counts. A jump of that clock by more than `silent` can make a lease
  look silent and work be done twice; one that jumps back never keeps a dead owner's lease for longer than `silent`.
- Not promised: that nobody else ever holds a lease that was taken over in the same moment by two.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from popdyn.store.durable import disk_errors, file_clock, new_file, plain_bytes, write_file
from popdyn.store.keys import checked
from popdyn.store.processes import Process, runs, this_process
from popdyn.store.sealed import seal, unseal

SILENT = 600.0
"""A lease that nobody can ask about ends this long after its last beat [s]; owners beat ten times as often."""
MOST_BYTES = 1 << 14
State = Literal["held", "dead", "silent"]


@dataclass(frozen=True)
class Held:
    """A lease as others see it: owner (None where its file cannot be read), seconds since its last beat, state."""

    owner: Process | None
    age: float
    state: State


class Lease:
    """A lease that this process holds, from `acquire`. Beat it; release it, or leave it as a context."""

    def __init__(self, path: Path, content: bytes) -> None:
        self.path, self._content = path, content

    def beat(self) -> bool:
        """Say that the work goes on; False where the lease was lost to somebody."""
        with contextlib.suppress(OSError):
            if _content(self.path) == self._content:
                os.utime(self.path)
                return True
        return False

    def release(self) -> None:
        """Give the lease back; one that was lost stays its new owner's."""
        with contextlib.suppress(OSError):
            if _content(self.path) == self._content:
                self.path.unlink()

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def acquire(root: Path, key: str, *, silent: float = SILENT) -> Lease | None:
    """The lease of a key, taken over from a dead or silent owner if need be; None while somebody holds it.

    Raises ResourceError where the disk is full or closed.
    """
    path = _path(root, key)
    with disk_errors(root, "no lease was taken"):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lease = _taken(path)
        if lease is not None:
            return lease
        seen = _content(path)
        found = look(root, key, silent=silent)
        if found is not None and found.state == "held":
            return None
        if found is not None:
            _evict(path, seen)
        return _taken(path)


def look(root: Path, key: str, *, silent: float = SILENT, now: float | None = None) -> Held | None:
    """The lease of a key as others see it; None where there is none. `now`: a clock read before by `clock`."""
    path = _path(root, key)
    try:
        owner = _owner(path)
        age = (clock(root) if now is None else now) - path.lstat().st_mtime
    except FileNotFoundError:
        return None
    running = None if owner is None else runs(owner)
    if running is None:
        return Held(owner, age, "held" if abs(age) <= silent else "silent")
    return Held(owner, age, "held" if running else "dead")


def clock(root: Path) -> float:
    """The time of the store's file system [s]."""
    return file_clock(Path(root) / "leases")


def _path(root: Path, key: str) -> Path:
    return Path(root) / "leases" / checked(key)


def _owner(path: Path) -> Process | None:
    try:
        said = unseal(plain_bytes(path, MOST_BYTES))["owner"]
        return Process(str(said["host"]), str(said["boot"]), int(said["pid"]), str(said["start"]))
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _content(path: Path) -> bytes | None:
    try:
        return plain_bytes(path, MOST_BYTES)
    except (OSError, ValueError):
        return None


def _taken(path: Path) -> Lease | None:
    """The lease, where the name is free: filled first, then named by one call, so that no owner is ever unreadable."""
    content = seal({"owner": asdict(this_process()), "token": secrets.token_hex(16)})
    draft = path.with_name(f".draft-{secrets.token_hex(8)}")
    try:
        write_file(draft, content)
        return Lease(path, content) if new_file(draft, path) else None
    finally:
        draft.unlink(missing_ok=True)


def _evict(path: Path, seen: bytes | None) -> None:
    """Put a lease out of the way if it is the one that was looked at; somebody's newer one is put back."""
    aside = path.with_name(f".stale-{secrets.token_hex(8)}")
    with contextlib.suppress(FileNotFoundError):
        path.rename(aside)
        if _content(aside) != seen:
            with contextlib.suppress(OSError):
                os.link(aside, path)
        aside.unlink(missing_ok=True)
