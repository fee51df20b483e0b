"""Hostile files: nothing is executed, nothing outside is read, and whoever asked lives on.

The corpus goes through one reading process in the default tests and through `open_dataset`, a process for each file, in
the slow row: pytest -m slow tests/hdf5.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import h5py
import numpy as np
import pytest

from popdyn.errors import IntegrityError, PopdynError, UsageError
from popdyn.hdf5 import HostileError, Limits, read_apart, safe_open
from popdyn.results import open_dataset

from .broken import BROKEN
from .corpus import CORPUS, SECRET, canary, good

HARMLESS = {"attribute code", "attribute scale of text", "attribute dtype of text", "attribute fill of another type",
            "attribute coordinates", "attribute time", "dimension ids", "dimension coordinates", "schema of text",
            "spikes are numbers", "spikes without times", "spikes of two lengths", "spikes of text",
            "spikes in two dimensions", "text that is no UTF-8", "user_block"}  # fmt: skip
"""HDF5 that is sound; whether it is a result is asked later."""
BATCH = """
import json, sys
from popdyn.hdf5.limits import Limits
from popdyn.hdf5.reader import confine, read
limits = Limits(**json.loads(sys.argv[1]))
confine(limits)
for path in sys.argv[2:]:
    print(json.dumps([path, read(path, limits)]), flush=True)
"""


def poisoned(poison, path):
    good(path)
    with h5py.File(path, "a") as file:
        poison(file)


MAKERS = {name: lambda path, p=poison: poisoned(p, path) for name, poison in CORPUS.items()} | BROKEN


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with canaries; whoever reads one leaves a trace in its time of access, where the disk keeps one."""
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "inner"
    inner.mkdir()
    watched = []
    for place in (tmp_path, inner):
        canary(place)
        watched += [place / "canary.h5", place / "canary.bin"]
    control = tmp_path / "control"
    control.write_bytes(b"x")
    for path in (*watched, control):
        os.utime(path, (1.0, path.stat().st_mtime))
    control.read_bytes()
    told = control.stat().st_atime > 1.0
    yield inner
    assert not list(tmp_path.rglob("EXECUTED"))
    assert not told or [path for path in watched if path.stat().st_atime > 1.0] == []


def regular(names, folder):
    """Files of these names, without those that are no files."""
    paths = {}
    for number, name in enumerate(names):
        paths[name] = folder / f"{number}.h5"
        MAKERS[name](paths[name])
    return {name: path for name, path in paths.items() if path.is_file()}


def answers(paths, limits):
    """What one process after the other says of files; a file that ends its process gets the answer None."""
    found, left = {}, [str(path) for path in paths]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "HDF5_PLUGIN_PRELOAD": "::"}
    while left:
        command = [sys.executable, "-c", BATCH, json.dumps(asdict(limits)), *left]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        for line in done.stdout.splitlines():
            path, answer = json.loads(line)
            found[path] = answer
        ended = [path for path in left if path not in found]
        if ended:
            found[ended[0]] = None
        left = ended[1:]
    return found


def test_the_corpus_is_refused_by_the_process_that_reads_it(folder):
    paths = regular([name for name in MAKERS if "flipped" not in name], folder)
    assert len(paths) >= 130
    said = answers(paths.values(), Limits())
    read = {name for name, path in paths.items() if said[str(path)] is not None and "fault" not in said[str(path)]}
    assert read == HARMLESS
    text = json.dumps(list(said.values()))
    assert str(SECRET) not in text
    assert "root:" not in text


@pytest.mark.parametrize("name", ["pipe", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(name, folder):
    MAKERS[name](folder / "a.h5")
    began = time.monotonic()
    with pytest.raises(UsageError, match="no such file"):
        open_dataset(folder / "a.h5")
    assert time.monotonic() - began < 5.0


def opened(name, folder):
    """What `popdyn.open` makes of a file: a dataset, or the name of popdyn's own error."""
    path = folder / "a.h5"
    MAKERS[name](path)
    try:
        dataset = open_dataset(path)
    except PopdynError as error:
        if "\n" in str(error) or "root:" in str(error):
            raise AssertionError(str(error)) from error
        return type(error).__name__
    assert not any(np.any(np.asarray(dataset[key].values == SECRET)) for key in dataset.variables)
    return "read"


SOME = ["external link beside at alias", "bomb filled", "scale_that_nothing_links", "spikes are numbers",
        "a chunk that inflates to 300 MB", "cut at 0.5", "attribute scale of text"]  # fmt: skip
REST = [pytest.param(name, marks=pytest.mark.slow) for name in MAKERS if name not in SOME]


@pytest.mark.parametrize("name", [*SOME, *REST])
def test_opening_a_hostile_file(name, folder):
    outcome = opened(name, folder)
    assert outcome in ("read", "IntegrityError", "HostileError", "UsageError")
    if name not in HARMLESS and "flipped" not in name:
        assert outcome != "read"


def test_a_process_that_takes_too_much_is_ended_and_its_parent_lives(folder):
    path = folder / "a.h5"
    MAKERS["a chunk that inflates to 300 MB"](path)
    with pytest.raises(HostileError):
        read_apart(path, Limits(memory=300 << 20))
    good(path)
    with pytest.raises(HostileError, match=r"takes more than 0\.01 s"):
        read_apart(path, Limits(wall=0.01))
    with pytest.raises(HostileError, match=r"failed|ended a process"):
        read_apart(path, Limits(memory=20 << 20))


def test_a_process_that_dies_is_a_verdict(folder, monkeypatch):
    good(folder / "a.h5")
    for script, says in (("kill -SEGV $$", "SIGSEGV"), ("exit 3", "exit code 3"), ("echo nonsense", "failed"),
                         ("echo '{\"rate\": 1}'", "failed")):  # fmt: skip
        python = folder / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(python))
        with pytest.raises(HostileError, match=says):
            read_apart(folder / "a.h5")


def test_a_good_file_is_read_and_told(folder):
    good(folder / "a.h5")
    found = read_apart(folder / "a.h5")
    assert found.shapes["/rate"] == (3, 40, 2)
    assert found.bytes > 3 * 40 * 2 * 8
    with safe_open(folder / "a.h5") as file:
        assert file["rate"].shape == (3, 40, 2)


def test_limits_are_the_callers(folder):
    good(folder / "a.h5")
    with pytest.raises(HostileError, match="declares") as refused:
        read_apart(folder / "a.h5", Limits(total_bytes=100))
    assert refused.value.shapes["/rate"] == (3, 40, 2)
    with pytest.raises(IntegrityError, match="more objects"), safe_open(folder / "a.h5", Limits(objects=2)):
        pass


def test_what_fails_while_a_file_is_open_is_not_blamed_on_it(folder):
    good(folder / "a.h5")
    with pytest.raises(ZeroDivisionError), safe_open(folder / "a.h5"):
        raise ZeroDivisionError
