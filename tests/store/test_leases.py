"""Leases: one owner at a time where owners can be asked, ended by death or silence, whatever clocks do."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from popdyn.store import leases, processes
from popdyn.store.leases import acquire, clock, look
from popdyn.store.sealed import seal

from .toy_writer import key_of

KEY = key_of(1)
HOLD = """
import sys, time
from pathlib import Path
from popdyn.store.leases import acquire
assert acquire(Path(sys.argv[1]), sys.argv[2])
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path):
    """Another process, which holds the lease."""
    environment = dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2]))
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path), KEY], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.communicate()


def lease_of(root, age, **owner):
    """A lease written by somebody else, `age` seconds ago."""
    path = root / "leases" / KEY
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seal({"owner": {"host": "elsewhere", "boot": "b", "pid": 1, "start": "1", **owner}}))
    when = time.time() - age
    os.utime(path, (when, when))


def test_a_lease_is_held_once_and_given_back(tmp_path):
    with acquire(tmp_path, KEY) as lease:
        assert acquire(tmp_path, KEY) is None
        assert look(tmp_path, KEY).owner.pid == os.getpid()
        assert lease.beat()
    assert look(tmp_path, KEY) is None
    assert os.listdir(tmp_path / "leases") == []


def test_of_many_that_ask_one_gets_it(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            got = list(pool.map(acquire, [tmp_path] * 8, [key_of(number)] * 8))
            assert sum(lease is not None for lease in got) == 1


def test_a_living_owner_here_keeps_it_whatever_the_clock_says(tmp_path, owner):
    for jump in (-1e6, -1e3, 0.0, 1e3, 1e6):
        when = time.time() + jump
        os.utime(tmp_path / "leases" / KEY, (when, when))
        assert look(tmp_path, KEY).state == "held"
        assert acquire(tmp_path, KEY) is None


def test_a_killed_owner_loses_it_at_once(tmp_path, owner):
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert look(tmp_path, KEY).state == "dead"
    with acquire(tmp_path, KEY) as lease:
        assert lease.beat()


def test_a_process_id_that_was_given_again_is_not_the_owner(tmp_path):
    me = processes.this_process()
    lease_of(tmp_path, 0.0, host=me.host, boot=me.boot, pid=me.pid, start="1")
    assert look(tmp_path, KEY).state == "dead"


@pytest.mark.parametrize(
    ("age", "state"), [(0.0, "held"), (500.0, "held"), (700.0, "silent"), (-500, "held"), (-700, "silent")]
)
def test_an_owner_elsewhere_lasts_while_it_beats(age, state, tmp_path):
    lease_of(tmp_path, age)
    assert look(tmp_path, KEY).state == state
    assert (acquire(tmp_path, KEY) is None) == (state == "held")


def test_another_boot_of_this_host_is_judged_by_its_beats(tmp_path):
    lease_of(tmp_path, 700.0, host=processes.this_process().host)
    assert look(tmp_path, KEY).state == "silent"


def test_this_machines_clock_is_not_asked(tmp_path, monkeypatch):
    lease_of(tmp_path, 0.0)
    monkeypatch.setattr(time, "time", lambda: 1e12)
    assert look(tmp_path, KEY).state == "held"
    assert clock(tmp_path) < 1e11


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", seal({"owner": {"pid": "x"}}), b"x" * 100_000])
def test_an_unreadable_lease_ends_by_silence(content, tmp_path):
    lease_of(tmp_path, 0.0)
    path = tmp_path / "leases" / KEY
    path.write_bytes(content)
    assert acquire(tmp_path, KEY) is None
    os.utime(path, (1.0, 1.0))
    assert acquire(tmp_path, KEY) is not None


def test_who_lost_a_lease_is_told_and_takes_nothing_away(tmp_path):
    slow = acquire(tmp_path, KEY)
    leases._evict(slow.path, slow.path.read_bytes())
    fast = acquire(tmp_path, KEY)
    assert not slow.beat()
    slow.release()
    assert fast.beat()


def test_a_newer_lease_is_not_evicted_for_an_older(tmp_path):
    lease_of(tmp_path, 0.0)
    leases._evict(tmp_path / "leases" / KEY, b"an older one")
    assert look(tmp_path, KEY).state == "held"
    assert os.listdir(tmp_path / "leases") == [KEY]
