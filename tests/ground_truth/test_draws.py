"""Every neuron's own parameters: their distribution, correlation and strata; the simulation uses those it reports."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri
from scipy.stats import gamma, kstest, lognorm, norm

from popdyn.distributions import Distribution
from popdyn.errors import DomainError
from popdyn.ground_truth import draws, job, simulate
from popdyn.spec import PoissonDrive
from popdyn.spec.network import Connection, Synapse

from .networks import connected, network, population

SPREAD = {
    "V_th": Distribution("normal", (-50e-3, 2e-3)),
    "C_m": Distribution("lognormal", (200e-12, 40e-12)),
    "mu": Distribution("gamma", (1.2, 0.3)),
}
WIDTH = np.sqrt(np.log(1.04))
LAWS = {
    "V_th": norm(-50e-3, 2e-3),
    "C_m": lognorm(WIDTH, scale=200e-12 / np.sqrt(1.04)),
    "mu": gamma(16, scale=0.3**2 / 1.2),
}
EVENTS = 0.05


def drawn(size, seed, stratified, **options):
    one = replace(population(), spread=SPREAD, **options)
    return draws.drawn(one, size, np.random.default_rng(seed), stratified=stratified)


@pytest.mark.parametrize("stratified", [False, True])
def test_draws_follow_the_distribution_and_the_correlation(stratified):
    """Kolmogorov-Smirnov and the correlation of the underlying normals; fails by chance once in 10^4."""
    found = drawn(4000, 5, stratified, correlations=(("V_th", "mu", -0.6),))
    normals = {}
    for name, values in found.items():
        u = LAWS[name].cdf(values)
        assert kstest(u, "uniform").pvalue > 1e-4
        normals[name] = ndtri(u)
        if stratified:
            assert np.array_equal(np.sort(np.floor(u * 4000 + 1e-6)), np.arange(4000))
    assert np.corrcoef(normals["V_th"], normals["mu"])[0, 1] == pytest.approx(-0.6, abs=4 * 0.64 / np.sqrt(4000))
    assert abs(np.corrcoef(normals["V_th"], normals["C_m"])[0, 1]) < 4 / np.sqrt(4000)


def test_impossible_correlations_and_neurons_are_refused():
    pairs = (("V_th", "mu", 0.9), ("V_th", "C_m", 0.9), ("mu", "C_m", -0.9))
    with pytest.raises(DomainError, match="positive definite"):
        drawn(10, 0, False, correlations=pairs)
    wide = population(model="lif")
    for spread, words in (({"V_th": Distribution("normal", (-50e-3, 20e-3))}, "V_reset < V_th"),
                          ({"t_ref": Distribution("normal", (1e-3, 1e-3))}, "outside")):  # fmt: skip
        values = draws.drawn(replace(wide, spread=spread), 1000, np.random.default_rng(0), stratified=True)
        with pytest.raises(DomainError, match=words):
            draws.check(wide, values)


@pytest.fixture(scope="module")
def deterministic():
    """Without noise each neuron's rate says which parameters it ran with."""
    spread = {"V_th": Distribution("normal", (-50e-3, 1e-3)), "C_m": Distribution("uniform", (180e-12, 220e-12)),
              "t_ref": Distribution("uniform", (1e-3, 3e-3)), "mu": Distribution("normal", (1.5, 0.05))}  # fmt: skip
    one = replace(population("E", "lif", 40, mu=1.5, t_ref=2e-3), spread=spread)
    same = population("I", "lif", 20, mu=1.2)
    lifted = PoissonDrive(10, EVENTS / 1e-4 / 10, 50e-3)
    geometric = population("G", "lif", 40, mu=0.0, poisson=[lifted])
    spec = network(one, same, geometric, duration=1.0, transient=0.1)
    return simulate(spec, "p", dt=1e-4, backend="numpy", groups=2)


def test_irregular_neurons_have_the_cv_of_their_intervals(deterministic):
    """Every step with an event is a spike: geometric intervals of CV sqrt(1 - P), rate P/dt; 4 standard errors over
    40 neurons of 490 intervals."""
    P = 1 - np.exp(-EVENTS)
    rate, cv = deterministic["neuron_rate_G"].values, deterministic["neuron_cv_G"].values
    assert abs(rate.mean() - P / 1e-4) < 4 * np.sqrt(P * (1 - P) / 1e-4 / 40)
    assert abs(cv.mean() - np.sqrt(1 - P)) < 4 / np.sqrt(40 * 490) + 2 / 490
    assert cv.std() == pytest.approx(1 / np.sqrt(490), rel=0.6)


def test_indegrees_are_kept_where_neurons_differ():
    """A Bernoulli connection of no weight; two connections of one pair add up; equal in-degrees are left out."""
    nothing = Synapse("delta", 0.0, delay=1e-3)
    links = [Connection("A", "B", "pairwise_bernoulli", nothing, p=0.3)] * 2
    links.append(Connection("B", "A", "fixed_indegree", nothing, K=3))
    spec = connected([population("A", "lif", 50), population("B", "lif", 30)], links, duration=0.01)
    result = simulate(spec, "p", dt=1e-4, backend="numpy", groups=1, seed=4)
    assert "indegree_B_A" not in result
    degree = result["indegree_A_B"].values
    assert degree.shape == (1, 30)
    assert abs(degree.mean() - 30) < 4 * np.sqrt(100 * 0.3 * 0.7 / 30)
    assert degree.std() > 2


def test_the_drawn_parameters_are_kept_and_are_those_of_the_neurons(deterministic):
    """Interval tau ln((V_inf - V_reset)/(V_inf - V_th)) + t_ref with each neuron's own numbers, up to one step of the
    interval and one of t_ref; rates by counting, to one spike."""
    found = {name: deterministic[f"{name}_E"].values for name in ("V_th", "C_m", "t_ref", "mu")}
    assert all(values.shape == (2, 20) for values in found.values())
    assert deterministic["C_m_E"].attrs["units"] == "F"
    tau = found["C_m"] / 10e-9
    top = -65e-3 + tau * found["mu"]
    interval = tau * np.log((top + 70e-3) / (top - found["V_th"])) + found["t_ref"]
    rate = deterministic["neuron_rate_E"].values
    assert np.abs(rate - 1 / interval).max() < 1.01 + 1e-4 / interval.min() ** 2
    assert rate.std() > 3


def test_neuron_rates_add_up_to_the_population_rate_and_regular_neurons_have_no_cv(deterministic):
    scored = deterministic["rate"].sel(time=slice(0, None)).mean("time")
    for name in ("E", "I"):
        assert deterministic[f"neuron_rate_{name}"].mean().item() == pytest.approx(scored.sel(population=name).mean())
        assert deterministic[f"neuron_cv_{name}"].max() < 0.005
    assert "V_th_I" not in deterministic


def test_strata_are_the_default_of_uncoupled_populations_alone():
    one = replace(population(), spread=SPREAD)
    assert job(network(one), "p").stratified
    assert not job(network(one), "p", stratified=False).stratified
    assert not job(network(population()), "p", stratified=True).stratified
