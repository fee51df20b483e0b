"""index.sqlite: what the manifests say, for quick lists. A cache: made anew whenever it is not what it should be.

It is up to date when the time of every shelf (objects/ab) is the one that it has noted; of shelves that differ, objects
whose folder changed are read again. The file is never written in place but replaced whole, so that it needs no locks.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
from pathlib import Path

from popdyn.store.durable import file_clock, sync
from popdyn.store.entries import Entry, read_entry
from popdyn.store.filters import Filter
from popdyn.store.keys import is_key
from popdyn.types import Progress

NAME = "index.sqlite"
SCHEMA = 1
UNSETTLED = 2.0
"""A shelf that changed less than this ago [s] is not noted: file times are coarse."""
_TABLES = (
    "CREATE TABLE shelf (name TEXT PRIMARY KEY, changed INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE object (key TEXT PRIMARY KEY, made TEXT NOT NULL, bytes INTEGER NOT NULL, spec TEXT NOT NULL, "
    "protocol TEXT NOT NULL, rung TEXT NOT NULL, backend TEXT NOT NULL, fault TEXT NOT NULL, folder TEXT NOT NULL) "
    "WITHOUT ROWID",
)
_COLUMNS = ", ".join(Entry._fields)


def entries(root: Path, wanted: Filter | None = None, progress: Progress | None = None) -> list[Entry]:
    """Objects of a store in the order of their keys, after bringing the index up to date."""
    where, values = (wanted or Filter()).sql()
    question = f"SELECT {_COLUMNS} FROM object WHERE {where} ORDER BY key"  # noqa: S608
    try:
        with contextlib.closing(_current(root, progress)) as index:
            return [Entry._make(row) for row in index.execute(question, values)]
    except (sqlite3.DatabaseError, ValueError):
        with contextlib.closing(_updated(None, root, progress)) as index:
            return [Entry._make(row) for row in index.execute(question, values)]


def refresh(root: Path) -> None:
    """Bring the index up to date, so that the next list need not; a disk that hinders it is told by that list."""
    with contextlib.suppress(OSError):
        try:
            _current(root, None).close()
        except (sqlite3.DatabaseError, ValueError):
            _updated(None, root, None).close()


def reindex(root: Path, progress: Progress | None = None) -> tuple[int, int]:
    """Make the index anew; how many objects it has, and of how many the manifest could not be read."""
    with contextlib.closing(_updated(None, root, progress)) as index:
        found = index.execute("SELECT count(*), count(nullif(fault, '')) FROM object").fetchone()
    return int(found[0]), int(found[1])


def _current(root: Path, progress: Progress | None) -> sqlite3.Connection:
    """The stored index where it is up to date, else one that is.

    Raises sqlite3.DatabaseError or ValueError where the stored one is damaged or none.
    """
    stored = _opened(root)
    try:
        if dict(stored.execute("SELECT name, changed FROM shelf")) == _shelves(root):
            return stored
        updated = _updated(stored, root, progress)
    except BaseException:
        stored.close()
        raise
    stored.close()
    return updated


def _opened(root: Path) -> sqlite3.Connection:
    path = root / NAME
    if path.is_symlink() or not path.is_file():
        raise ValueError("no index")
    index = sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True, isolation_level=None)
    tables = index.execute("SELECT sql FROM sqlite_master ORDER BY rowid").fetchall()
    version = index.execute("PRAGMA user_version").fetchone()
    if tables != [(text,) for text in _TABLES] or version != (SCHEMA,):
        index.close()
        raise ValueError("an index of another schema")
    return index


def _updated(stored: sqlite3.Connection | None, root: Path, progress: Progress | None) -> sqlite3.Connection:
    """An index in memory, brought up to date from a stored one or from nothing, and stored if the disk takes it."""
    index = sqlite3.connect(":memory:", isolation_level=None)
    if stored is None:
        for table in _TABLES:
            index.execute(table)
        index.execute(f"PRAGMA user_version = {SCHEMA}")
    else:
        stored.backup(index)
    index.execute("BEGIN")
    _refresh(index, root, progress)
    index.execute("COMMIT")
    with contextlib.suppress(OSError, sqlite3.Error):
        _keep(index, root)
    return index


def _keep(index: sqlite3.Connection, root: Path) -> None:
    draft = root / f".index-{secrets.token_hex(8)}"
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as copy:
            copy.execute("PRAGMA journal_mode = OFF")
            index.backup(copy)
        sync(draft)
        draft.replace(root / NAME)
    finally:
        draft.unlink(missing_ok=True)


def _refresh(index: sqlite3.Connection, root: Path, progress: Progress | None) -> None:
    noted, found = dict(index.execute("SELECT name, changed FROM shelf")), _shelves(root)
    settled = (file_clock(root) - UNSETTLED) * 1e9
    changed = sorted(name for name in found if noted.get(name) != found[name])
    for number, name in enumerate(changed):
        if progress is not None:
            progress(number / len(changed), f"reading manifests: {number} of {len(changed)} shelves")
        _read_shelf(index, root, name)
        index.execute("INSERT OR REPLACE INTO shelf VALUES (?, ?)", (name, found[name] if found[name] < settled else 0))
    for name in set(noted) - set(found):
        index.execute("DELETE FROM object WHERE substr(key, 1, 2) = ?", (name,))
        index.execute("DELETE FROM shelf WHERE name = ?", (name,))


def _read_shelf(index: sqlite3.Connection, root: Path, shelf: str) -> None:
    query = "SELECT key, folder FROM object WHERE key >= ? AND key < ?"
    noted, found = dict(index.execute(query, (shelf, shelf + "g"))), _objects(root, shelf)
    index.executemany("DELETE FROM object WHERE key = ?", ((key,) for key in set(noted) - set(found)))
    fresh = [key for key, folder in found.items() if noted.get(key) != folder]
    marks = ", ".join("?" * (len(Entry._fields) + 1))
    rows = ((*read_entry(root / "objects" / shelf / key, key), found[key]) for key in fresh)
    index.executemany(f"INSERT OR REPLACE INTO object ({_COLUMNS}, folder) VALUES ({marks})", rows)  # noqa: S608


def _shelves(root: Path) -> dict[str, int]:
    """Shelves and when they changed [ns]."""
    try:
        with os.scandir(root / "objects") as scan:
            return {
                entry.name: entry.stat(follow_symlinks=False).st_mtime_ns
                for entry in scan
                if len(entry.name) == 2 and is_key(entry.name * 32) and entry.is_dir(follow_symlinks=False)
            }
    except FileNotFoundError:
        return {}


def _objects(root: Path, shelf: str) -> dict[str, str]:
    """Keys of a shelf, and what changes when an object's folder is replaced."""
    found = {}
    with os.scandir(root / "objects" / shelf) as scan:
        for entry in scan:
            if is_key(entry.name) and entry.name[:2] == shelf:
                status = entry.stat(follow_symlinks=False)
                found[entry.name] = f"{status.st_ino}.{status.st_mtime_ns}"
    return dict(sorted(found.items()))
