"""A small network from spec to report: density beside Brian2, nodes, rates over neurons, limits, model.json."""

from __future__ import annotations

import json

import numpy as np
import pytest

from popdyn.errors import SpecError, UsageError
from popdyn.report import render_html, render_markdown, validate
from popdyn.spec import load
from popdyn.workflows.convert import convert
from popdyn.workflows.prediction import variation
from popdyn.workflows.rates import rates
from popdyn.workflows.simulate import simulate


def population(size, **more):
    neuron = {"model": "lif", "t_ref": "2 ms", **more}
    return {"size": size, "neuron": neuron, "noise": {"mu": "0.85 mV/ms", "sigma": "1.5 mV/sqrt(ms)"}}


def synapses(pre, post, J, K):
    return {"pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "J": f"{J} mV", "delay": "1.5 ms"}


SPEC = {
    "schema": 1,
    "name": "small",
    "populations": {"E": population(400, V_th={"normal": ["-50 mV", "1 mV"]}), "I": population(100)},
    "connections": [synapses("E", "E", 0.1, 40), synapses("E", "I", 0.1, 40), synapses("I", "E", -0.4, 10)],
    "protocols": {
        "step": {
            "duration": "400 ms", "transient": "200 ms", "stimulus": [
                {"population": "E", "target": "mu", "kind": "step", "at": "200 ms", "amplitude": "0.2 mV/ms"}
            ],
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    return convert(SPEC, out=folder / "out", store=folder / "store"), folder / "out"


def test_the_density_is_compared_with_whole_networks(converted):
    work, folder = converted
    document = json.loads((folder / "report.json").read_text())
    validate(document)
    assert document["target"] == "density"
    assert document["summary"].startswith("Converted to the density rung: the default where E connects to E")
    assert [(c["truth"], c["model"]) for c in document["comparisons"]] == [
        ("spiking", "density"), ("spiking", "mean field"), ("density", "mean field"),
    ]  # fmt: skip
    against = document["comparisons"][0]["populations"]
    assert all(m["groups"] == 10 for m in against.values())
    assert all(abs(m["bias"]) < 0.05 for m in against.values())
    runs = work.truth.dataset["rate"].sel(population="E").mean("time").values
    assert len(np.unique(runs)) == 10


def test_every_population_is_in_the_report(converted):
    document = json.loads((converted[1] / "report.json").read_text())
    (trace,) = document["traces"]
    assert list(trace["populations"]) == ["E", "I"]
    assert trace["populations"]["E"]["stimulus"]["label"] == "mu [mV/ms]"
    assert "stimulus" not in trace["populations"]["I"]
    E, other = document["derivations"]
    assert E["nodes"] > 1
    assert E["importance"]["V_th"] > 0.5
    assert 0 < E["quadrature_error"] < 0.02 / 3
    relative = variation(converted[0].results["density"], "E")
    assert converted[0].predicted["E"].bias > relative * E["quadrature_error"] > 0.0
    assert set(converted[0].predicted["E"].parts) == {"step", "grid", "nodes", "jumps", "trains", "size"}
    assert other["nodes"] >= 1
    assert {check["kind"] for check in document["validity"]} >= {"stability", "disorder"}
    (spread,) = (n for n in document["neuron_rates"] if n["population"] == "E")
    assert spread["sd_log"] == pytest.approx(spread["explained_sd_log"], rel=0.1)


def test_the_pages_show_it(converted):
    document = json.loads((converted[1] / "report.json").read_text())
    for page in (render_html(document), render_markdown(document)):
        assert "The network as the density has it" in page
        assert "what matters most" in page
        assert "Limits of the theory" in page
        assert "Rates over neurons" in page


def test_the_model_is_simulated_again(converted):
    work, folder = converted
    again = simulate(folder / "model.json")
    np.testing.assert_array_equal(again["rate"], work.results["density"]["rate"])


@pytest.mark.parametrize(
    ("part", "value", "path"),
    [("closure", "best", "settings.closure"), ("jumps", 3, "settings.jumps"), ("dt", "x", "settings.dt")],
)
def test_a_broken_model_is_refused(converted, tmp_path, part, value, path):
    document = json.loads((converted[1] / "model.json").read_text())
    document["settings"][part] = value
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(SpecError, match=path):
        simulate(tmp_path / "model.json")


def test_an_edited_model_is_refused(converted, tmp_path):
    document = json.loads((converted[1] / "model.json").read_text())
    document["network"]["populations"]["E"]["size"] = 401
    (tmp_path / "model.json").write_text(json.dumps(document))
    with pytest.raises(SpecError, match="convert again"):
        simulate(tmp_path / "model.json")


def test_finite_size_fluctuates_and_its_seed_is_its_own():
    runs = simulate(SPEC, finite_size=True, seeds=2, seed=3)
    again = simulate(SPEC, finite_size=True, seed=4)
    rate = runs["rate"].sel(population="E").values
    np.testing.assert_array_equal(rate[1], again["rate"].sel(population="E").values[0])
    smooth = simulate(SPEC)["rate"].sel(population="E").values[0]
    counted = smooth.mean() / (400 * 1e-3)  # variance of the rate of so many Poisson spikes a bin
    assert 0.5 < np.var(rate - smooth) / counted < 2.0


def test_rates_say_how_neurons_differ():
    found = rates(SPEC)["populations"]
    shares = [node["share"] for node in found["E"]["nodes"]]
    mean = sum(node["share"] * node["rate"] for node in found["E"]["nodes"])
    assert sum(shares) == pytest.approx(1.0)
    assert mean == pytest.approx(found["E"]["rate"], rel=1e-3)
    assert found["E"]["sd_log_rate"] > found["I"].get("sd_log_rate", 0.0)


ALONE = {"schema": 1, "populations": {"E": population(50)}, "protocols": {"p": {"duration": "50 ms"}}}


@pytest.mark.parametrize(
    ("spec", "options", "says"),
    [
        (SPEC, {"annealed": True, "truth": False}, "--annealed: needs a spiking network"),
        (ALONE, {"annealed": True}, "--annealed: needs connections"),
        (ALONE, {"to": "unit", "finite_size": True}, "--finite-size: .*allowed: --to density"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_the_remedy(spec, options, says):
    with pytest.raises(UsageError, match=says):
        convert(spec, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"seeds": 2}, "--seeds: the density rung is deterministic; allowed: 1, or add --finite-size"),
        ({"rung": "density2d"}, "use --rung density"),
        ({"rung": "spiking", "finite_size": True}, "--finite-size"),
    ],
)
def test_simulate_refuses_what_a_network_has_not(options, says):
    with pytest.raises(UsageError, match=says):
        simulate(load(SPEC), **options)


@pytest.mark.slow
def test_the_annealed_line_and_finite_size(tmp_path):
    work = convert(SPEC, finite_size=True, annealed=True, out=tmp_path / "out", store=tmp_path / "store")
    assert "size" not in work.predicted["E"].parts
    lines = {(c["truth"], c["model"]): c["populations"] for c in work.document["comparisons"]}
    assert {("spiking", "annealed"), ("annealed", "density"), ("spiking", "N to infinity")} <= set(lines)
    assert all(abs(m["bias"]) < 0.05 for m in lines["spiking", "annealed"].values())
    assert work.results["density"].sizes["run"] == work.annealed.dataset.sizes["run"] == 10
    assert [rung["name"] for rung in work.document["rungs"]] == [
        "spiking", "annealed", "density", "N to infinity", "mean field",
    ]  # fmt: skip
    again = convert(SPEC, annealed=True, store=tmp_path / "store")
    assert again.truth.reused
    assert again.annealed.reused
    one = simulate(tmp_path / "out" / "model.json", seed=1)
    np.testing.assert_array_equal(one["rate"][0], work.results["density"]["rate"][1])
