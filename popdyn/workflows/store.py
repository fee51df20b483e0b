"""Look after a store: list, verify, clean, export, bring in. What `popdyn store` calls."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from popdyn.errors import IntegrityError, ResourceError, UsageError
from popdyn.store import Store, archive, garbage, index
from popdyn.store import check as checking
from popdyn.store.durable import disk_errors
from popdyn.store.entries import Entry
from popdyn.store.filters import Filter
from popdyn.store.label import check_label
from popdyn.types import Progress

PARTIAL = 3


def open_store(root: str | Path | None) -> Store:
    """A store that is there.

    Raises UsageError where there is none.
    """
    store = Store(root)
    if not check_label(store.root):
        raise UsageError(f"{store.root}: there is no store; `--store` or $POPDYN_STORE says where it is")
    return store


def list_store(root: str | Path | None, wanted: Filter, progress: Progress | None = None) -> list[Entry]:
    """What the manifests say of the objects that are wanted; their files are not looked at."""
    return index.entries(open_store(root).root, wanted, progress)


def verify_store(
    root: str | Path | None, wanted: Filter, *, share: float = 1.0, seed: int | None = None, deep: bool = False,
    quarantine: bool = False, progress: Progress | None = None,
) -> checking.Verdicts:  # fmt: skip
    """Compare files with manifests; `deep`: results are read as well, in a process of their own."""
    store = open_store(root)
    keys = list(store.keys()) if wanted.everything else [e.key for e in index.entries(store.root, wanted, progress)]
    read = read_result if deep else None
    return checking.verify(
        store, keys, share=share, seed=seed, read=read, quarantine=quarantine, progress=progress
    )  # fmt: skip


def exit_code(found: checking.Verdicts) -> int:
    """5 where something is damaged, 4 where the disk does not give it, 3 where it is of a newer schema, else 0."""
    if found.damaged:
        return IntegrityError.exit_code
    if found.unreadable:
        return ResourceError.exit_code
    return PARTIAL if found.newer else 0


def clean_store(
    root: str | Path | None, wanted: Filter | None, *, quarantine: float, really: bool, progress: Progress | None = None
) -> tuple[list[garbage.Waste], list[garbage.Waste]]:
    """What can go, and what of it stayed although it was to go. `wanted`: objects that shall go too.

    Raises UsageError for a filter that means all objects.
    """
    store = open_store(root)
    if wanted is not None and wanted.everything:
        raise UsageError(
            "--objects: got no filter; allowed: with --key, --spec, --protocol, --rung, --backend or an age"
        )
    keys = [e.key for e in index.entries(store.root, wanted, progress)] if wanted is not None else []
    found = list(garbage.waste(store, quarantine=quarantine, objects=keys))
    if not really:
        return found, []
    with disk_errors(store.root, "what could not be removed stays as it was"):
        return found, [item for item in found if not garbage.discard(store, item)]


def export_store(
    root: str | Path | None, to: Path, wanted: Filter, progress: Progress | None = None
) -> tuple[Sequence[str], int]:
    """Copy objects to a folder, a zip or a tar; their keys, and bytes."""
    store = open_store(root)
    keys = [entry.key for entry in index.entries(store.root, wanted, progress)]
    return keys, archive.export(store, keys, Path(to).absolute(), progress)


def import_store(root: str | Path | None, path: Path, progress: Progress | None = None) -> list[str]:
    """Bring the objects of an archive in, each result read apart first; keys that were not there before."""
    return archive.bring_in(Store(root), path, read_result, progress)


def reindex_store(root: str | Path | None, progress: Progress | None = None) -> tuple[int, int]:
    """Make the index anew; how many objects, and how many manifests that cannot be read."""
    return index.reindex(open_store(root).root, progress)


def read_result(place: Path) -> dict[str, Any]:
    """What the results of an object hold; raises what reading them raises."""
    from popdyn.hdf5 import read_apart

    return {path.name: read_apart(path) for path in sorted(place.glob("*.h5"))}
