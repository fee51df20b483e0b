"""How rates differ over neurons, against neurons that drew their in-degrees."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.rungs.derivation import derive
from popdyn.spec import load
from popdyn.theory.network_problem import NetworkNode, white_problem
from popdyn.theory.self_consistent import node_rates

J = np.array([0.15e-3, -0.75e-3])


@pytest.fixture(scope="module")
def derivation():
    """E and I neurons whose connections are drawn in pairs, seven nodes of the quenched input each."""
    population = {"neuron": {"model": "lif", "t_ref": "2 ms"}, "noise": {"mu": "0.9 mV/ms", "sigma": "1 mV/sqrt(ms)"}}
    connections = [
        {"pre": pre, "post": post, "rule": "pairwise_bernoulli", "p": 0.1, "J": weight, "delay": "1 ms"}
        for pre, weight in (("E", "0.15 mV"), ("I", "-0.75 mV")) for post in "EI"
    ]  # fmt: skip
    spec = load({
        "schema": 1, "populations": {"E": {"size": 4000, **population}, "I": {"size": 1000, **population}},
        "connections": connections,
    })  # fmt: skip
    z, weight = np.polynomial.hermite_e.hermegauss(7)
    nodes = {
        name: tuple(NetworkNode(name, w, white_problem(p), z=x) for x, w in zip(z, weight / weight.sum(), strict=True))
        for name, p in spec.populations.items()
    }
    return derive(spec, nodes, closure="mean", jumps=False, regular=False)


def test_against_drawn_in_degrees(derivation):
    """4000 neurons, each at the rate of its own mean and variance."""
    point, problem = derivation.point, derivation.problem
    rng = np.random.default_rng(1)
    K = np.stack([rng.binomial(n, 0.1, 4000) for n in (4000, 1000)], axis=1)
    unequal = np.sqrt(point.squares - point.rates**2)
    heard = K * point.rates + np.sqrt(K) * unequal * rng.standard_normal(K.shape)  # spikes per s, of unequal sources
    white = problem.nodes[3].problem
    spec = problem.network.populations["E"]
    mu, D = spec.noise.mu + heard @ J, 0.5 * spec.noise.sigma**2 + 0.5 * heard @ J**2
    each = [
        float(node_rates(replace(white, mu=0.0), np.array([m]), np.array([d]))[0]) for m, d in zip(mu, D, strict=True)
    ]
    own = [q for q, node in enumerate(problem.nodes) if node.population == "E"]
    weight, nodes = np.array([problem.nodes[q].weight for q in own]), np.log(point.node_rates[own])
    assert np.sqrt(weight @ (nodes - weight @ nodes) ** 2) == pytest.approx(float(np.std(np.log(each))), rel=0.04)
