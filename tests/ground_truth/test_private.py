"""Workers are private: nothing of the user's directories is executed, nothing is left behind."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from popdyn.batch.failure import of_exception
from popdyn.errors import NumericsError, ResourceError
from popdyn.ground_truth import private, simulate
from popdyn.ground_truth.tasks import Task, run_tasks

from .networks import network, population

BOMB = "open({path!r}, 'w').write('executed')\n"


def test_preferences_of_the_user_are_never_executed(tmp_path, monkeypatch):
    canary = tmp_path / "canary"
    for place in (tmp_path / "work", tmp_path / "home" / ".brian"):
        place.mkdir(parents=True)
        for name in ("brian_preferences", "user_preferences"):
            (place / name).write_text(BOMB.format(path=str(canary)))
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    simulate(network(population(), duration=0.01), "p", dt=1e-4, backend="numpy")
    assert not canary.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "work"]
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == ["brian_preferences", "user_preferences"]


SCRIPT = """
from popdyn.ground_truth import simulate
from tests.ground_truth.networks import network, population
simulate(network(population(size=1000), duration=100.0), "p", backend="numpy", groups=1,
         progress=lambda fraction, message: print(message, flush=True))
"""


def test_ctrl_c_ends_the_workers_and_leaves_nothing(tmp_path):
    root = Path(__file__).parents[2]
    environment = dict(os.environ, PYTHONPATH=str(root), TMPDIR=str(tmp_path))
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout.readline()
    workers = processes_below(tmp_path)
    assert workers
    child.send_signal(signal.SIGINT)
    child.communicate(timeout=30)
    assert child.returncode != 0
    assert not list(tmp_path.iterdir())
    assert not [pid for pid in workers if Path(f"/proc/{pid}/exe").exists()]


def test_a_killed_parent_takes_its_workers_along(tmp_path):
    root = Path(__file__).parents[2]
    environment = dict(os.environ, PYTHONPATH=str(root), TMPDIR=str(tmp_path))
    child = subprocess.Popen([sys.executable, "-c", SCRIPT], cwd=root, env=environment, stdout=subprocess.PIPE)
    assert child.stdout.readline()
    workers = processes_below(tmp_path)
    assert workers
    child.kill()
    child.communicate()
    deadline = time.monotonic() + 20
    while any(running(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(running(pid) for pid in workers)


def processes_below(directory):
    """Processes whose current directory is inside."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve().is_relative_to(directory):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def task(tmp_path, code):
    tmp_path.mkdir(exist_ok=True)
    directory = tmp_path / "task"
    private.prepare(directory)
    return Task((sys.executable, "-c", code), directory, private.environment(directory))


def test_failures_are_told_apart(tmp_path):
    with pytest.raises(NumericsError, match="boom"):
        run_tasks([task(tmp_path, "raise SystemExit('boom')")], 1, None, "x")
    with pytest.raises(ResourceError, match="killed") as killed:
        run_tasks([task(tmp_path / "b", "import os; os.kill(os.getpid(), 9)")], 1, None, "x")
    assert of_exception(killed.value) == ("infrastructure", "SIGKILL")
    with pytest.raises(NumericsError, match="exit code -15") as ended:
        run_tasks([task(tmp_path / "e", "import os; os.kill(os.getpid(), 15)")], 1, None, "x")
    assert of_exception(ended.value) == ("infrastructure", "SIGTERM")
    with pytest.raises(ResourceError, match="MemoryError"):
        run_tasks([task(tmp_path / "c", "raise MemoryError")], 1, None, "x")
    with pytest.raises(ResourceError, match="No space left") as full:
        run_tasks([task(tmp_path / "d", "raise SystemExit('No space left on device')")], 1, None, "x")
    assert of_exception(full.value) == ("resources", "disk")


def test_progress_is_said_while_a_silent_task_runs(tmp_path):
    said = []
    code = "import time; print('progress 0.5', flush=True); time.sleep(2.5)"
    run_tasks([task(tmp_path, code)], 1, lambda fraction, message: said.append((fraction, message)), "work")
    assert len(said) >= 2
    assert said[-1][0] == 0.5
    assert "s left" in said[-1][1]


def test_a_cache_that_others_can_write_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert private.cache_directory("programs").stat().st_mode & 0o777 == 0o700
    (tmp_path / "popdyn").chmod(0o777)
    with pytest.raises(ResourceError, match="chmod 700"):
        private.cache_directory("programs")
