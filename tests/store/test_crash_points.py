"""A disk that fails at any call of a publish: the result is absent or whole, exit code 4, and running again completes.

Every call of `os` that a publish makes is a point; Python's own files and h5py are not, real disks are in
test_disks.py.
"""

import errno
import os

import pytest

from popdyn.errors import ResourceError
from popdyn.store import Store
from popdyn.store.durable import write_file
from popdyn.store.failures import attempts, record

from .toy_writer import content, key_of

CALLS = ("open", "write", "fsync", "mkdir", "rename", "replace", "link", "chmod", "stat", "unlink", "rmdir")
WRITES = ("write", "fsync", "mkdir", "rename", "replace", "link")
KEY = key_of(1)


class Disk:
    """Counts calls; fails the one with a number, or with `for_good` every call from it on that writes."""

    def __init__(self, monkeypatch, code=0, at=-1, for_good=False):
        self.calls, self.code, self.at, self.for_good, self.failed = [], code, at, for_good, []
        self.patch = monkeypatch
        for name in CALLS:
            monkeypatch.setattr(os, name, self.failing(name, getattr(os, name)))

    def failing(self, name, call):
        def called(*arguments, **options):
            number = len(self.calls)
            self.calls.append(name)
            if number == self.at or (self.for_good and number > self.at and name in WRITES):
                self.failed.append(name)
                raise OSError(self.code, os.strerror(self.code))
            return None if name == "fsync" else call(*arguments, **options)  # nothing here outlives the test

        return called


def publish(root):
    def write(draft):
        for half in (0, 1):
            write_file(draft / f"part-{half}.bin", content(1)[half * 64000 : half * 64000 + 64000])

    return Store(root).publish(KEY, write, {})


def whole(place):
    return b"".join((place / f"part-{half}.bin").read_bytes() for half in (0, 1)) == content(1)


def points(tmp_path, monkeypatch, work):
    """How many calls an undisturbed run makes."""
    work(tmp_path / "before")  # what is asked once and kept
    with monkeypatch.context() as patch:
        disk = Disk(patch)
        work(tmp_path / "undisturbed")
    return disk.calls


def outcome_of(work):
    """published: the call that failed was one of tidying up; refused: with exit code 4, in one line."""
    try:
        work()
    except ResourceError as error:
        if error.exit_code != 4 or "\n" in str(error):
            raise
        return "refused"
    return "published"


def check(root, outcome):
    """Absent or whole; then a second run, on a disk that works, completes."""
    found = Store(root).find(KEY)
    assert found is None or whole(found)
    if outcome == "published":
        assert found is not None
    assert whole(publish(root))
    assert Store(root).find(KEY)
    assert not (root / "quarantine").exists()


@pytest.mark.parametrize(
    ("code", "for_good"),
    [
        (errno.ENOSPC, False),
        (errno.EINTR, False),
        (errno.EROFS, True),
        pytest.param(errno.EIO, False, marks=pytest.mark.slow),
        pytest.param(errno.ENOSPC, True, marks=pytest.mark.slow),
    ],
)
def test_every_call_of_a_publish_may_fail(code, for_good, tmp_path, monkeypatch):
    calls = points(tmp_path, monkeypatch, publish)
    refused = 0
    for at in range(len(calls)):
        root = tmp_path / f"{at}"
        with monkeypatch.context() as patch:
            disk = Disk(patch, code, at, for_good)
            outcome = outcome_of(lambda root=root: publish(root))
        assert disk.failed
        refused += outcome == "refused"
        if outcome == "published":
            assert calls[at] not in ("write", "fsync", "rename")
        check(root, outcome)
    print(f"{refused} of {len(calls)} points refused")
    assert refused >= 20


def test_a_publish_of_what_is_there_already_may_fail_anywhere(tmp_path, monkeypatch):
    publish(tmp_path)
    with monkeypatch.context() as patch:
        calls = Disk(patch)
        publish(tmp_path)
    for at in range(len(calls.calls)):
        with monkeypatch.context() as patch:
            Disk(patch, errno.EIO, at)
            outcome_of(lambda: publish(tmp_path))
        assert whole(Store(tmp_path).find(KEY))
    check(tmp_path, "published")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EINTR])
def test_every_call_of_a_record_of_a_failure_may_fail(code, tmp_path, monkeypatch):
    calls = points(tmp_path, monkeypatch, lambda root: record(root, KEY, {"class": "model"}))
    for at in range(len(calls)):
        root = tmp_path / f"{at}"
        with monkeypatch.context() as patch:
            Disk(patch, code, at)
            outcome_of(lambda root=root: record(root, KEY, {"class": "model"}))
        assert not any(attempt.fault for attempt in attempts(root, KEY))
        number = record(root, KEY, {"class": "model"})
        assert attempts(root, KEY)[-1].number == number
