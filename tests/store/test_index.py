"""The index is a cache: right whatever happens to it, and quick enough for a thousand results (10^5: a slow row)."""

import os
import shutil
import sqlite3
import tracemalloc

import pytest

from popdyn.errors import UsageError
from popdyn.store import Store
from popdyn.store import index as index_file
from popdyn.store.durable import remove
from popdyn.store.filters import Filter, seconds
from popdyn.store.index import entries, reindex
from popdyn.store.sealed import seal

from .damage import rewrite
from .many import fabricate
from .toy_writer import key_of, publish


@pytest.fixture
def root(tmp_path):
    fabricate(tmp_path / "store", 40)
    return tmp_path / "store"


def keys(root, **wanted):
    return [entry.key for entry in entries(root, Filter(**wanted))]


def all_of(numbers):
    return sorted(key_of(number) for number in numbers)


def settled(root):
    """As if everything had been written long ago."""
    for shelf in (root / "objects").iterdir():
        os.utime(shelf, (1e9, 1e9))


def test_what_manifests_say_is_listed(root):
    found = {entry.key: entry for entry in entries(root)}
    assert sorted(found) == all_of(range(40))
    entry = found[key_of(8)]
    assert entry == (key_of(8), "2026-01-09T00:00:00Z", len(b"result 8"), "toy 1", "step 2", "spiking", "numpy", "")


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"spec": "toy 3"}, range(3, 40, 7)),
        ({"spec": "toy*"}, range(40)),
        ({"spec": "t?y 3", "backend": "cython"}, [n for n in range(3, 40, 7) if n % 2]),
        ({"protocol": "step 1"}, range(1, 40, 3)),
        ({"rung": "annealed"}, []),
        ({"key": key_of(5)[:8]}, [5]),
        ({"key": "x"}, []),
        ({"older": 0.0}, range(40)),
        ({"older": 1e9}, []),
        ({"spec": "'; DROP TABLE object; --"}, []),
    ],
)
def test_filters(wanted, numbers, root):
    assert keys(root, **wanted) == all_of(numbers)


def test_ages():
    assert [seconds(text, "") for text in ("90 min", "7d", "0.5h", "2 w", "3s")] == [5400, 604800, 1800, 1209600, 3]
    for text in ("", "7", "d", "-1d", "7 years", "nan d", "1e400d", "٣d"):
        with pytest.raises(UsageError, match="--older"):
            seconds(text, "--older")


def test_what_is_published_and_removed_is_seen_at_once(root):
    assert len(keys(root)) == 40
    publish(Store(root), 1000)
    assert keys(root) == all_of([*range(40), 1000])
    remove(Store(root).path(key_of(1000)))
    assert keys(root) == all_of(range(40))
    shutil.rmtree(root / "objects" / key_of(3)[:2])
    assert key_of(3) not in keys(root)


def test_an_object_that_was_replaced_is_read_again(root):
    settled(root)
    entries(root)
    place = Store(root).path(key_of(1))
    shutil.rmtree(place)
    publish(Store(root), 1)
    assert next(entry for entry in entries(root) if entry.key == key_of(1)).bytes == 128000 + len(
        (place / "log.txt").read_bytes()
    )


def test_an_index_that_is_up_to_date_reads_no_manifest(root, monkeypatch):
    settled(root)
    entries(root)
    monkeypatch.setattr(index_file, "read_entry", lambda *_: pytest.fail("read"))
    assert len(keys(root)) == 40
    monkeypatch.undo()


@pytest.mark.parametrize("before", ["none", "damaged"])
def test_a_list_after_a_refresh_reads_no_manifest(root, monkeypatch, before):
    settled(root)
    if before == "damaged":
        (root / index_file.NAME).write_bytes(b"noise")
    index_file.refresh(root)
    monkeypatch.setattr(index_file, "read_entry", lambda *_: pytest.fail("read"))
    assert len(keys(root)) == 40
    monkeypatch.undo()


def spoil(path, way):
    data = bytearray(path.read_bytes())
    if way == "missing":
        path.unlink()
    elif way == "empty":
        path.write_bytes(b"")
    elif way == "noise":
        path.write_bytes(os.urandom(5000))
    elif way == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif way == "pages zeroed":
        path.write_bytes(data[:8192] + bytes(len(data) - 8192))
    elif way == "a folder":
        path.unlink()
        path.mkdir()
    elif way == "a link":
        path.rename(path.with_name("elsewhere"))
        path.symlink_to(path.with_name("elsewhere"))
    else:
        path.unlink()
        with sqlite3.connect(path) as other:
            other.executescript(way)


EVIL = """CREATE TABLE shelf (name TEXT PRIMARY KEY, changed INTEGER NOT NULL) WITHOUT ROWID;
CREATE VIEW object AS SELECT hex(randomblob(1000000000)) AS key;"""
TRIGGER = "CREATE TABLE object (key TEXT); CREATE TRIGGER t AFTER INSERT ON object BEGIN DELETE FROM object; END;"
WAYS = ["missing", "empty", "noise", "cut", "pages zeroed", "a folder", "a link", "CREATE TABLE x (y)", EVIL, TRIGGER,
        "PRAGMA user_version = 99"]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_an_index_that_is_not_what_it_should_be_is_made_anew(way, root):
    settled(root)
    entries(root)
    spoil(root / index_file.NAME, way)
    assert keys(root) == all_of(range(40))
    assert keys(root) == all_of(range(40))


def test_an_index_of_another_schema_is_made_anew(root):
    settled(root)
    entries(root)
    with sqlite3.connect(root / index_file.NAME) as index:
        index.execute("PRAGMA user_version = 99")
        index.execute("DELETE FROM object")
    assert keys(root) == all_of(range(40))


def test_an_index_that_lies_is_put_right_by_reindex(root):
    settled(root)
    entries(root)
    with sqlite3.connect(root / index_file.NAME) as index:
        index.execute("DELETE FROM object WHERE key < '8'")
    assert len(keys(root)) < 40
    assert reindex(root) == (40, 0)
    assert keys(root) == all_of(range(40))


def test_damaged_and_newer_manifests_are_listed_as_such_and_stay(root):
    rewrite(Store(root).path(key_of(1)) / "manifest.json", b"{")
    elsewhere = Store(root).path(key_of(4))
    shutil.rmtree(elsewhere)
    elsewhere.symlink_to(Store(root).path(key_of(5)))
    newer = seal({"schema": 2, "key": key_of(2), "files": "another shape"})
    rewrite(Store(root).path(key_of(2)) / "manifest.json", newer)
    faults = {entry.key: entry.fault for entry in entries(root) if entry.fault}
    assert faults[key_of(1)].startswith("damaged")
    assert faults[key_of(2)] == "of a newer schema"
    assert faults[key_of(4)] == "damaged: a link"
    assert reindex(root) == (40, 3)
    assert not (root / "quarantine").exists()


def test_a_store_that_cannot_be_written_is_listed_from_memory(root, monkeypatch):
    monkeypatch.setattr(index_file, "_keep", lambda *_: (_ for _ in ()).throw(OSError(30, "Read-only file system")))
    assert keys(root) == all_of(range(40))
    assert not (root / index_file.NAME).exists()


def test_a_list_of_a_thousand_takes_little_memory(tmp_path):
    fabricate(tmp_path, 1000)
    settled(tmp_path)
    entries(tmp_path)
    tracemalloc.start()
    assert len(entries(tmp_path)) == 1000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000  # 300 MB / 100, for a hundredth of 10^5 results
