"""`popdyn convert --to modes`, and what reads its model."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from popdyn.cli import app
from popdyn.errors import UsageError
from popdyn.workflows.convert import convert

SPEC = {
    "schema": 1,
    "populations": {
        "E": {
            "size": 100, "neuron": {"model": "lif", "t_ref": "2 ms"},
            "noise": {"mu": "0.8 mV/ms", "sigma": "2 mV/sqrt(ms)"},
        }
    },
    "protocols": {"step": {"duration": "0.4 s", "transient": "0.2 s", "stimulus": [
        {"population": "E", "target": "mu", "kind": "step", "at": "0.2 s", "amplitude": "0.3 mV/ms"}]}},
}  # fmt: skip


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modes")
    return convert(SPEC, to="modes", truth=False, out=folder), folder


def test_the_report_has_the_modes_their_errors_and_equations(converted):
    document = converted[0].document
    assert [rung["name"] for rung in document["rungs"]] == ["spiking", "density", "mean closure", "modes"]
    held_out = [c for c in document["comparisons"] if c["model"] == "modes" and c.get("use") == "held out"]
    assert {c["protocol"] for c in held_out} == {
        f"heldout_{kind}" for kind in ("slow", "fast", "steps", "sine", "chirp")
    }
    assert all(c["populations"]["E"]["nrmse"] < 0.01 for c in held_out)
    assert list(document["equations"]) == ["density", "modes"]
    assert "x' = (R_0 + u R_1 + D R_2) x + E r(t - t_ref)" in document["equations"]["modes"]
    assert document["verdict"]["word"] == "unverified"


def test_the_model_file_is_run_by_the_other_commands(converted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(converted[1] / "model.json", tmp_path / "model.json")
    runner = CliRunner()
    done = runner.invoke(app, ["simulate", "model.json", "--json"], catch_exceptions=False)
    answer = json.loads(done.stdout)
    assert answer["dataset"].endswith("modes-step.h5")
    rest = json.loads(runner.invoke(app, ["rates", "model.json", "--rung", "modes", "--json"]).stdout)
    assert rest["populations"]["E"]["rate"] < answer["populations"]["E"]["rate"]


def test_what_has_no_modes_is_refused_by_name():
    with pytest.raises(UsageError, match="--finite-size: the modes rung has no size"):
        convert(SPEC, to="modes", truth=False, finite_size=True)
