"""Cleaning: what the dead left goes, what the living write stays, objects only by name."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from popdyn.store import Store, leases, staging
from popdyn.store.garbage import DAY, discard, size, waste
from popdyn.store.sealed import seal

from .toy_writer import content, key_of, publish

WRITE = """
import sys, time
from pathlib import Path
from popdyn.store import Store
def write(draft):
    (draft / "result.h5").write_bytes(b"half")
    print(draft, flush=True)
    sys.stdin.readline()
    (draft / "result.h5").write_bytes(b"whole")
Store(Path(sys.argv[1])).publish(sys.argv[2], write, {})
"""


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path)
    publish(made, 1)
    return made


@pytest.fixture
def writer(store):
    """A process in the middle of a publish."""
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2]))
    command = [sys.executable, "-c", WRITE, str(store.root), key_of(2)]
    child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    child.draft = Path(child.stdout.readline().strip())
    yield child
    child.kill()
    child.communicate()


def old(path, days):
    when = time.time() - days * DAY
    for one in [*path.rglob("*"), path] if path.is_dir() else [path]:
        os.utime(one, (when, when))


def found(store, **options):
    return {item.path: item for item in waste(store, **options)}


def test_a_clean_store_has_no_waste(store):
    assert found(store) == {}


def test_what_a_living_process_writes_is_never_named_however_old(store, writer):
    old(writer.draft, 400)
    assert writer.draft.is_dir()
    assert writer.draft not in found(store)
    assert store.sweep() == 0
    writer.stdin.write("\n")
    writer.stdin.flush()
    assert writer.wait(300) == 0
    assert (store.find(key_of(2)) / "result.h5").read_bytes() == b"whole"


def test_what_a_killed_process_left_goes(store, writer):
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    items = found(store)
    assert list(items) == [writer.draft]
    assert (items[writer.draft].kind, items[writer.draft].bytes) == ("staging", 4)
    assert discard(store, items[writer.draft])
    assert found(store) == {}


def test_a_draft_that_came_to_life_meanwhile_stays(store):
    draft = staging.new_draft(store.root, key_of(3))
    item = next(iter(waste(store, objects=[key_of(1)])))
    assert not discard(store, type(item)(draft, "staging", "", 0))
    assert draft.exists()


@pytest.mark.parametrize(("days", "goes"), [(0, False), (6, False), (8, True)])
@pytest.mark.parametrize("name", ["{key}-0123abcd-1-1-00000000-elsewhere", "what is this"])
def test_drafts_of_others_go_after_a_week_without_a_change(name, days, goes, store):
    draft = store.root / "staging" / name.format(key=key_of(4))
    draft.mkdir()
    (draft / "result.h5").write_bytes(b"x")
    old(draft, days)
    assert (draft in found(store)) is goes
    assert store.sweep() == 0
    if goes:
        (draft / "result.h5").write_bytes(b"y")  # somebody writes after all
        assert draft not in found(store)


def test_old_quarantine_goes_and_new_stays(store):
    (store.path(key_of(1)) / "extra").write_bytes(b"x")
    with pytest.raises(OSError, match="quarantine"):
        store.find(key_of(1))
    assert found(store) == {}
    items = found(store, quarantine=-1.0)
    assert [item.kind for item in items.values()] == ["quarantine"]
    assert all(discard(store, item) for item in items.values())
    assert not list((store.root / "quarantine").iterdir())


def test_leases_of_the_dead_go_and_others_stay(store):
    mine = leases.acquire(store.root, key_of(1))
    lease = store.root / "leases" / key_of(2)
    lease.write_bytes(seal({"owner": {"host": "elsewhere", "boot": "", "pid": 1, "start": ""}}))
    os.utime(lease, (1.0, 1.0))
    assert list(found(store)) == [lease]
    mine.release()


def test_forgotten_small_files_go_after_an_hour(store):
    (store.root / "failures" / key_of(1)).mkdir(parents=True)
    (store.root / "leases").mkdir(exist_ok=True)
    names = (".STORE-ab", ".index-ab", ".clock-ab", "leases/.stale-ab", f"failures/{key_of(1)}/.draft-ab")
    paths = {store.root / name for name in names}
    for path in paths:
        path.write_bytes(b"")
    assert found(store) == {}
    for path in paths:
        os.utime(path, (time.time() - 4000, time.time() - 4000))
    assert set(found(store)) == paths


def test_objects_go_by_name_and_not_while_somebody_works_on_them(store):
    publish(store, 2)
    lease = leases.acquire(store.root, key_of(2))
    items = found(store, objects=[key_of(1), key_of(2)])
    assert list(items) == [store.path(key_of(1))]
    assert discard(store, items[store.path(key_of(1))])
    assert store.find(key_of(1)) is None
    assert not list((store.root / "staging").iterdir())
    assert (store.find(key_of(2)) / "result.h5").read_bytes() == content(2)
    lease.release()


def test_links_are_removed_and_not_followed(store, tmp_path):
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir(mode=0o755)
    (outside / "mine").write_bytes(b"mine")
    link = store.root / "staging" / "link"
    link.symlink_to(outside)
    os.utime(link, (1.0, 1.0), follow_symlinks=False)
    item = found(store)[link]
    assert size(link) < 4096
    assert discard(store, item)
    assert (outside / "mine").read_bytes() == b"mine"
    assert outside.stat().st_mode & 0o777 == 0o755
