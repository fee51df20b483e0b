"""SIGKILL at random moments: nothing finished is lost or computed again, nothing damaged is accepted."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from example_campaign import write_campaign
from kills import campaign_of_kills, orphans
from toy_campaign import key_of
from toy_worker import content

from popdyn.store import Store

HERE = Path(__file__).parent


def killed_campaign(tmp_path, *, kills, jobs, pause, longest, seed):
    root, log = tmp_path / "store", tmp_path / "executions"
    command = [sys.executable, str(HERE / "campaign_process.py"), str(root), str(log), str(jobs), str(pause)]
    struck, starts = campaign_of_kills(command, kills, seed=seed, longest=longest)
    return struck, starts, Store(root), log


def check(store, log, jobs):
    """0 lost, 0 damaged, 0 finished ones computed again, bytes of the undisturbed job; nobody left behind."""
    for number in range(jobs):
        assert (store.find(key_of(number)) / "result.h5").read_bytes() == content(number)
    assert not (store.root / "quarantine").exists()
    executions = log.read_text().split("\n")[:-1]
    assert {int(line.split()[0]) for line in executions} == set(range(jobs))
    assert [line for line in executions if line.endswith("again")] == []
    store.sweep()
    assert not [path for path in (store.root / "staging").iterdir() if path.is_dir()]
    until = time.monotonic() + 10
    while (left := orphans(str(store.root.parent))) and time.monotonic() < until:
        time.sleep(0.1)
    assert left == []
    return len(executions)


def run(tmp_path, monkeypatch, **options):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    jobs = options["jobs"]
    struck, starts, store, log = killed_campaign(tmp_path, **options)
    executions = check(store, log, jobs)
    assert sum(struck.values()) >= options["kills"], (struck, starts)
    assert executions > jobs + options["kills"] // 5, "the kills have met too few jobs at work"
    print(f"{struck}, {starts} starts, {executions} executions of {jobs} jobs")


def test_a_hundred_kills_cost_only_what_was_running(tmp_path, monkeypatch):
    run(tmp_path, monkeypatch, kills=100, jobs=300, pause=0.02, longest=0.08, seed=1)


def brian2_campaign(tmp_path, monkeypatch, *, jobs, kills, seed):
    """A campaign through the command line, killed, and its results beside those of one that nobody disturbed."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    file = write_campaign(tmp_path / "campaign.toml", replicates=jobs, infrastructure=2)
    run = [sys.executable, "-m", "popdyn", "batch", "run", str(file), "--retry", "--store"]
    struck, _ = campaign_of_kills([*run, str(tmp_path / "killed")], kills, seed=seed, longest=2.0)
    assert sum(struck.values()) >= kills, struck
    subprocess.run([*run, str(tmp_path / "undisturbed")], check=True)
    stores = [Store(tmp_path / name) for name in ("killed", "undisturbed")]
    keys = [list(store.keys()) for store in stores]
    assert keys[0] == keys[1]
    assert len(keys[0]) == jobs
    for key in keys[0]:
        first, second = [(store.find(key) / "result.h5").read_bytes() for store in stores]
        assert first == second
    assert not (stores[0].root / "quarantine").exists()


def test_kills_of_brian2_jobs_change_no_byte(tmp_path, monkeypatch):
    brian2_campaign(tmp_path, monkeypatch, jobs=2, kills=3, seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(5))
def test_fifty_kills_of_brian2_jobs(part, tmp_path, monkeypatch):
    brian2_campaign(tmp_path, monkeypatch, jobs=8, kills=10, seed=30 + part)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(int(os.environ.get("POPDYN_KILL_PARTS", "20"))))
def test_two_thousand_kills(part, tmp_path, monkeypatch):
    """20 campaigns of 100 kills each, every one by itself: pytest --last-failed goes on."""
    run(tmp_path, monkeypatch, kills=100, jobs=300, pause=0.02, longest=0.08, seed=100 + part)
