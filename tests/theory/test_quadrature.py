"""Rules over heterogeneous populations, against averages by other means: Siegert's formula over many neurons."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from popdyn.distributions import Distribution
from popdyn.errors import DomainError, UsageError
from popdyn.spec.network import Initial, Neuron, PoissonDrive, Population, Protocol, Stimulus, WhiteNoise
from popdyn.theory.heterogeneity import as_drawn
from popdyn.theory.heterogeneity_features import protocol_drives
from popdyn.theory.quadrature import at_node, quadrature
from popdyn.theory.siegert import siegert_rate

PARAMETERS = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -60e-3, "t_ref": 2e-3, "I_e": 0.0,
}  # fmt: skip
LIF = Population("E", 10_000, Neuron("lif", PARAMETERS), WhiteNoise(0.6, 0.05), (), Initial(-65e-3, 2e-3, 0.0, 0.0))
SHIFTS = np.array([-0.4, -0.2, 0.0, 0.2, 0.4])  # of mu [V/s]
DRIVES = [(0.6 + x, 0.05) for x in SHIFTS]
TOLERANCE = 3e-3

V_TH = Distribution("normal", (-50e-3, 2e-3), -57e-3, -40e-3)
MU = Distribution("normal", (0.6, 0.1))
RAW = np.random.default_rng(0)
TWO_HUMPS = tuple(np.concatenate([RAW.normal(-53e-3, 1e-3, 60), RAW.normal(-47e-3, 0.5e-3, 40)]))
SPREADS = {
    "normal": {"mu": MU},
    "truncated": {"V_th": Distribution("normal", (-50e-3, 4e-3), -52e-3, -40e-3)},
    "uniform": {"V_th": Distribution("uniform", (-55e-3, -45e-3))},
    "lognormal": {"C_m": Distribution("lognormal", (200e-12, 60e-12))},
    "gamma": {"g_L": Distribution("gamma", (10e-9, 2.5e-9))},
    "lorentzian": {"mu": Distribution("lorentzian", (0.6, 0.05))},
    "empirical": {"V_th": Distribution("empirical", TWO_HUMPS)},
    "dead time": {"t_ref": Distribution("uniform", (0.5e-3, 8e-3))},
    "noise": {"sigma": Distribution("normal", (0.05, 0.012), 0.01, 0.2)},
    "two": {"mu": MU, "V_th": V_TH},
    "four": {
        "mu": MU,
        "V_th": V_TH,
        "g_L": Distribution("lognormal", (10e-9, 1.5e-9)),
        "t_ref": Distribution("uniform", (1e-3, 3e-3)),
    },
}


def siegert(values, shift):
    """Rate of neurons given as arrays of parameters, "mu" and "sigma"."""
    mu = values["mu"] + shift + values["I_e"] / values["C_m"]
    V_th, V_reset = values["V_th"] - values["E_L"], values["V_reset"] - values["E_L"]
    return siegert_rate(mu, values["sigma"], values["C_m"] / values["g_L"], V_th, V_reset, values["t_ref"])


def of_many(population, count=2**14, cut=True):
    """Rates (shift,) of `count` neurons spread evenly over the joint distribution."""
    d = len(population.spread)
    u = qmc.Sobol(d, scramble=True, seed=3).random(count) if d > 1 else (np.arange(count)[:, None] + 0.5) / count
    R = np.eye(d)
    for a, b, coefficient in population.correlations:
        i, j = (list(population.spread).index(name) for name in (a, b))
        R[i, j] = R[j, i] = coefficient
    u = ndtr(ndtri(u) @ np.linalg.cholesky(R).T)
    values = {**PARAMETERS, "mu": population.noise.mu, "sigma": population.noise.sigma}
    values |= {name: d.quantile(u[:, k]) for k, (name, d) in enumerate(population.spread.items())}
    if cut and "lorentzian" in {d.family for d in population.spread.values()}:
        low, high = population.spread["mu"].quantile(np.array([0.5, population.size - 0.5]) / population.size)
        values["mu"] = np.clip(values["mu"], low, high)
    return np.array([np.mean(siegert(values, shift)) for shift in SHIFTS])


def of_rule(rule, width=0.0):
    neurons = [{**n.parameters, "mu": n.mu + width * n.quenched, "sigma": n.sigma} for n in rule.nodes]
    weights = [n.weight for n in rule.nodes]
    return np.array([np.dot(weights, [siegert(p, shift) for p in neurons]) for shift in SHIFTS])


def nrmse(found, truth):
    return float(np.sqrt(np.mean((found - truth) ** 2)) / np.std(truth))


@pytest.mark.parametrize("name", SPREADS)
def test_mean_rate_over_the_neurons_within_the_tolerance(name):
    population = replace(LIF, spread=SPREADS[name])
    rule = quadrature(population, TOLERANCE, drives=DRIVES)
    assert rule.error <= TOLERANCE
    assert len(rule.nodes) <= 32
    assert all(node.weight > 0 for node in rule.nodes)
    assert sum(node.weight for node in rule.nodes) == pytest.approx(1.0, abs=1e-12)
    assert sum(rule.importance.values()) == pytest.approx(1.0)
    assert nrmse(of_rule(rule), of_many(population)) <= TOLERANCE


@pytest.mark.parametrize("name", ["normal", "lognormal", "two"])
def test_one_node_of_the_centre_is_not_enough(name):
    """The spreads of these tests matter: without them the same measure is far outside the tolerance."""
    centre = np.array([siegert({**PARAMETERS, "mu": 0.6, "sigma": 0.05}, shift) for shift in SHIFTS])
    assert nrmse(centre, of_many(replace(LIF, spread=SPREADS[name]))) > 3 * TOLERANCE


def test_more_nodes_less_error():
    population = replace(LIF, spread={"V_th": V_TH})
    errors = [quadrature(population, count=count, drives=DRIVES).error for count in range(1, 7)]
    assert all(b < a for a, b in pairwise(errors))
    assert errors[4] < 0.01 * errors[0]


def test_values_of_a_short_list_are_the_nodes():
    population = replace(LIF, spread={"V_th": Distribution("empirical", (-53e-3, -46e-3, -53e-3))})
    rule = quadrature(population, drives=DRIVES)
    found = sorted((node.parameters["V_th"], node.weight) for node in rule.nodes)
    assert np.array(found) == pytest.approx(np.array([(-53e-3, 2 / 3), (-46e-3, 1 / 3)]))
    assert rule.error < 1e-9


def test_additive_spreads_are_one_offset():
    """mu and I_e/C_m of s.d. 0.1 V/s each are one normal offset of s.d. 0.1 sqrt(2): no node is spent on the rest."""
    both = replace(LIF, spread={"mu": MU, "I_e": Distribution("normal", (0.0, 20e-12))})
    one = replace(LIF, spread={"mu": Distribution("normal", (0.6, 0.1 * np.sqrt(2)))})
    rule = quadrature(both, drives=DRIVES)
    assert "nothing across" in rule.method
    assert len(rule.nodes) == len(quadrature(one, drives=DRIVES).nodes)
    assert rule.importance == pytest.approx({"mu": 0.5, "I_e": 0.5}, abs=0.01)
    assert nrmse(of_rule(rule), of_many(one)) <= TOLERANCE


@pytest.mark.parametrize("coefficient", [0.8, -0.9])
def test_correlated_parameters(coefficient):
    population = replace(LIF, spread=SPREADS["two"], correlations=(("mu", "V_th", coefficient),))
    rule = quadrature(population, TOLERANCE, drives=DRIVES)
    truth = of_many(population)
    assert nrmse(of_rule(rule), truth) <= TOLERANCE
    assert nrmse(of_many(replace(population, correlations=())), truth) > TOLERANCE


def test_perfect_correlation_is_one_dimension():
    population = replace(LIF, spread=SPREADS["two"], correlations=(("mu", "V_th", 1.0),))
    assert "nothing across" in quadrature(population, drives=DRIVES).method


def test_impossible_correlations_are_refused():
    spread = {**SPREADS["two"], "t_ref": Distribution("uniform", (1e-3, 3e-3))}
    correlations = (("mu", "V_th", 0.9), ("V_th", "t_ref", 0.9), ("mu", "t_ref", -0.9))
    with pytest.raises(DomainError, match="no joint distribution"):
        quadrature(replace(LIF, spread=spread, correlations=correlations))


def test_what_was_drawn_is_averaged_over_rather_than_the_distributions():
    """200 neurons: the draws move the rate far beyond the tolerance, and the rule of the draws follows."""
    population = replace(LIF, spread=SPREADS["two"], correlations=(("mu", "V_th", -0.6),))
    x = np.random.default_rng(0).multivariate_normal([0.0, 0.0], [[1.0, -0.6], [-0.6, 1.0]], 200)
    draws = {name: population.spread[name].quantile(ndtr(x[:, k])) for k, name in enumerate(("mu", "V_th"))}
    truth = np.array([np.mean(siegert({**PARAMETERS, "sigma": 0.05, **draws}, shift)) for shift in SHIFTS])
    rule = quadrature(as_drawn(population, draws), TOLERANCE, drives=DRIVES)
    assert nrmse(of_rule(rule), truth) <= TOLERANCE
    assert nrmse(of_many(population), truth) > 10 * TOLERANCE


def test_quenched_input_is_a_spread_of_mu_that_the_caller_adds():
    rule = quadrature(LIF, TOLERANCE, drives=DRIVES, quenched=0.1)
    assert {node.mu for node in rule.nodes} == {0.6}
    assert nrmse(of_rule(rule, width=0.1), of_many(replace(LIF, spread={"mu": MU}))) <= TOLERANCE


def test_without_spread_there_is_one_node_and_no_error():
    rule = quadrature(LIF)
    assert (len(rule.nodes), rule.error, dict(rule.importance)) == (1, 0.0, {})
    assert at_node(LIF, rule.nodes[0]) == LIF


def test_a_node_is_a_homogeneous_population():
    population = replace(LIF, spread=SPREADS["two"], poisson=(PoissonDrive(10, 5.0, 1e-4),))
    node = quadrature(population, count=4).nodes[0]
    found = at_node(population, node)
    assert (found.spread, found.noise.mu, found.poisson) == ({}, node.mu, population.poisson)
    assert found.neuron.parameters["V_th"] == node.parameters["V_th"] != PARAMETERS["V_th"]


def test_drives_of_protocols_hold_what_they_reach():
    step = Stimulus("E", "mu", "step", {"at": 0.5, "amplitude": 0.4, "until": 1.0})
    drives = protocol_drives(LIF, [Protocol("p", 1.0, 0.0, 1, (step,))])
    mu, sigma = np.array(drives).T
    assert (mu.min(), mu.max(), sigma.min()) == pytest.approx((0.6, 1.0, 0.05))
    assert mu.mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("arguments", [{"tolerance": 0.0}, {"most": 0}, {"count": 0}])
def test_numbers_that_make_no_sense_are_refused(arguments):
    with pytest.raises(UsageError, match="quadrature"):
        quadrature(LIF, **arguments)
