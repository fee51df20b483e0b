"""Failures: kept, numbered, never overwritten; damaged and foreign files are said, not fatal."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from popdyn.errors import ResourceError, UsageError
from popdyn.store.failures import attempts, clear, failed_keys, record

from .toy_writer import key_of

KEY = key_of(1)


def folder(root):
    return root / "failures" / KEY


def test_attempts_are_numbered_and_kept_in_order(tmp_path):
    assert attempts(tmp_path, KEY) == []
    assert [record(tmp_path, KEY, {"class": "model", "n": n}) for n in range(12)] == list(range(1, 13))
    found = attempts(tmp_path, KEY)
    assert [attempt.number for attempt in found] == list(range(1, 13))
    assert [attempt.document["n"] for attempt in found] == list(range(12))
    assert list(failed_keys(tmp_path)) == [KEY]
    assert clear(tmp_path, KEY) == 12
    assert attempts(tmp_path, KEY) == list(failed_keys(tmp_path)) == []


@pytest.mark.parametrize("links", [True, False])
def test_records_made_at_once_overwrite_none(links, tmp_path, monkeypatch):
    if not links:

        def refuse(*_):
            raise OSError(errno.EPERM, "no hard links here")

        monkeypatch.setattr(os, "link", refuse)
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda n: record(tmp_path, KEY, {"n": n}), range(40)))
    assert sorted(numbers) == list(range(1, 41))
    assert {attempt.document["n"] for attempt in attempts(tmp_path, KEY)} == set(range(40))
    assert not [name for name in os.listdir(folder(tmp_path)) if name.startswith(".")]


def test_damaged_and_foreign_files_are_said_and_damaged_ones_count(tmp_path):
    for n in range(6):
        record(tmp_path, KEY, {"n": n})
    path = folder(tmp_path)
    (path / "attempt-2.json").write_bytes(b"")
    whole = (path / "attempt-3.json").read_bytes()
    (path / "attempt-3.json").write_bytes(whole.replace(b'"n": 2', b'"n": 7'))
    (path / "attempt-4.json").unlink()
    (path / "attempt-4.json").symlink_to("/etc/hostname")
    (path / "attempt-5.json").write_bytes((path / "attempt-1.json").read_bytes())
    (path / "attempt-6.json").unlink()
    os.mkfifo(path / "attempt-6.json")
    (path / "attempt-7.json").mkdir()
    (path / "notes.txt").write_text("mine")
    said = []
    found = attempts(tmp_path, KEY, said.append)
    assert [bool(attempt.fault) for attempt in found] == [False, True, True, True, True, True, True]
    assert len(said) == 7
    assert any("notes.txt" in line for line in said)
    assert record(tmp_path, KEY, {}) == 8


@pytest.mark.parametrize("document", [{"a": float("nan")}, {"a": object()}, {"log": "x" * (1 << 20)}])
def test_what_cannot_be_recorded_is_refused(document, tmp_path):
    with pytest.raises(UsageError):
        record(tmp_path, KEY, document)
    assert attempts(tmp_path, KEY) == []


def test_what_is_no_key_never_becomes_a_path(tmp_path):
    for call in (lambda: record(tmp_path, "../x", {}), lambda: attempts(tmp_path, "../x")):
        with pytest.raises(UsageError):
            call()


def test_a_full_disk_is_a_resource_error_and_leaves_no_record(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match="full"):
        record(tmp_path, KEY, {})
    assert attempts(tmp_path, KEY) == []
