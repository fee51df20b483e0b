"""Broken and hostile specs through the command line: exit code 2, the fault in words, no traceback, nothing runs."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

CORPUS = runpy.run_path(str(Path(__file__).parents[1] / "spec" / "hostile_corpus.py"))
CHOSEN = [
    "populations.E.neuron.C_m payload",
    "populations.E.neuron.g_L payload",
    "populations.E.neuron.Delta_T payload",
    "populations.E.neuron.a payload",
    "model payload",
    "alias and name",
    "reset above peak",
    "connections",
    "model glif",
    "escape in a key",
    "name of a path",
    "sigma below zero by a step",
    "size bomb",
    "json duplicate key",
    "json deep object",
    "deep dotted key",
    "too large",
    "pickle",
    "huge integer",
    "csv parent",
    "csv payload",
    "lognormal bare",
]
CASES = [case for case in CORPUS["CASES"] if case.name in CHOSEN]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if k != "POPDYN_DEBUG"}
    command = [sys.executable, "-m", "popdyn", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_twenty_or_more():
    assert len(CASES) == len(CHOSEN) >= 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused(case, tmp_path):
    for name, data in case.extra.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / f"spec{case.suffix}").write_bytes(case.content)
    before = sorted(tmp_path.iterdir())
    plain = run(tmp_path, "check", f"spec{case.suffix}")
    assert plain.returncode == 2
    assert plain.stdout == ""
    assert case.path in plain.stderr
    assert case.says in plain.stderr
    assert "Traceback" not in plain.stderr
    assert "\x1b" not in plain.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_as_json(tmp_path):
    case = next(case for case in CASES if case.name == "reset above peak")
    (tmp_path / "spec.toml").write_bytes(case.content)
    answer = run(tmp_path, "check", "spec.toml", "--json")
    assert answer.returncode == 2
    document = json.loads(answer.stdout)
    assert document["ok"] is False
    assert [fault["path"] for fault in document["faults"]] == [case.path]
    assert set(document["faults"][0]) == {"path", "got", "allowed", "fix"}
