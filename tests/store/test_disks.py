"""Real disks: full ones, closed ones, limits on files. Mounts are private to a process (user namespaces)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from popdyn.store import Store, job_key

from .disk_writer import job, result

HERE = Path(__file__).parent
WRITER = HERE / "disk_writer.py"
ENVIRONMENT = dict(os.environ, PYTHONPATH=str(HERE.parents[1]))


def slow(*point):
    return pytest.param(*point, marks=pytest.mark.slow)


def run(*command, **more):
    return subprocess.run([*map(str, command)], env=ENVIRONMENT | more, capture_output=True, text=True, check=False)


def mounting(script):
    """Run a shell script that may mount; skip where the system allows no private mounts."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    options = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    if run("unshare", *options, "sh", "-c", "mount -t tmpfs none /mnt").returncode:
        pytest.skip("no private mounts here")
    return run("unshare", *options, "sh", "-euc", script)


def published(root):
    """Numbers of the results that are there; each is whole."""
    store = Store(root)
    found = [number for number in range(60) if store.find(job_key(job(number))) is not None]
    assert len(found) == len(list(store.keys()))
    return found


def test_a_disk_that_fills_up_stops_with_4_and_what_is_there_is_whole(tmp_path):
    """1 MiB of tmpfs takes some of 40 results of 60 KiB; with more room the same command completes."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    done = mounting(
        f"mount -t tmpfs -o size=1m none {disk}\n"
        f"{sys.executable} {WRITER} {disk}/store 0 40 2>{tmp_path}/said && exit 9\n"
        f"echo $? >{tmp_path}/code; cp -r {disk}/store {out}; ls {disk}/store/staging >{tmp_path}/left\n"
        f"mount -o remount,size=64m {disk}\n"
        f"{sys.executable} {WRITER} {disk}/store 0 40; cp -r {disk}/store {tmp_path}/after"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "code").read_text() == "4\n"
    said = (tmp_path / "said").read_text()
    assert said.count("\n") == 1
    assert "the disk is full" in said
    assert "MiB free" in said
    assert (tmp_path / "left").read_text() == ""
    assert 3 <= len(published(out)) < 40
    assert published(tmp_path / "after") == list(range(40))


def test_a_read_only_store_is_read_and_says_that_it_cannot_be_written(tmp_path):
    store = tmp_path / "store"
    assert run(sys.executable, WRITER, store, 0, 3).returncode == 0
    command = f"{sys.executable} -m popdyn store"
    done = mounting(
        f"mount --bind {store} {store}; mount -o remount,ro,bind {store}\n"
        f"{sys.executable} {WRITER} {store} 0 3\n"
        f"{command} ls --store {store}; {command} verify --store {store}; {command} gc --store {store}\n"
        f"{sys.executable} {WRITER} {store} 3 1 || echo code $?"
    )
    assert done.returncode == 0, done.stderr
    assert "3 objects" in done.stdout
    assert "3 of 3 whole" in done.stdout
    assert "code 4" in done.stdout
    assert "cannot be written (Read-only file system); nothing was published" in done.stderr
    assert published(store) == [0, 1, 2]


@pytest.mark.parametrize("share", [slow(0.01), slow(0.2), 0.5, slow(0.99)])
def test_a_limit_on_the_size_of_files_stops_with_4(share, tmp_path):
    """Of files as large as a share of the result."""
    assert run(sys.executable, WRITER, tmp_path / "a", 0, 1).returncode == 0
    size = (Store(tmp_path / "a").path(job_key(job(0))) / "result.h5").stat().st_size
    done = run(sys.executable, WRITER, tmp_path / "b", 0, 1, int(share * size))
    assert done.returncode == 4, done.stderr
    assert "a limit on the size of files" in done.stderr
    assert published(tmp_path / "b") == []
    assert not list((tmp_path / "b" / "staging").iterdir())
    assert run(sys.executable, WRITER, tmp_path / "b", 0, 1).returncode == 0
    assert published(tmp_path / "b") == [0]


CALLS = {"fsync": 12, "mkdir,mkdirat": 5, "rename,renameat,renameat2": 3, "write": 3}
POINTS = [("fsync", 9)]
REST = [slow(call, at) for call, most in CALLS.items() for at in range(1, most + 1) if (call, at) not in POINTS]


@pytest.mark.parametrize(("call", "at"), [*POINTS, *REST])
def test_system_calls_that_fail(call, at, tmp_path):
    """The kernel's own calls: strace fails the one with this number."""
    if shutil.which("strace") is None or run("strace", "-o", "/dev/null", "true").returncode:
        pytest.skip("no strace here")
    inject = f"inject={call}:error=ENOSPC:when={at}"
    trace = tmp_path / "trace"
    done = run("strace", "-f", "-qq", "-o", trace, "-e", f"trace={call}",
               "-e", inject, sys.executable, WRITER, tmp_path / "store", 0, 1,
               PYTHONDONTWRITEBYTECODE="1")  # fmt: skip
    hit = "INJECTED" in trace.read_text()
    assert done.returncode == (4 if hit else 0), done.stderr + trace.read_text()
    if hit:
        assert "\n" not in done.stderr.strip()
    assert published(tmp_path / "store") in ([], [0])
    assert run(sys.executable, WRITER, tmp_path / "store", 0, 1).returncode == 0
    assert published(tmp_path / "store") == [0]


def test_the_results_of_these_tests_are_what_they_say(tmp_path):
    from popdyn.results import save

    save(result(0), tmp_path / "a.h5")
    assert 40_000 < (tmp_path / "a.h5").stat().st_size < 100_000
