"""Heterogeneous populations of escape noise from spec to report: nodes or frozen variables, chosen by their error."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.report import render_markdown, validate
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.spec import load
from popdyn.theory.cohort_march import stationary
from popdyn.theory.gif_nodes import choose_spread
from popdyn.theory.gif_population import gif_problem
from popdyn.workflows.convert import convert
from popdyn.workflows.prediction import variation
from popdyn.workflows.source import open_source

GIF = {
    "model": "gif", "C_m": "150 pF", "g_L": "10 nS", "E_L": "0 mV", "V_reset": "0 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": "15 mV", "tau_sfa": ["100 ms"], "q_sfa": ["2 mV"],
}  # fmt: skip
C_M = {"C_m": {"lognormal": ["150 pF", "40 pF"]}}
SKEWED, MILD = ({"adaptation_scale": {"lognormal": ["1", cv]}} for cv in ("1", "0.5"))


def spec(*, mu="1.2 mV/ms", poisson=(), connections=(), **neuron):
    population = {"size": 500, "neuron": GIF | neuron, "noise": {"mu": mu}, "poisson": list(poisson)}
    step = {"population": "E", "target": "mu", "kind": "step", "at": "100 ms", "amplitude": "0.4 mV/ms"}
    return {
        "schema": 1, "name": "spread", "populations": {"E": population}, "connections": list(connections),
        "protocols": {"step": {"duration": "250 ms", "transient": "300 ms", "stimulus": [step]}},
    }  # fmt: skip


def cohorts(work):
    validate(work.document)
    (entry,) = work.document["cohorts"]
    return entry


def test_tau_m_takes_nodes_and_says_so(tmp_path):
    work = convert(spec(**C_M), to="density", truth=False, out=tmp_path)
    entry = cohorts(work)
    assert isinstance(work.density, CohortNodes)
    assert entry["nodes"] == 3
    assert entry["spread"].startswith("cubature of degree 5, 3 nodes (")
    assert entry["predicted"]["spread"] == entry["spread_error"] == work.density.rules["E"].error > 0.0
    assert work.predicted["E"].bias > entry["spread_error"]
    relative = variation(work.results["density"], "E")
    assert 0.0 < relative < 1.0
    assert work.predicted["E"].parts["at rest"] == pytest.approx(entry["spread_error"] / relative)
    assert "cubature of degree 5, 3 nodes" in render_markdown(work.document)
    assert work.document["rungs"][1]["state"].startswith("3 nodes x ")
    again = open_source(tmp_path / "model.json").density.density()
    assert isinstance(again, CohortNodes)
    assert again.rates() == work.density.rates()
    assert json.loads((tmp_path / "model.json").read_text())["settings"]["tolerance"] == 0.02


def test_a_skewed_spread_takes_nodes_where_frozen_variables_cost_too_much():
    """Both errors are of the same rates, so that the choice follows from them; a wide tolerance changes it."""
    for neuron, kind in ((SKEWED, CohortNodes), (MILD, CohortDensity)):
        work = convert(spec(**neuron), truth=False)
        spread = work.spreads["E"]
        assert isinstance(work.density, kind)
        assert spread.nodes == (spread.frozen > max(0.02 / 6.0, spread.rule.error))
        assert cohorts(work)["nodes"] == (3 if spread.nodes else 1)
    assert not choose_spread(load(spec(**SKEWED)).populations["E"], 0.2).nodes


def test_the_error_of_frozen_variables_is_their_distance_from_the_population():
    """Against 200 quantiles of the spread, one neuron each."""
    population = load(spec(**SKEWED)).populations["E"]
    scale = population.spread["adaptation_scale"].quantile((np.arange(200) + 0.5) / 200)
    whole = gif_problem(population)
    exact = np.mean([stationary(_without_spread(whole, s)).rate for s in scale])
    found = choose_spread(population)
    assert found.frozen == pytest.approx(abs(stationary(whole).rate / exact - 1.0), rel=0.2)


def _without_spread(problem, scale):
    return replace(problem, frozen={}, scale=float(scale))


def test_finite_size_shares_the_neurons_among_nodes():
    work = convert(spec(**C_M), truth=False, finite_size=True)
    assert isinstance(work.density, CohortNodes)
    assert sum(m.rung.network.populations["E"].size for m in work.density.members) == 500
    assert "N to infinity" in work.results


def test_charges_count_by_the_capacitance_of_the_neuron():
    """Poisson input of small J is a current: C_m then matters as it does for I_e of the same charge per second."""
    poisson = {"K": 1000, "nu": "12 Hz", "J": "0.1 mV", "synapse": "exponential", "tau_syn": "5 ms"}
    by_spikes = convert(spec(mu="0 mV/ms", poisson=[poisson], **C_M), truth=False).density
    current = convert(spec(mu="0 mV/ms", I_e="180 pA", **C_M), truth=False).density
    rates = [density.rates()["E"] for density in (by_spikes, current)]
    nodes = [[m.rung.rates()["E"] for m in density.of("E")] for density in (by_spikes, current)]
    assert rates[0] == pytest.approx(rates[1], rel=0.05)  # what is left is shot noise
    assert np.array(nodes[0]) == pytest.approx(np.array(nodes[1]), rel=0.08)


def test_connected_populations_keep_frozen_variables_and_say_what_they_cost():
    wire = {"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 20, "J": "-0.1 mV", "delay": "1 ms"}
    work = convert(spec(connections=[wire], **SKEWED), truth=False)
    assert isinstance(work.density, CohortDensity)
    entry = cohorts(work)
    assert entry["spread"].startswith("frozen variables (")
    assert entry["spread_error"] == work.spreads["E"].frozen > 1e-3
