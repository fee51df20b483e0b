"""Chosen objects of a store as a folder, a zip or a tar: itself a store, with EXPORT.json, which lists every file."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from popdyn.errors import IntegrityError, UsageError
from popdyn.store import label, manifest
from popdyn.store.durable import disk_errors, remove, sync
from popdyn.store.keys import job_key
from popdyn.store.listing import LISTING, SCHEMA, key_of, member, read_listing
from popdyn.store.members import PACKED, Member, members, pack, unbroken
from popdyn.store.sealed import seal
from popdyn.store.store import Store
from popdyn.types import Progress

Read = Callable[[Path], object]


def export(store: Store, keys: list[str], to: Path, progress: Progress | None = None) -> int:
    """Copy objects to `to`: a zip or tar by its ending, else a folder; bytes of results.

    The whole copy is compared with its list before it gets its name. Raises UsageError where something is there already
    or nothing is chosen, IntegrityError for a damaged object (which goes to quarantine), ResourceError for a full disk.
    """
    if os.path.lexists(to) or not to.parent.is_dir():
        raise UsageError(f"{to}: allowed: a new name in a folder that is there; nothing is ever overwritten")
    if not keys:
        raise UsageError("export: no object is chosen; `popdyn store ls` with the same filters shows what is there")
    listing = _listing(store, keys, progress)
    draft = to.with_name(f".{secrets.token_hex(8)}-{to.name}")
    with disk_errors(to.parent, f"{to} was not written"):
        try:
            pack(draft, _contents(store, listing, progress))
            check(draft)
            draft.rename(to)
            sync(to.parent)
        finally:
            remove(draft)
    return sum(item["bytes"] for item in listing["files"].values())


def check(path: Path) -> dict[str, Any]:
    """Compare every file of an archive with its list; the list.

    Raises IntegrityError for the first difference, UsageError for an archive of a newer popdyn.
    """
    listing = _list_of(path)
    left = dict(listing["files"])
    for name, file in members(path):
        if name == LISTING:
            continue
        if name not in left:
            raise IntegrityError(f"{path}: holds {name!r}, which is not in its list, or is there twice")
        listed = left.pop(name)
        with unbroken(path):
            found = manifest.describe_stream(file, listed["bytes"])
        if found != listed:
            raise IntegrityError(f"{path}: {name} is not what its list says")
    if left:
        raise IntegrityError(f"{path}: lacks {min(left)}")
    return listing


def bring_in(store: Store, path: Path, read: Read, progress: Progress | None = None) -> list[str]:
    """Publish the objects of an archive in a store, each as any result; the keys that were not there before.

    An object is refused, and nothing more is brought in, where a file is not what its manifest says, where the key is
    not that of the manifest's job, or where `read` raises. Names in the archive are never used as paths.
    """
    keys = check(path)["keys"]
    new = []
    files = ((name, file) for name, file in members(path) if key_of(name))
    for number, (key, group) in enumerate(groupby(files, lambda item: key_of(item[0]))):
        if progress is not None:
            progress(number / len(keys), f"bringing in: {number} of {len(keys)}")
        new += [key] if store.find(key) is None else []
        store.adopt(key, partial(_unpack, group), partial(_accept, key, read))
    return new


def _unpack(group: Iterator[Member], draft: Path) -> None:
    for name, file in group:
        with (draft / name.rpartition("/")[2]).open("xb") as target:
            shutil.copyfileobj(file, target)


def _accept(key: str, read: Read, draft: Path) -> None:
    job = manifest.read(draft, key).get("job")
    if not isinstance(job, dict) or job_key(job) != key:
        raise IntegrityError(f"{key}: the job in its manifest has another key; it was not brought in")
    read(draft)


def _listing(store: Store, keys: list[str], progress: Progress | None) -> dict[str, Any]:
    text = label.text()
    files = {label.NAME: manifest.describe_stream(io.BytesIO(text), len(text))}
    for number, key in enumerate(keys):
        if progress is not None:
            progress(0.5 * number / len(keys), f"verifying: {number} of {len(keys)}")
        place = store.find(key)
        if place is None:
            raise UsageError(f"{key}: is not in {store.root}")
        files |= {member(key, path.name): manifest.describe(path) for path in sorted(place.iterdir())}
    return {"schema": SCHEMA, "keys": sorted(keys), "files": files}


def _contents(store: Store, listing: dict[str, Any], progress: Progress | None) -> Iterator[tuple[str, int, BinaryIO]]:
    """Name, size, content: the list first."""
    text = seal(listing)
    yield LISTING, len(text), io.BytesIO(text)
    yield label.NAME, len(label.text()), io.BytesIO(label.text())
    names = sorted(name for name in listing["files"] if key_of(name))
    for number, name in enumerate(names):
        if progress is not None:
            progress(0.5 + 0.5 * number / len(names), f"copying: {number} of {len(names)} files")
        with (store.root / name).open("rb") as file:
            yield name, listing["files"][name]["bytes"], file


def _list_of(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise UsageError(f"{path}: there is no such file; allowed: a folder, {', '.join(PACKED)} that popdyn exported")
    for name, file in members(path):
        if name == LISTING:
            with unbroken(path):
                return read_listing(path, file)
    raise IntegrityError(f"{path}: has no {LISTING}: popdyn did not export it")
