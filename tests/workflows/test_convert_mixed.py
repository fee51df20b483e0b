"""Networks of both kinds from spec to report: parts of either kind, predicted errors, finite size, model.json."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from popdyn.cli import app
from popdyn.comparison import compare
from popdyn.errors import UsageError
from popdyn.report import render_html, render_markdown, validate
from popdyn.rungs.mixed import MixedDensity
from popdyn.workflows.analyse import analyse
from popdyn.workflows.convert import convert
from popdyn.workflows.rates import rates
from popdyn.workflows.simulate import simulate
from popdyn.workflows.source import open_source

GIF = {
    "model": "gif", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "-65 mV", "V_reset": "-65 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": {"normal": ["-50 mV", "1 mV"]}, "tau_sfa": ["50 ms"],
    "q_sfa": ["2 mV"],
}  # fmt: skip
LIF = {"model": "lif", "tau_m": "15 ms", "C_m": "150 pF", "E_L": "-65 mV", "V_th": "-50 mV", "V_reset": "-65 mV"}


def population(size, neuron, mu, sigma):
    return {"size": size, "neuron": neuron, "noise": {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}}


def synapses(pre, post, J, K):
    return {"pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "J": f"{J} mV", "delay": "1.5 ms",
            "synapse": "exponential", "tau_syn": "1 ms"}  # fmt: skip


SPEC = {
    "schema": 1,
    "name": "mixed",
    "populations": {"E": population(200, GIF, 1.2, 0.5), "I": population(50, LIF, 0.9, 1.5)},
    "connections": [synapses("E", "I", 0.1, 20), synapses("I", "E", -0.4, 5)],
    "protocols": {
        "step": {
            "duration": "250 ms", "transient": "100 ms", "stimulus": [
                {"population": "E", "target": "mu", "kind": "step", "at": "100 ms", "amplitude": "1.2 mV/ms"}
            ],
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    return convert(SPEC, out=folder, truth=False), folder


def test_each_population_has_the_parts_of_its_kind(converted):
    work, folder = converted
    document = json.loads((folder / "report.json").read_text())
    validate(document)
    assert isinstance(work.density, MixedDensity)
    assert [d["population"] for d in document["derivations"]] == ["I"]
    assert [d["population"] for d in document["cohorts"]] == ["E"]
    assert document["cohorts"][0]["frozen"] == {"V_T_star": pytest.approx(1e-3)}
    assert 0.0 < document["cohorts"][0]["regularity"]["I"] < 1.0
    assert [rung["name"] for rung in document["rungs"]] == ["spiking", "density", "mean field"]
    for name in SPEC["populations"]:
        assert 0.0 < work.predicted[name].nrmse < 0.1
        assert 0.0 < work.predicted[name].bias < 0.02
        assert {"step", "cohorts", "grid", "size"} <= set(work.predicted[name].parts)
    text = render_markdown(document) + render_html(document)
    assert "densities and cohorts" in text
    assert "limits of the theory: popdyn analyse has them" in text


def test_the_step_counts_by_the_order_of_each_kind(converted):
    """4/3 of the distance to half the step at second order (densities), twice it at first (cohorts)."""
    work, _ = converted
    half = MixedDensity(work.network, dt=work.density.dt / 2.0, tolerance=0.02, derivation=work.density.derivation)
    apart = compare(half.simulate("step"), work.results["density"]).populations
    factors = {name: work.predicted[name].parts["step"] / apart[name].nrmse for name in apart}
    assert factors == pytest.approx({"E": 2.0, "I": 4.0 / 3.0})


def test_model_file_and_commands(converted, tmp_path):
    work, folder = converted
    again = open_source(folder / "model.json").density.density()
    assert isinstance(again, MixedDensity)
    assert again.rates() == work.density.rates()
    runner = CliRunner()
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(SPEC))
    assert runner.invoke(app, ["check", str(spec)]).exit_code == 0
    done = runner.invoke(app, ["rates", str(spec), "--rung", "density", "--json"])
    assert {n: v["rate"] for n, v in json.loads(done.stdout)["populations"].items()} == pytest.approx(again.rates())


def test_finite_size_runs_of_several_seeds():
    runs = simulate(SPEC, finite_size=True, seeds=3)
    assert runs["rate"].shape[0] == 3
    assert runs.attrs["mass_error"] < 1e-10
    spread = runs["rate"].mean("time").std("run").values
    assert all(spread > 0.0)
    work = convert(SPEC, finite_size=True, truth=False)
    assert [rung["name"] for rung in work.document["rungs"]][1:] == ["density", "N to infinity", "mean field"]


def test_rates_along_a_drive_and_what_is_refused():
    table = rates(SPEC, vary="mu=0.8 mV/ms:1.2 mV/ms:2")["populations"]
    assert table["E"]["rate"][0] < table["E"]["rate"][1]
    (state,) = analyse(SPEC)["states"]
    assert state["stability"]["unstable"] == 0
    with pytest.raises(UsageError, match=r"populations\.\w+ has escape noise; use --to density"):
        convert(SPEC, to="unit")
