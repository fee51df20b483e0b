"""Escape-noise populations from spec to report: cohorts beside Brian2, predicted errors, gaps by name, model.json."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from popdyn.cli import app
from popdyn.errors import SpecError, UsageError
from popdyn.report import render_html, render_markdown, validate
from popdyn.theory.cohort_grid import age_grid
from popdyn.theory.predicted_error import predicted_error
from popdyn.workflows.analyse import analyse
from popdyn.workflows.convert import convert
from popdyn.workflows.rates import rates
from popdyn.workflows.simulate import simulate

GIF = {
    "model": "gif", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_reset": "0 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": {"normal": ["15 mV", "1 mV"]}, "tau_sfa": ["50 ms"],
    "q_sfa": ["2 mV"],
}  # fmt: skip
POISSON = {k: GIF[k] for k in ("C_m", "tau_m", "E_L", "lambda_0", "Delta_V")} | {
    "model": "poisson",
    "V_T_star": "15 mV",
}


def population(size, neuron, mu=1.2):
    return {"size": size, "neuron": neuron, "noise": {"mu": f"{mu} mV/ms", "sigma": "0.5 mV/sqrt(ms)"}}


def synapses(pre, post, J, K):
    return {
        "pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "J": f"{J} mV", "delay": "1.5 ms",
        "synapse": "exponential", "tau_syn": "4 ms",
    }  # fmt: skip


SPEC = {
    "schema": 1,
    "name": "escape",
    "populations": {"E": population(200, GIF), "I": population(50, POISSON, 0.8)},
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
    folder = tmp_path_factory.mktemp("cohorts")
    return convert(SPEC, out=folder / "out", store=folder / "store"), folder / "out"


def test_cohorts_are_compared_with_whole_networks(converted):
    work, folder = converted
    document = json.loads((folder / "report.json").read_text())
    validate(document)
    assert document["summary"].endswith("E connects to I (connections[0]).")
    assert [(c["truth"], c["model"]) for c in document["comparisons"]] == [
        ("spiking", "density"), ("spiking", "mean field"), ("density", "mean field"),
    ]  # fmt: skip
    against = document["comparisons"][0]["populations"]
    for name, measures in against.items():
        runs = work.truth.dataset["rate"].sel(population=name).mean("time").values
        sampling = 4.0 * runs.std(ddof=1) / np.sqrt(runs.size) / runs.mean()  # t of 9 degrees of freedom: 3e-3
        assert abs(measures["bias"]) < 0.02 + sampling
    assert [rung["name"] for rung in document["rungs"]] == ["spiking", "density", "mean field"]
    assert set(document["traces"][0]["populations"]["E"]["models"]) == {"density", "mean field"}


def test_the_derivation_is_written_down(converted):
    work, _ = converted
    E, other = work.document["cohorts"]
    assert (E["model"], other["model"]) == ("gif", "poisson")
    assert (E["closure"], E["order"]) == ("gaussian", 2)
    assert E["variables"][:2] == ["a(0.05)", "V_T_star"]
    assert E["frozen"]["V_T_star"] == pytest.approx(1e-3, rel=1e-3)
    assert E["history"] == max(age_grid(p).history for p in work.cohorts.problems.values())
    assert E["shot_noise"] == "coloured"
    assert E["rate"] == rates(SPEC)["populations"]["E"]["rate"]
    assert list(E["regularity"]) == ["I"]
    assert 0.5 < other["regularity"]["E"] < 1.0 < 1.2 * E["regularity"]["I"]
    assert work.cohorts.equations() == work.document["equations"]["density"]


def test_the_error_is_predicted_by_the_rung(converted):
    work, _ = converted
    for entry in work.document["cohorts"]:
        problem, D = work.cohorts.working_point()[entry["population"]]
        theory = predicted_error(problem, grid=work.cohorts.grid, D=D)
        if entry["population"] == "E":
            theory["spread"] = entry["spread_error"]
            assert entry["spread"].startswith("frozen variables (")
        assert entry["predicted"] == pytest.approx(theory)
        (bias,) = (
            p["predicted"]
            for p in work.document["predictions"]
            if p["population"] == entry["population"] and p["what"] == "bias"
        )
        assert bias == pytest.approx(sum(theory.values()))
    finer = [p["predicted"] for p in work.document["predictions"] if p["what"] == "nrmse"]
    assert all(0.0 < value < 0.1 for value in finer)


def test_what_is_not_available_is_named_on_every_page(converted):
    document = converted[0].document
    named = " ".join(document["not_available"])
    assert all(word in named for word in ("rate unit", "fixed points", "popdyn analyse", "limits of the theory"))
    for page in (render_html(document), render_markdown(document)):
        assert "Not available" in page
        assert "The cohorts of every population" in page
        assert "means and covariances" in page
        assert "Expected error of stationary rates" in page
    assert "units" not in document
    assert "validity" not in document


def test_the_model_is_simulated_again(converted):
    work, folder = converted
    again = simulate(folder / "model.json")
    np.testing.assert_array_equal(again["rate"], work.results["density"]["rate"])
    assert rates(folder / "model.json") == rates(SPEC)


@pytest.mark.parametrize(
    ("part", "value"), [("closure", "hermite2"), ("shot_noise", "loud"), ("finite", 1), ("settle", None), ("dt", "x")]
)
def test_a_broken_model_is_refused(converted, tmp_path, part, value):
    document = json.loads((converted[1] / "model.json").read_text())
    document["settings"][part] = value
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(SpecError, match=f"settings.{part}"):
        simulate(tmp_path / "model.json")


def test_finite_size_without_truth(tmp_path):
    work = convert(SPEC, finite_size=True, truth=False, seed=2, out=tmp_path)
    assert work.verdict == "unverified"
    assert [rung["name"] for rung in work.document["rungs"]] == ["spiking", "density", "N to infinity", "mean field"]
    again = simulate(SPEC, finite_size=True, seed=2)
    np.testing.assert_array_equal(again["rate"], work.results["density"]["rate"])
    np.testing.assert_array_equal(simulate(SPEC)["rate"], work.results["N to infinity"]["rate"])
    assert np.std(work.results["density"]["rate"] - work.results["N to infinity"]["rate"]) > 1.0


def test_a_population_alone_has_a_unit(tmp_path):
    alone = {"schema": 1, "populations": {"E": population(50, GIF)}, "protocols": {"p": {"duration": "50 ms"}}}
    work = convert(alone, truth=False, out=tmp_path)
    assert work.target == "unit"
    document = json.loads((tmp_path / "report.json").read_text())
    validate(document)
    assert document["cohorts"][0]["shot_noise"] == "no synapses"
    assert document["units"][0]["parameters"][0]["name"] == "adaptation_strength"
    assert "spec2: its modes are those of a density over V" in document["units"][0]["note"]
    assert document["rungs"][-1]["name"] == "unit"
    (curve,) = document["curves"]
    np.testing.assert_allclose(curve["models"]["unit"], curve["models"]["density"], rtol=1e-3)
    rows = {(c["model"], c["use"]) for c in document["comparisons"] if "use" in c}
    assert rows == {("unit", "training"), ("unit", "held out"), ("LNexp", "held out"), ("LNdos", "held out")}
    assert "rate unit" not in " ".join(document["not_available"])
    assert simulate(tmp_path / "model.json")["rate"].sel(time=slice(0.0, None)).sizes["time"] == 50
    assert convert(alone, to="density", truth=False).unit is None


def test_analysis_has_the_rates_of_the_density(converted):
    (state,) = analyse(SPEC)["states"]
    assert state["rates"] == pytest.approx(converted[0].density.rates(), rel=1e-3)
    assert state["stability"]["unstable"] == 0


def test_the_commands(converted, tmp_path):
    work, folder = converted
    spec = folder / "model.json"
    runner = CliRunner()
    assert runner.invoke(app, ["simulate", str(spec), "--rung", "density", "--out", str(tmp_path)]).exit_code == 0
    done = runner.invoke(app, ["compare", str(work.truth.path), str(tmp_path / "model-density-step.h5"), "--json"])
    found = json.loads(done.stdout)["populations"]["E"]
    ours = work.comparisons[0].populations["E"]
    assert found["bias"] == pytest.approx(ours.bias)
    assert "Schwalger" in runner.invoke(app, ["cite", str(spec)]).stdout


def test_conductances_are_converted_to_the_end(tmp_path):
    """Sources and a connection of conductances; the report and the model it leaves, and what there is not by name."""
    source = {"K": 800, "nu": "7 Hz", "J": "0.5 nS", "synapse": "conductance", "tau_syn": "2 ms", "E_rev": "0 mV"}
    wire = {"rule": "fixed_indegree", "K": 20, "J": "1 nS", "tau_syn": "5 ms", "E_rev": "-75 mV", "delay": "1 ms"}
    neuron = {"model": "gif", "E_L": "-70 mV", "V_reset": "-60 mV", "V_T_star": "-50 mV", "t_ref": "2 ms"}
    spec = {
        "schema": 1, "populations": {"I": {"size": 400, "neuron": neuron, "poisson": [source]}},
        "connections": [wire | {"pre": "I", "post": "I", "synapse": "conductance"}],
        "protocols": {"p": {"duration": "200 ms", "transient": "200 ms"}},
    }  # fmt: skip
    work = convert(spec, truth=False, out=tmp_path)
    document = json.loads((tmp_path / "report.json").read_text())
    validate(document)
    assert document["cohorts"][0]["variables"] == ["y(0.002)", "y(0.005)"]
    assert "popdyn analyse refuses conductances" in document["not_available"][0]
    assert 0.0 < work.predicted["I"].bias < 0.02
    assert rates(tmp_path / "model.json")["populations"]["I"]["rate"] == pytest.approx(work.density.rates()["I"])
    with pytest.raises(UsageError, match="escape noise; use --to density"):
        convert(spec, to="unit", truth=False)
    with pytest.raises(SpecError, match='"conductance" in an analysis'):
        analyse(spec)
