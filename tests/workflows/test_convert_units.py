"""`popdyn convert --to unit` of a network: every node a unit, its errors, its model; what has none is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from popdyn.cli import app
from popdyn.errors import UsageError
from popdyn.fitting import solve
from popdyn.report import render_html, render_markdown
from popdyn.report.ladder import cards
from popdyn.report.text import error_text
from popdyn.theory.discretisation import Domain
from popdyn.workflows import fit_units
from popdyn.workflows.convert import convert
from popdyn.workflows.node_units_report import node_unit_warnings

NOISE = {"mu": "0.8 mV/ms", "sigma": "2 mV/sqrt(ms)"}
WIRES = {"rule": "fixed_indegree", "K": 40, "delay": "1.5 ms", "synapse": "exponential", "tau_syn": "3 ms"}
SOURCES = {"K": 40, "nu": "10 Hz", "J": "0.1 mV", "synapse": "exponential", "tau_syn": "3 ms"}


def population(size, **more):
    return {"size": size, "neuron": {"model": "lif", "t_ref": "2 ms", **more}, "noise": NOISE}


SPEC = {
    "schema": 1,
    "name": "small",
    "populations": {
        "E": population(400, V_th={"normal": ["-50 mV", "1 mV"]}), "I": population(100) | {"poisson": [SOURCES]},
    },
    "connections": [
        {"pre": "E", "post": "I", "J": "0.1 mV", **WIRES}, {"pre": "I", "post": "E", "J": "-0.2 mV", **WIRES},
    ],
    "protocols": {"step": {"duration": "0.4 s", "transient": "0.2 s", "stimulus": [
        {"population": "E", "target": "mu", "kind": "step", "at": "0.2 s", "amplitude": "0.3 mV/ms"}]}},
}  # fmt: skip


FEW = 10  # least-squares steps, of 30: a fit good enough for what is tested, in half the time


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("units")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solve, "EVALUATIONS", FEW)
        return convert(SPEC, to="unit", truth=False, out=folder), folder


def test_the_network_of_units_follows_its_densities(converted):
    document = converted[0].document
    assert [rung["name"] for rung in document["rungs"]] == ["spiking", "density", "mean field", "unit"]
    (found,) = (c for c in document["comparisons"] if c["model"] == "unit" and "use" not in c)
    assert found["truth"] == "density"
    for measures in found["populations"].values():
        assert measures["nrmse"] < 0.05
        assert abs(measures["bias"]) < 0.01
    assert document["verdict"]["word"] == "unverified"
    worst = max(found["populations"].values(), key=lambda m: m["nrmse"])
    (card,) = (card for card in cards(document) if card.name == "unit")
    assert card.headline == error_text(worst)  # of the network, not of a unit by itself


def test_every_kind_of_node_has_its_table_errors_and_domain(converted):
    work, _ = converted
    document, nodes = work.document, len(work.coupled.derivation.problem.nodes)
    assert len(work.node_fits) == nodes == 3
    assert [unit["population"] for unit in document["units"]] == [
        "E, node 1 of 2 (49.7 % of the neurons)", "E, node 2 of 2 (50.3 % of the neurons)", "I",
    ]  # fmt: skip
    for unit, fit in zip(document["units"], work.node_fits, strict=True):
        assert unit["note"].startswith(f"Fitted {fit.to_dict()['kept']} on mu ")
        assert all(p["low"] <= p["value"] <= p["high"] for p in unit["parameters"])
        assert "all of the random changes that were added for the fit: near: nrmse" in unit["note"]
    held_out = {c["protocol"]: c["populations"] for c in document["comparisons"] if c.get("by_itself")}
    assert set(held_out) == {"heldout_near", "heldout_beside"}
    worst = max(e.nrmse for fit in work.node_fits if fit.unit.name == "E" for e in fit.heldout if e.protocol == "near")
    assert held_out["heldout_near"]["E"]["nrmse"] == worst
    assert sum(line.startswith("unit of population") for line in document["domain"]) == nodes
    assert document["equations"]["unit"].count("tau_h(e) dh/dt = mu - h") == 1
    assert all(response["error"]["unit"] < 0.2 for response in document["responses"])
    for page in (render_html(document), render_markdown(document)):
        assert "E, node 1 of 2" in page


def test_the_model_file_is_run_by_the_other_commands(converted, tmp_path, monkeypatch):
    work, folder = converted
    monkeypatch.chdir(tmp_path)
    shutil.copy(folder / "model.json", tmp_path / "model.json")
    runner = CliRunner()
    answer = json.loads(runner.invoke(app, ["simulate", "model.json", "--json"], catch_exceptions=False).stdout)
    assert answer["dataset"].endswith("unit-step.h5")
    rate = work.results["unit"]["rate"].sel(time=slice(0.0, None)).mean(("run", "time"))
    for name, found in answer["populations"].items():
        assert found["rate"] == pytest.approx(float(rate.sel(population=name)), rel=1e-12)
    rest = json.loads(runner.invoke(app, ["rates", "model.json", "--json"], catch_exceptions=False).stdout)
    assert rest["rung"] == "unit"
    exact = work.coupled.rates()
    for name, found in rest["populations"].items():
        assert found["rate"] == pytest.approx(exact[name], rel=0.01)
    assert len(rest["populations"]["E"]["nodes"]) == 2


def test_units_that_miss_or_leave_their_domain_are_named(converted, monkeypatch):
    work = replace(converted[0], tolerance=1e-6, warnings=[], costs=[], results={})
    (said,) = node_unit_warnings(work)
    assert all(label in said for label in ("E, node 1 of 2 (49.7 % of the neurons): ", "population I: ", "--to modes"))
    assert node_unit_warnings(replace(work, tolerance=1.0)) == []
    narrow = [replace(fit, unit=replace(fit.unit, domain=shrunk(fit.unit.domain))) for fit in work.node_fits]
    monkeypatch.setattr(fit_units, "fit_groups", lambda *_, **__: narrow)
    fit_units.fit_node_units(work, work.coupled, lambda *_: None)
    assert any("of the time outside the domain of validity" in line for line in work.warnings)


def shrunk(domain):
    middle = 0.5 * (domain.mu_low + domain.mu_high)
    return Domain(middle, domain.mu_high, domain.sigma_low, domain.sigma_high)


CONDUCTANCE = {**SPEC["connections"][0], "J": "1 nS", "synapse": "conductance", "E_rev": "0 mV"}
GIF = population(100) | {"neuron": {"model": "gif"}}


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        ({"connections": [CONDUCTANCE]}, {},
         r"--to: .* current synapses; E connects to I through a conductance \(connections\[0\]\); use --to density"),
        ({"populations": {"E": GIF, "I": GIF}}, {}, r"populations\.E has escape noise; use --to density"),
        ({"populations": {"E": population(100), "I": GIF}}, {}, r"populations\.I has escape noise; use --to density"),
        ({}, {"finite_size": True}, "--finite-size: the unit rung has no size; allowed: --to density"),
    ],
)  # fmt: skip
def test_what_has_no_units_is_refused_by_name(spec, options, says):
    with pytest.raises(UsageError, match=says):
        convert(SPEC | spec, to="unit", truth=False, **options)
