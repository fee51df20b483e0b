"""The store: objects/ab/<key>/{result.h5, manifest.json, log.txt}, each published by one rename of its directory."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from popdyn.errors import IntegrityError, UsageError
from popdyn.store import manifest, staging
from popdyn.store.durable import disk_errors, new_folder, reading, remove, sync
from popdyn.store.keys import checked, is_key
from popdyn.store.label import check_label, write_label

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
        check_label(self.root)

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

        Raises IntegrityError for a damaged object, after moving it to quarantine/: the next call finds none. UsageError
        for one of a newer schema, ResourceError for one that the disk does not give: both stay as they are.
        """
        place = self._shelved(key)
        try:
            inode = place.lstat().st_ino
            stamp = _stamp(place)
            if self._verified.get(key) != stamp:
                manifest.verify(place, key)
                self._verified[key] = stamp
        except FileNotFoundError:
            return self.find(key) if place.is_dir() else None
        except IntegrityError as error:
            raise IntegrityError(f"{error}; {self._put_away(place, key, inode)}") from error
        return place

    def compare(self, key: str) -> Path:
        """The object's directory, every file compared, whatever was compared before; nothing is moved.

        Raises as `find` does, and FileNotFoundError where there is none.
        """
        place = self._shelved(key)
        _stamp(place)
        manifest.verify(place, key)
        return place

    def publish(self, key: str, write: Write, said: Mapping[str, Any]) -> Path:
        """Let `write(directory)` fill a directory, and publish it under the key with `said` in its manifest.

        Where the key is published already, equal files are fine; different ones are kept in quarantine/ and raise
        IntegrityError: one key must mean one result. ResourceError: the disk is full, closed or failing.
        """

        def describe(draft: Path) -> dict[str, Any]:
            (draft / manifest.LOG).touch()
            made = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            document = manifest.write(draft, key, {"made": made, **said})
            if not manifest.payload(document):
                raise UsageError(f"{key}: nothing was written to publish")
            return document

        return self._publish(key, write, describe)

    def adopt(self, key: str, write: Write, accept: Callable[[Path], object]) -> Path:
        """As `publish`, for an object with its manifest: `write` fills a directory with both, `accept` may refuse them.

        Raises IntegrityError where the files are not what the manifest says.
        """

        def describe(draft: Path) -> dict[str, Any]:
            document = manifest.verify(draft, key)
            accept(draft)
            return document

        return self._publish(key, write, describe)

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

    def put_away(self, key: str) -> str:
        """Move a damaged object to quarantine/; what was done, in words."""
        place = self._shelved(key)
        return self._put_away(place, key, place.lstat().st_ino)

    def sweep(self) -> int:
        """Remove what killed processes of this machine left in staging/; how many there were."""
        return staging.sweep(self.root)

    def _shelved(self, key: str) -> Path:
        """The path of a key, on a shelf of the store itself: what lies behind a link is not ours to read or move."""
        place = self.path(key)
        with reading(place.parent):
            foreign = place.parent.is_symlink() or (place.parent.exists() and not place.parent.is_dir())
        if foreign:
            raise IntegrityError(f"{place.parent}: not a folder of the store itself; nothing was changed")
        return place

    def _publish(self, key: str, write: Write, describe: Callable[[Path], dict[str, Any]]) -> Path:
        place = self._shelved(key)
        with disk_errors(self.root):
            new_folder(self.root / "objects")
            write_label(self.root)
            staging.sweep(self.root)
            draft = staging.new_draft(self.root, key)
            try:
                write(draft)
                document = describe(draft)
                for path in draft.iterdir():
                    sync(path)
                    path.chmod(0o400)
                sync(draft)
                new_folder(place.parent)
                return self._rename(draft, place, key, document)
            finally:
                remove(draft)

    def _rename(self, draft: Path, place: Path, key: str, document: Mapping[str, Any]) -> Path:
        try:
            draft.rename(place)
        except OSError:
            if not place.is_dir():
                raise
            self._compare(draft, place, key, document)
        with disk_errors(self.root, f"{place} is published, and the disk may not have it for good"):
            sync(place.parent)
            with contextlib.suppress(FileNotFoundError):
                place.chmod(0o500)
        return place

    def _compare(self, draft: Path, place: Path, key: str, document: Mapping[str, Any]) -> None:
        """Somebody published the key first."""
        found = self.find(key)
        if found is None:
            self._rename(draft, place, key, document)
        elif manifest.payload(manifest.read(found, key)) != manifest.payload(document):
            kept = self._quarantine(draft, key)
            raise IntegrityError(f"{found}: the same job gave other bytes now, kept in {kept}: it is not deterministic")

    def _put_away(self, place: Path, key: str, inode: int) -> str:
        """Move a damaged object out of the way, and say so; one that took its place meanwhile is put back."""
        try:
            kept = self._quarantine(place, key)
            if kept.lstat().st_ino != inode:
                kept.rename(place)
                return "another took its place meanwhile"
        except FileNotFoundError:
            return "somebody else has moved it"
        except OSError as error:
            return f"it could not be moved to quarantine/ ({error.strerror}) and must not be used"
        return f"moved to {kept}; running again computes it anew"

    def _quarantine(self, directory: Path, key: str) -> Path:
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        kept = self.root / "quarantine" / f"{key}-{when}-{secrets.token_hex(4)}"
        new_folder(kept.parent)
        self._verified.pop(key, None)
        if not directory.is_symlink():
            directory.chmod(0o700)
        directory.rename(kept)
        return kept


def _sorted_names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _stamp(directory: Path) -> Stamp:
    """What changes when a file is replaced or written: names, inodes, times, sizes."""
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise IntegrityError(f"{directory}: not a folder of the store itself")
    with reading(directory), os.scandir(directory) as scan:
        entries = sorted((entry.name, entry.stat(follow_symlinks=False)) for entry in scan)
    return tuple((name, status.st_ino, status.st_mtime_ns, status.st_size) for name, status in entries)
