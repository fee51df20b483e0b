"""Populations whose neurons differ in what no frozen variable stands for: nodes of cohorts."""

import numpy as np
import pytest

from popdyn.errors import DomainError
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.cohort_march import stationary
from popdyn.theory.gif_nodes import choose_spread, gif_nodes
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.heterogeneity import Scores, at_node

GIF = {
    "model": "gif", "C_m": "150 pF", "g_L": "10 nS", "E_L": "0 mV", "V_reset": "0 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": "15 mV", "tau_sfa": ["100 ms"], "q_sfa": ["2 mV"],
}  # fmt: skip
SPREAD = {"C_m": {"lognormal": ["150 pF", "22 pF"]}, "V_T_star": {"normal": ["15 mV", "2 mV"]}}


def network(size=1000, **neuron):
    population = {"size": size, "neuron": GIF | neuron, "noise": {"mu": "1.2 mV/ms"}}
    return load({"schema": 1, "populations": {"E": population}})


@pytest.fixture(scope="module")
def wide():
    return density_rung(network(**SPREAD))


def test_it_is_chosen_where_frozen_variables_do_not_serve(wide):
    assert isinstance(wide, CohortNodes)
    assert len(wide.members) == 9
    assert sum(m.weight for m in wide.members) == pytest.approx(1.0)
    assert isinstance(density_rung(network(V_T_star=SPREAD["V_T_star"])), CohortDensity)


def test_a_skewed_spread_takes_nodes_a_mild_one_does_not():
    """Adaptation, lognormal by 100 %: 0.5 % of the rate between one frozen variable and the mean over 9 points."""
    strong, mild = (network(adaptation_scale={"lognormal": ["1", f"{cv}"]}) for cv in (1.0, 0.5))
    rung = density_rung(strong)
    assert isinstance(rung, CohortNodes)
    assert isinstance(density_rung(mild), CohortDensity)
    population = strong.populations["E"]
    assert choose_spread(mild.populations["E"]).frozen < 1e-3
    x, w = np.polynomial.hermite_e.hermegauss(9)
    nodes = [Scores(population).node(1.0, np.array([z])) for z in x]
    exact = w / w.sum() @ [stationary(gif_problem(at_node(population, node))).rate for node in nodes]
    assert abs(CohortDensity(strong).rates()["E"] / exact - 1.0) > 5e-3
    assert rung.rates()["E"] == pytest.approx(exact, rel=5e-4)


def test_rate_is_the_mean_over_the_neurons(wide):
    """Against the mean over a product rule of 8 by 8 points of the stationary rates: 0.2 %, and within its estimate."""
    population = network(**SPREAD).populations["E"]
    x, w = np.polynomial.hermite_e.hermegauss(8)
    scores, w = Scores(population), w / w.sum()
    inner = [(i, j) for i in range(8) for j in range(8) if w[i] * w[j] > 1e-5]
    share = np.array([w[i] * w[j] for i, j in inner])
    nodes = [scores.node(1.0, np.array([x[i], x[j]])) for i, j in inner]
    rates = [stationary(gif_problem(at_node(population, node))).rate for node in nodes]
    exact = share @ rates / share.sum()
    found, alone = wide.rates()["E"], density_rung(network()).rates()["E"]
    assert found == pytest.approx(exact, rel=2e-3)
    assert abs(alone / exact - 1.0) > 0.01
    assert abs(found / exact - 1.0) < wide.rules["E"].error < 2e-2


def test_trajectory_response_and_equations(wide):
    data = wide.simulate(Protocol("rest", 0.5, 1.5, 0))
    assert float(data["rate"].sel(time=slice(0.0, None)).mean()) == pytest.approx(wide.rates()["E"], rel=1e-3)
    assert data["rate"].dims == ("run", "time", "population")
    assert data.attrs["nodes"] == 9
    assert data.attrs["mass_error"] < 1e-12
    slope = wide.linear_response(np.array([0.0]), population="E")[0]
    assert 0.0 < slope.real < 100.0
    assert "cubature of degree 5, 9 nodes" in wide.equations()


def test_finite_size_shares_whole_neurons():
    rung = density_rung(network(size=100, **SPREAD), finite=True)
    sizes = [m.rung.network.populations["E"].size for m in rung.members]
    assert sum(sizes) == 100
    assert [m.weight for m in rung.members] == pytest.approx([n / 100 for n in sizes])
    rest = Protocol("rest", 1.0, 0.5, 0)
    rate = rung.simulate(rest, seed=1)["rate"].values
    spikes = rate * 100 * 1e-3
    assert np.allclose(spikes, np.round(spikes), atol=1e-9)
    assert not np.array_equal(rate, rung.simulate(rest, seed=2)["rate"].values)
    first, second = (m.rung.simulate(rest, seed=3)["rate"].values for m in rung.members[:2])
    assert not np.array_equal(first, second)


def test_five_spread_parameters_take_the_rule_of_degree_three():
    more = {"Delta_V": {"normal": ["3 mV", "0.2 mV"]}, "t_ref": {"normal": ["4 ms", "0.5 ms"]},
            "V_reset": {"normal": ["0 mV", "1 mV"]}}  # fmt: skip
    rule = gif_nodes(network(**SPREAD, **more).populations["E"])
    assert len(rule.nodes) == 10
    assert "degree 3" in rule.method


def test_connected_populations_are_refused():
    whole = {"size": 100, "neuron": GIF | SPREAD, "noise": {"mu": "1.2 mV/ms"}}
    wire = {"pre": "E", "post": "E", "rule": "all_to_all", "J": "-0.02 mV", "delay": "1 ms"}
    with pytest.raises(DomainError, match="without connections"):
        density_rung(load({"schema": 1, "populations": {"E": whole}, "connections": [wire]}))
