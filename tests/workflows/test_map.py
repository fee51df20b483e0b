"""popdyn.map_parameters and `popdyn map`: grids, faults, going on, interpolation with its error, inverse design."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import popdyn
from popdyn.cli import main
from popdyn.errors import DomainError, UsageError
from popdyn.spec import load
from popdyn.workflows import map as mapping
from popdyn.workflows.map_axes import at_point, parse_axes
from popdyn.workflows.map_cells import cell_path, compute_into
from popdyn.workflows.map_result import Output, ParameterMap
from popdyn.workflows.map_solve import solve_rate

SPEC = {
    "schema": 1,
    "populations": {
        "E": {
            "size": 100,
            "neuron": {"model": "eif", "V_th": "-50 mV", "g_L": "0.01 uS"},
            "noise": {"mu": "0.7 mV/ms", "sigma": "2 mV/sqrt(ms)"},
        }
    },
    "protocols": {
        "wander": {
            "duration": "1 s",
            "stimulus": [{"population": "E", "target": "mu", "kind": "ou", "std": "0.2 mV/ms", "tau": "50 ms"}],
        }
    },
}


@pytest.fixture(scope="module")
def rates():
    """Rates on a grid of two parameters, in this process."""
    return popdyn.map_parameters(SPEC, ["V_th=-53:-49:7", "mu=0.5:0.9:6"], family="none", processes=1)


def test_units_are_those_of_the_spec_unless_given():
    network = load(SPEC)
    axes = parse_axes(["g_L=0.01:0.02:2", "V_th=-0.05 V:-49 mV:2", "V_reset.std=0:1e0:3"], network, SPEC)
    assert [axis.unit for axis in axes] == ["uS", "mV", "mV"]
    assert axes[0].values == pytest.approx((10e-9, 20e-9))
    assert axes[1].values == pytest.approx((-0.05, -0.049))
    assert axes[2].values == pytest.approx((0.0, 0.5e-3, 1e-3))
    moved = at_point(network, axes, (15e-9, -0.0495, 1e-3)).populations["E"]
    assert moved.neuron.parameters["g_L"] == 15e-9
    assert moved.spread["V_reset"].moments == pytest.approx((-0.07, 1e-3))
    assert at_point(network, axes[2:], (0.0,)).spec_hash == network.spec_hash


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        ([], "--vary: got nothing"),
        (["b=0:1:3"], r"got 'b'; allowed for populations\.E: C_m"),
        (["V_th=0 pA:1 pA:3"], r"--vary V_th: got '0 pA'; allowed: a potential"),
        (["V_th=-50:-50:3"], "an empty range"),
        (["V_th=-52:-50:1"], "an empty range"),
        (["V_th=-52:-50"], r"allowed: KEY=FIRST:LAST:COUNT"),
        (["V_th=-50:-30:3"], r"no such neuron at V_th = -40 mV: .*V_th < V_peak"),
        (["V_th=-52:-50:2", "V_th=-52:-51:2"], "each parameter once"),
        (["V_th=-52:-50:1000", "mu=0.5:0.9:1000"], "1000000 cells; allowed: at most 100000"),
    ],
)
def test_bad_grids_are_refused_before_anything_runs(vary, words):
    with pytest.raises(UsageError, match=f"(?s){words}"):
        popdyn.map_parameters(SPEC, vary)


def test_a_population_must_be_named_where_there_are_several():
    two = {**SPEC, "populations": {"E": SPEC["populations"]["E"], "I": SPEC["populations"]["E"]}}
    with pytest.raises(UsageError, match=r"allowed: POPULATION\.KEY, e\.g\. E\.V_th; populations: E, I"):
        popdyn.map_parameters(two, ["V_th=-52:-50:3"])
    assert parse_axes(["I.V_th=-52:-50:3"], load(two), two)[0].population == "I"


def test_rates_are_those_of_popdyn_rates_and_the_interpolation_knows_its_error(rates):
    values = rates.outputs["E.rate"].values
    assert values.shape == (7, 6)
    assert np.all(np.diff(values, axis=0) < 0)
    assert np.all(np.diff(values, axis=1) > 0)
    point = {"V_th": -51.3e-3, "mu": 0.66}
    spec = at_point(load(SPEC), rates.axes, tuple(point.values()))
    exact = popdyn.rates(spec)["populations"]["E"]["rate"]
    error = abs(rates.at(**point)["E.rate"] - exact)
    assert 0 < error < rates.left_out["E.rate"].worst
    assert rates.left_out["E.rate"].relative < 0.02
    with pytest.raises(DomainError, match=r"V_th = -0\.06; allowed: -0\.053 to -0\.049"):
        rates.at(V_th=-60e-3, mu=0.6)
    with pytest.raises(UsageError, match="got mu; allowed: V_th, mu"):
        rates.at(mu=0.6)


def test_the_left_out_error_is_that_of_a_known_function(rates):
    x, y = np.meshgrid(*(np.array(axis.values) for axis in rates.axes), indexing="ij")
    linear = Output("E.line", "1", 5.0 + 100.0 * x + 2.0 * y)
    assert replace(rates, outputs={"E.line": linear}).left_out["E.line"].relative < 0.01
    rough = linear.values.copy()
    rough[3, 3] += 7.0
    error = replace(rates, outputs={"E.line": Output("E.line", "1", rough)}).left_out["E.line"]
    assert 5.0 < error.worst < 9.0


def test_a_map_is_read_back_and_says_the_same(rates, tmp_path):
    files = mapping.keep(rates, tmp_path)
    assert [file.name for file in files] == ["map.json", "map.csv", "map.svg", "map.png"]
    again = ParameterMap.load(tmp_path / "map.json")
    assert again.at(V_th=-51.3e-3, mu=0.66) == rates.at(V_th=-51.3e-3, mu=0.66)
    lines = (tmp_path / "map.csv").read_text().splitlines()
    assert lines[0] == "V_th [mV],mu [mV/ms],E.rate [Hz]"
    assert len(lines) == 43
    assert lines[1].startswith("-53,0.5,")
    (tmp_path / "bad.json").write_text('{"kind": "popdyn map"}')
    with pytest.raises(UsageError, match=r"bad\.json: got no map"):
        ParameterMap.load(tmp_path / "bad.json")


def test_the_command_goes_on_from_finished_cells_in_processes(tmp_path, capsys, monkeypatch):
    (tmp_path / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    out = tmp_path / "out"
    command = ["map", str(tmp_path / "spec.json"), "--vary", "V_th=-52:-50:2", "--vary", "mu=0.6:0.7:2"]
    command += ["--family", "none", "--out", str(out), "--json"]
    assert main([*command, "--processes", "2"]) == 0
    first = json.loads(capsys.readouterr().out)
    cells = sorted((out / "cells").iterdir())
    assert len(cells) == 4
    cells[1].unlink()
    cells[2].write_text("{half")
    computed = []
    monkeypatch.setattr(
        mapping, "compute_into", lambda task, folder: computed.append(task.key) or compute_into(task, folder)
    )
    assert main([*command, "--processes", "1"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert sorted(computed) == sorted(path.stem for path in cells[1:3])
    assert again["outputs"] == first["outputs"]
    assert all(cell_path(out, path.stem) == path for path in cells)


def test_a_failed_cell_is_named_and_stops_the_interpolation(rates):
    values = rates.outputs["E.rate"].values.copy()
    values[2, 3] = np.nan
    broken = replace(rates, outputs={"E.rate": Output("E.rate", "Hz", values)}, failed={"2,3": "V_th = …: no state"})
    assert broken.left_out == {}
    assert broken.to_dict()["outputs"]["E.rate"]["values"][2][3] is None
    with pytest.raises(UsageError, match="1 cells failed"):
        broken.at(V_th=-51e-3, mu=0.6)


def test_solving_for_a_rate_gives_that_rate(tmp_path, capsys):
    (tmp_path / "spec.json").write_text(json.dumps(SPEC), encoding="utf-8")
    solve = ["map", str(tmp_path / "spec.json"), "--solve", "rate=8Hz", "--out", str(tmp_path / "o"), "--json"]
    assert main([*solve, "--vary", "mu"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["unit"] == "mV/ms"
    assert popdyn.rates(tmp_path / "o" / "solved.json")["populations"]["E"]["rate"] == pytest.approx(8.0, rel=1e-4)
    assert answer["slope_SI"] > 0
    assert main([*solve, "--vary", "V_th=-53:-52"]) == 2
    assert "no rate of 8 Hz for V_th from -53 to -52 mV: it goes from" in json.loads(capsys.readouterr().out)["message"]


@pytest.mark.parametrize(
    ("wanted", "vary", "words"),
    [
        ("rate=8 mV", ["mu"], "got '8 mV'"),
        ("V=8", ["mu"], "got 'V=8'; allowed: rate=8Hz"),
        ("rate=-8", ["mu"], "a rate above 0"),
        ("rate=8", ["mu", "V_th"], "got 2 --vary; allowed: one"),
        ("rate=8", ["tau_w"], "got 'tau_w'"),
        ("rate=8", ["mu=1:1"], "an empty range"),
        ("rate=8", ["mu=1"], "KEY=FIRST:LAST"),
    ],
)
def test_bad_questions_are_refused_by_name(wanted, vary, words):
    with pytest.raises((UsageError, ValueError), match=words):
        solve_rate(SPEC, wanted, vary)


def test_slopes_propagate_the_spread_of_the_spec_as_nodes_do(tmp_path, capsys):
    document = json.loads(json.dumps(SPEC))
    document["populations"]["E"]["neuron"]["V_th"] = {"normal": ["-50 mV", "0.3 mV"]}
    (tmp_path / "spec.json").write_text(json.dumps(document), encoding="utf-8")
    command = ["map", str(tmp_path / "spec.json"), "--slopes", "--family", "none", "--out", str(tmp_path / "o")]
    assert main([*command, "--json"]) == 0
    entry = json.loads(capsys.readouterr().out)["populations"]["E"]
    below, above = (
        popdyn.rates(at_point(load(SPEC), parse_axes(["V_th=-53:-49:2"], load(SPEC), SPEC), [value]))
        for value in (-50.1e-3, -49.9e-3)
    )
    slope = (above["populations"]["E"]["rate"] - below["populations"]["E"]["rate"]) / 0.2e-3
    assert entry["parameters"]["V_th"]["slope"] == pytest.approx(slope, rel=5e-3)
    assert entry["spread"]["rate_sd"] == pytest.approx(0.3e-3 * abs(slope), rel=5e-3)
    narrow = popdyn.map_parameters(SPEC, ["V_th.std=0:0.3:3"], family="none", processes=1)
    assert narrow.outputs["E.sd_log_rate"].values[0] == 0.0
    expected = entry["spread"]["rate_sd"] / entry["rate"]
    assert narrow.outputs["E.sd_log_rate"].values[2] == pytest.approx(expected, rel=0.05)
    assert main(command) == 0
    assert "V_th     -" in capsys.readouterr().out


def test_a_unit_follows_in_every_cell(tmp_path):
    found = popdyn.map_parameters(SPEC, ["Delta_T=1:2:2"], processes=1, out=tmp_path)
    assert set(found.outputs) == {f"E.{p}" for p in ("rate", "gain", "smoothness", "threshold", "tau_r")}
    for output in found.outputs.values():
        assert np.all(np.isfinite(output.values))
        assert output.values[0] != output.values[1]
    gain = found.outputs["E.gain"]
    assert np.all((gain.low < gain.values) & (gain.values < gain.high))
    with pytest.raises(UsageError, match=r"--family: got 'sofplus'; allowed: .*, none"):
        popdyn.map_parameters(SPEC, ["Delta_T=1:2:2"], family="sofplus")
