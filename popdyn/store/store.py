"""The store: objects/ab/<key>/{result.h5, manifest.json, log.txt}, each published by one rename of its directory."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from popdyn.errors import IntegrityError, UsageError
from popdyn.store import manifest
from popdyn.store.durable import disk_errors, remove, sync
from popdyn.store.keys import checked, is_key

FORMAT = 1
Write = Callable[[Path], None]
Stamp = tuple[tuple[str, int, int, int], ...]


def default_root() -> Path:
    """$POPDYN_STORE, or popdyn_store in the current directory."""
    return Path(os.environ.get("POPDYN_STORE") or "popdyn_store").absolute()


class Store:
    """Results by key. Killed at any moment, a result is either absent or whole.

    Several processes and machines may use one store at once: the rename is all they share.
    """

    def __init__(self, root: str | Path | None = None) -> None:
        self.root = Path(root).absolute() if root is not None else default_root()
        self._verified: dict[str, Stamp] = {}
        self._check_format()

    def path(self, key: str) -> Path:
        """Where the object of a key lies, or would lie."""
        return self.root / "objects" / checked(key)[:2] / key

    def keys(self) -> Iterator[str]:
        """Keys of all objects in order, none of them read or verified: some 10^6 per second."""
        objects = self.root / "objects"
        for shelf in _sorted_names(objects):
            yield from (name for name in _sorted_names(objects / shelf) if is_key(name) and name[:2] == shelf)

    def find(self, key: str) -> Path | None:
        """The object's directory, every file compared with its manifest; None when there is none.

        Raises IntegrityError for a damaged object, after moving it to quarantine/: the next call finds none.
        """
        place = self.path(key)
        if not place.is_dir():
            return None
        try:
            stamp = _stamp(place)
            if self._verified.get(key) != stamp:
                manifest.verify(place, key)
                self._verified[key] = stamp
        except FileNotFoundError:
            return self.find(key) if place.is_dir() else None
        except IntegrityError as error:
            kept = self._quarantine(place, key)
            raise IntegrityError(f"{error}; moved to {kept}; running again computes it anew") from error
        return place

    def publish(self, key: str, write: Write, said: Mapping[str, Any]) -> Path:
        """Let `write(directory)` fill a directory, and publish it under the key with `said` in its manifest.

        Where the key is published already, equal files are fine; different ones are kept in quarantine/ and raise
        IntegrityError: one key must mean one result.
        """
        place = self.path(key)
        with disk_errors(self.root):
            self._prepare()
            staging = self.root / "staging" / f"{key}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
            staging.mkdir(mode=0o700)
            try:
                write(staging)
                document = self._seal(staging, key, said)
                place.parent.mkdir(mode=0o700, exist_ok=True)
                return self._rename(staging, place, key, document)
            finally:
                remove(staging)

    def obtain(
        self, key: str, write: Write, said: Mapping[str, Any], damaged: Callable[[IntegrityError], None] | None = None
    ) -> Path:
        """The published object of a key; where there is none, or it is damaged (`damaged` is told), it is made."""
        try:
            found = self.find(key)
        except IntegrityError as error:
            if damaged is not None:
                damaged(error)
            found = None
        return found if found is not None else self.publish(key, write, said)

    def sweep(self) -> int:
        """Remove what killed processes of this machine left in staging/; how many there were."""
        host, gone = socket.gethostname(), 0
        for left in (self.root / "staging").glob("*-*-*-*"):
            _, *middle, pid, _ = left.name.split("-")
            if "-".join(middle) == host and pid.isdigit() and not _alive(int(pid)):
                remove(left)
                gone += 1
        return gone

    def _seal(self, staging: Path, key: str, said: Mapping[str, Any]) -> dict[str, Any]:
        (staging / manifest.LOG).touch()
        document = manifest.write(staging, key, said)
        if not manifest.payload(document):
            raise UsageError(f"{key}: nothing was written to publish")
        for path in staging.iterdir():
            sync(path)
            path.chmod(0o400)
        sync(staging)
        return document

    def _rename(self, staging: Path, place: Path, key: str, document: Mapping[str, Any]) -> Path:
        try:
            staging.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            return self._compare(staging, place, key, document)
        sync(place.parent)
        place.chmod(0o500)
        return place

    def _compare(self, staging: Path, place: Path, key: str, document: Mapping[str, Any]) -> Path:
        """Somebody published the key first."""
        found = self.find(key)
        if found is None:
            return self._rename(staging, place, key, document)
        if manifest.payload(manifest.read(found, key)) != manifest.payload(document):
            kept = self._quarantine(staging, key)
            raise IntegrityError(f"{found}: the same job gave other bytes now, kept in {kept}: it is not deterministic")
        return found

    def _quarantine(self, directory: Path, key: str) -> Path:
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        kept = self.root / "quarantine" / f"{key}-{when}-{secrets.token_hex(4)}"
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            directory.chmod(0o700)
            directory.rename(kept)
        self._verified.pop(key, None)
        return kept

    def _prepare(self) -> None:
        for name in ("objects", "staging"):
            (self.root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
        label = self.root / "STORE.toml"
        if not label.exists():
            draft = self.root / f".STORE-{secrets.token_hex(4)}"
            draft.write_text(f"# A store of popdyn results.\nformat = {FORMAT}\n")
            draft.replace(label)
        self.sweep()

    def _check_format(self) -> None:
        import tomllib

        label = self.root / "STORE.toml"
        if not label.exists():
            return
        try:
            found = tomllib.loads(label.read_text(encoding="utf-8"))["format"]
        except (ValueError, KeyError) as error:
            raise IntegrityError(f"{label}: not a readable store label ({error})") from error
        if not isinstance(found, int) or found > FORMAT:
            raise UsageError(f"{self.root}: a store of format {found}; allowed: up to {FORMAT}; use a newer popdyn")


def _sorted_names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _stamp(directory: Path) -> Stamp:
    """What changes when a file is replaced or written: names, inodes, times, sizes."""
    entries = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in os.scandir(directory))
    return tuple((name, status.st_ino, status.st_mtime_ns, status.st_size) for name, status in entries)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
