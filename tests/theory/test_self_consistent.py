"""The map of rates: Siegert's formula everywhere, the mean closure, slopes, and extremes that must not break it."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import NetworkNode, network_problem, white_problem
from popdyn.theory.problem import density_problem
from popdyn.theory.self_consistent import RateMap, floor, node_rates
from popdyn.theory.siegert import siegert_rate

LIF = {
    "model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV",
    "t_ref": "2 ms",
}  # fmt: skip
ADEX = {"model": "adex", "tau_w": "60 ms", "b": "80 pA", "a": "4 nS", "E_w": "-80 mV", "t_ref": "2 ms"}


def spec(neuron, mu=1.0, sigma=1.0, *wires):
    noise = {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 1000, "neuron": neuron, "noise": noise}}})
    return replace(network, connections=wires)


def lif_problem():
    return density_problem(spec(LIF).populations["E"])


@pytest.mark.parametrize("mu", [-2.0, 0.0, 0.5, 1.0, 1.2, 2.0, 10.0, 1000.0])
@pytest.mark.parametrize("D", [1e-5, 1e-4, 1e-3, 0.1])
def test_siegert(mu, D):
    """2e-4 of the rate where it is above 1e-9 / s, at drives and noises that no protocol reaches as well."""
    found = node_rates(lif_problem(), np.array([mu]), np.array([D]))[0]
    truth = float(siegert_rate(mu, np.sqrt(2 * D), 0.02, 0.02, 0.01, 0.002))
    assert found == pytest.approx(truth, rel=2e-4, abs=1e-9)


@pytest.mark.parametrize(("mu", "D"), [(-1e4, 1e-4), (-1e4, 100.0), (1e5, 1e-12), (0.0, 0.0)])
def test_extremes_are_numbers(mu, D):
    found = node_rates(lif_problem(), np.array([mu]), np.array([D]))[0]
    assert 0.0 <= found <= 500.0


def test_below_the_floor_noise_does_nothing():
    problem = lif_problem()
    at = np.array([0.1, 1e-3, 1e-6]) * floor(problem)
    assert np.ptp(node_rates(problem, np.full(3, 1.2), at)) == 0.0
    free = 1.0 / (0.002 + 0.02 * np.log((24.0 - 10.0) / (24.0 - 20.0)))  # without noise
    assert node_rates(problem, np.array([1.2]), at[:1])[0] == pytest.approx(free, rel=2e-3)


@pytest.mark.parametrize(("mu", "sigma"), [(0.8, 2.0), (1.5, 2.0), (3.0, 1.0)])
def test_mean_closure(mu, sigma):
    """Against the finite-volume density of the rung: 2e-4."""
    network = spec(ADEX, mu, sigma)
    problem = density_problem(network.populations["E"])
    found = node_rates(problem, np.array([problem.mu]), np.array([problem.D]))[0]
    assert found == pytest.approx(Density(network, closure="mean", refine=4.0).rates()["E"], rel=2e-4)


def test_slopes_are_those_of_the_map():
    """DF against differences of F, with mean squares as unknowns and filtered synapses with short-term plasticity."""
    plastic = Synapse("tsodyks_markram", 2e-4, tau_syn=1e-3, U=0.3, tau_rec=0.1, tau_fac=0.2)
    wires = (
        Connection("E", "E", "pairwise_bernoulli", Synapse("exponential", -1e-4, tau_syn=2e-3), p=0.2),
        Connection("E", "E", "fixed_indegree", plastic, K=50),
    )
    network = spec(LIF, 1.1, 0.8, *wires)
    white = white_problem(network.populations["E"])
    nodes = tuple(NetworkNode("E", 0.5, white, z=z) for z in (-1.0, 1.0))
    F = RateMap(network_problem(network, {"E": nodes}))
    x = np.array([6.0, 7.0])
    _, slope = F(x)
    for b in range(2):
        step = np.zeros(2)
        step[b] = 2e-3
        difference = (F(x + step)[0] - F(x - step)[0]) / 4e-3
        assert slope[:, b] == pytest.approx(difference, rel=2e-3, abs=2e-4)


def test_bounds():
    network = spec(LIF)
    assert RateMap(network_problem(network)).bounds.tolist() == [500.0]
    assert RateMap(network_problem(spec({**LIF, "t_ref": "0 ms"}))).bounds.tolist() == [1000.0]


def test_a_factor_scales_rates_and_slopes():
    problem = network_problem(
        spec(LIF, 1.0, 1.0, Connection("E", "E", "fixed_indegree", Synapse("delta", 5e-5), K=100))
    )
    x = np.array([20.0])
    plain, scaled = RateMap(problem)(x), RateMap(problem, np.array([1.1]))(x)
    for one, other in zip(plain, scaled, strict=True):
        assert other == pytest.approx(1.1 * one)
