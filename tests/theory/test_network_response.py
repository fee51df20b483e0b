"""The linearised network: static limits, answers to external drive, heterogeneous and quenched nodes."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.rungs.derivation import derive
from popdyn.spec import load
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import NetworkNode, network_problem, white_problem
from popdyn.theory.network_response import linear_network
from popdyn.theory.self_consistent import RateMap
from popdyn.theory.working_point import working_point

LIF = {
    "model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV",
    "t_ref": "2 ms",
}  # fmt: skip


def case(mu=1.1, *wires):
    population = {"size": 2000, "neuron": LIF, "noise": {"mu": f"{mu} mV/ms", "sigma": "1 mV/sqrt(ms)"}}
    network = load({"schema": 1, "populations": {"A": population, "B": population}})
    return replace(network, connections=wires)


WIRES = (
    Connection("A", "B", "pairwise_bernoulli", Synapse("exponential", 1e-4, tau_syn=3e-3, delay=1e-3), p=0.1),
    Connection("B", "A", "pairwise_bernoulli", Synapse("alpha", -2e-4, tau_syn=2e-3, delay=2e-3), p=0.1),
    Connection("B", "B", "fixed_indegree", Synapse("delta", -1e-4, delay=1e-3), K=100),
)


def linear(network, jumps=False):
    derived = derive(network, closure="mean", jumps=jumps, regular=False)
    return linear_network(derived.problem, derived.point, "mean", dict(enumerate(derived.grids)))


def test_static_answer_to_external_drive():
    """(1 - P)^-1 H at frequency 0 against rates of the network at a slightly different mu of one population."""
    plain = linear(case(1.1, *WIRES))
    answer = plain.response(np.zeros(1), "A")[0].real
    step = 2e-3
    moved = []
    for sign in (-1.0, 1.0):
        nodes = tuple(
            replace(n, problem=replace(n.problem, mu=n.problem.mu + sign * step * (n.population == "A")))
            for n in plain.problem.nodes
        )
        moved.append(working_point(replace(plain.problem, nodes=nodes), start=plain.point.rates).rates)
    assert answer == pytest.approx((moved[1] - moved[0]) / (2 * step), rel=0.01)


def test_gains_of_quenched_nodes_are_exact_at_the_working_point():
    """sum_p gain_qp u_p is what each node hears."""
    network = case(1.1, *WIRES)
    nodes = {
        name: tuple(NetworkNode(name, 0.5, white_problem(network.populations[name]), z=z) for z in (-1.0, 1.0))
        for name in "AB"
    }
    problem = network_problem(network, nodes)
    point = working_point(problem)
    found = linear_network(problem, point, "mean")
    heard = found.gains.mu @ problem.presynaptic(point.rates)
    outside = np.array([node.problem.mu for node in problem.nodes])
    assert outside + heard == pytest.approx(point.mu, rel=1e-6)
    assert found.gains.mu[0] @ np.ones(3) < found.gains.mu[1] @ np.ones(3)


def test_loop_gain_falls_with_filters_and_turns_with_delays():
    found = linear(case(1.1, *WIRES))
    P = found.gain(2j * np.pi * np.array([0.0, 100.0]))
    F = RateMap(found.problem)
    _, slope = F(np.concatenate([found.point.rates, np.sqrt(found.point.squares)]) if F.quenched else found.point.rates)
    assert P[0].real == pytest.approx(slope[:2, :2] + (slope[:2, 2:] if F.quenched else 0.0), rel=0.02, abs=5e-3)
    direct = replace(found, problem=_without_filters(found.problem)).gain(2j * np.pi * np.array([100.0]))[0]
    z = 2j * np.pi * 100.0
    assert P[1, 1, 0] / direct[1, 0] == pytest.approx(np.exp(-z * 1e-3) / (1 + 3e-3 * z))
    assert P[1, 0, 1] / direct[0, 1] == pytest.approx(np.exp(-z * 2e-3) / (1 + 2e-3 * z) ** 2)
    assert P[1, 1, 1] / direct[1, 1] == pytest.approx(np.exp(-z * 1e-3))


def _without_filters(problem):
    plain = [replace(p, synapse=Synapse("delta", p.J)) for p in problem.projections]
    return replace(problem, projections=tuple(plain))


def test_jumps_and_diffusion_agree_for_small_weights():
    """Gains within 1 % of the static one at J = 0.1 mV, up to 300 Hz."""
    network = case(1.1, WIRES[2])
    white, jumping = linear(network), linear(network, jumps=True)
    assert jumping.sources == ((), (0,))
    z = 2j * np.pi * np.array([0.0, 30.0, 300.0])
    one, other = jumping.gain(z)[:, 1, 1], white.gain(z)[:, 1, 1]
    assert np.abs(one - other).max() < 0.01 * abs(other[0])
