"""Self-consistent rates: Brunel's fixed points, gains by differences, nodes and factors, runaway networks."""

import numpy as np
import pytest

from popdyn.errors import NumericsError
from popdyn.spec import load
from popdyn.theory.network_problem import NetworkNode, network_problem, white_problem
from popdyn.theory.siegert import siegert_rate
from popdyn.theory.working_point import NodeRates, loop_gain, working_point

NEURON = {"model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV",
          "t_ref": "2 ms"}  # fmt: skip
TAU = 20e-3
LIF = (TAU, 20e-3, 10e-3, 2e-3)


def brunel(g, eta, rule="fixed_indegree"):
    populations = {
        name: {"size": size, "neuron": NEURON, "poisson": [{"K": 1000, "nu": f"{10 * eta} Hz", "J": "0.1 mV"}]}
        for name, size in (("E", 10_000), ("I", 2_500))
    }
    connections = [
        {"pre": a, "post": b, "rule": rule, "J": f"{J} mV", "delay": "1.5 ms"}
        | ({"K": K} if rule == "fixed_indegree" else {"p": 0.1})
        for a, K, J in (("E", 1000, 0.1), ("I", 250, -0.1 * g))
        for b in "EI"
    ]
    return load({"schema": 1, "populations": populations, "connections": connections})


def siegert(g, eta, nu):
    J = 1e-4
    excitatory, inhibitory = 1000 * (nu[0] + 10.0 * eta), 250 * nu[1]
    mu, variance = J * (excitatory - g * inhibitory), J**2 * (excitatory + g**2 * inhibitory)
    return float(siegert_rate(mu, np.sqrt(variance), *LIF))


@pytest.mark.parametrize(("g", "eta", "rate"), [(5.0, 2.0, 37.950), (6.0, 4.0, 55.841), (4.5, 0.9, 6.517)])
def test_fixed_points_of_brunel(g, eta, rate):
    """Siegert's self-consistent rates, to the 0.2 % of the working point's grids."""
    point = working_point(network_problem(brunel(g, eta)))
    assert point.rates == pytest.approx([rate, rate], rel=2e-3)
    assert point.squares == pytest.approx(point.rates**2)
    assert point.node_rates == pytest.approx(point.rates)


def test_drive_at_the_working_point():
    point = working_point(network_problem(brunel(5.0, 2.0)))
    nu = point.rates[0]
    assert point.mu[0] == pytest.approx(1e-4 * (1000 * (nu + 20.0) - 5.0 * 250 * nu))
    assert 2 * point.D[0] == pytest.approx(1e-8 * (1000 * (nu + 20.0) + 25.0 * 250 * nu))


def test_a_start_leads_to_the_same_point():
    problem = network_problem(brunel(6.0, 4.0))
    gentle = working_point(problem)
    assert working_point(problem, start=1.2 * gentle.rates).rates == pytest.approx(gentle.rates, rel=1e-4)


def test_loop_gain_is_the_slope_of_siegert():
    """Within the 10 % that Newton's method can do with: the slope is taken on one grid."""
    problem = network_problem(brunel(5.0, 2.0))
    point = working_point(problem)
    at = point.mu, point.D, point.shunt
    gain = loop_gain(problem, NodeRates(problem), at, point.node_rates, point.rates, point.squares)
    nu, step = point.rates, 1e-3
    for b in range(2):
        move = step * np.eye(2)[b]
        slope = (siegert(5.0, 2.0, nu + move) - siegert(5.0, 2.0, nu - move)) / (2 * step)
        assert gain[:, b] == pytest.approx([slope, slope], rel=0.1)


def test_a_factor_scales_what_a_node_fires():
    problem = network_problem(brunel(5.0, 2.0))
    plain, scaled = working_point(problem), working_point(problem, factor=np.full(2, 0.9))
    nu = scaled.rates
    assert nu == pytest.approx([0.9 * siegert(5.0, 2.0, nu)] * 2, rel=2e-3)
    assert np.all(nu < plain.rates)


def test_nodes_in_the_quenched_gaussian():
    """Two nodes at z = +-1 are the two-point rule of the quenched drive of Bernoulli in-degrees."""
    network = brunel(5.0, 2.0, rule="pairwise_bernoulli")
    nodes = {
        name: tuple(NetworkNode(name, 0.5, white_problem(p), z=z) for z in (-1.0, 1.0))
        for name, p in network.populations.items()
    }
    problem = network_problem(network, nodes)
    point = working_point(problem)
    low, high = point.mu[:2]
    nu, square = point.rates[0], point.squares[0]
    width = 1e-4 * np.sqrt(1000 * 0.9 * square + 25.0 * 250 * 0.9 * square)
    assert (high - low) / 2 == pytest.approx(width, rel=1e-6)
    assert 0.5 * point.node_rates[:2].sum() == pytest.approx(nu)
    assert square > nu**2


def test_runaway_excitation_is_refused():
    noise = {"mu": "2 mV/ms", "sigma": "1 mV/sqrt(ms)"}
    populations = {"E": {"size": 1000, "neuron": {**NEURON, "t_ref": "0 ms"}, "noise": noise}}
    connections = [{"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 500, "J": "0.2 mV", "delay": "2 ms"}]
    with pytest.raises(NumericsError, match="run away"):
        working_point(network_problem(load({"schema": 1, "populations": populations, "connections": connections})))
