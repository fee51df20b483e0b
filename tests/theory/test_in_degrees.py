"""Neurons with other in-degrees: what those are at a given mean input, and what a neuron hears that is not itself."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.spec import load
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import NetworkNode, network_problem, white_problem
from popdyn.theory.projections import from_connection

RATES = np.array([8.0, 12.0])
SIZES = {"E": 4000, "I": 1000}
WEIGHTS = {"E": 0.15e-3, "I": -0.75e-3}


def network(rule="pairwise_bernoulli", autapses=True, delay=1e-3, size=SIZES, **of_rule):
    neuron, noise = {"model": "lif", "t_ref": "2 ms"}, {"mu": "1 mV/ms", "sigma": "1 mV/sqrt(ms)"}
    made = load({
        "schema": 1, "populations": {name: {"size": n, "neuron": neuron, "noise": noise} for name, n in size.items()},
    })  # fmt: skip
    of_rule = of_rule or {"p": 0.1}
    connections = tuple(
        Connection(pre, post, rule, Synapse("delta", WEIGHTS[pre], delay=delay), autapses=autapses, **of_rule)
        for pre in size for post in size
    )  # fmt: skip
    return replace(made, connections=connections)


def drawn(post_size=200_000):
    """mu [V/s], D [V^2/s] and in-degrees of neurons that draw binomial numbers of inputs."""
    rng = np.random.default_rng(3)
    K = np.stack([rng.binomial(SIZES[name], 0.1, post_size) for name in SIZES])
    J = np.array([WEIGHTS[name] for name in SIZES])
    return (J * RATES) @ K, 0.5 * (J**2 * RATES) @ K, K


def test_in_degrees_and_variance_at_a_given_mean_input():
    spec = network()
    node = NetworkNode("E", 1.0, white_problem(spec.populations["E"]), z=1.5)
    problem = network_problem(spec, {"E": (node,)})
    mu, D, K = drawn()
    near = np.abs((mu - mu.mean()) / mu.std() - 1.5) < 0.1
    width = problem.quenched(RATES, RATES**2)
    found = problem.in_degrees(0, problem.presynaptic(RATES), width)
    assert np.array(list(found.values())) == pytest.approx(K[:, near].mean(axis=1), rel=3e-3)
    node_mu, node_D = (x[0] for x in problem.inputs(RATES, RATES**2))
    white = problem.nodes[0].problem
    assert node_mu - white.mu == pytest.approx(mu.mean() + 1.5 * mu.std(), rel=5e-3)
    assert node_D - white.D == pytest.approx(D[near].mean(), rel=2e-3)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"autapses": False}, 1.0 / 3999.0),
        ({"autapses": False, "delay": 2.5e-3}, 0.0),
        ({"autapses": True}, 0.0),
        ({"autapses": False, "rule": "fixed_indegree", "K": 100}, 1.0 / 3999.0),
        ({"autapses": True, "rule": "fixed_indegree", "K": 100}, 0.0),
        ({"autapses": True, "rule": "one_to_one", "p": 0.0}, -1.0),
    ],
)
def test_what_is_heard_beyond_the_activity(options, expected):
    """A neuron that integrates hears the others; where it has its share of autapses, their activity says it all."""
    spec = network(**options)
    own = next(c for c in spec.connections if c.pre == c.post == "E")
    assert from_connection(own, spec).heard == pytest.approx(expected, rel=1e-9, abs=1e-12)
    other = next(c for c in spec.connections if c.pre != c.post)
    assert from_connection(other, spec).heard == 0.0


def test_what_is_heard_in_a_drawn_network():
    """Arrivals per step at the neurons that integrate, over K times the activity that sent them: a direct count."""
    rng, N, K, steps, held = np.random.default_rng(4), 40, 10, 4000, 6
    sources = np.array([rng.permutation(np.delete(np.arange(N), i))[:K] for i in range(N)])
    heard, sent, last = 0.0, 0.0, np.full(N, -held)
    fired = np.zeros(N, bool)
    for step in range(steps):
        free = step - last >= held  # the arrivals of the last step's spikes: one step is within the dead time
        heard += fired[sources[free]].sum()
        sent += K * fired.mean() * free.sum()
        fired = free & (rng.random(N) < 0.03)
        last[fired] = step
    spec = network("fixed_indegree", autapses=False, size={"E": N}, K=K)
    assert heard / sent - 1.0 == pytest.approx(from_connection(spec.connections[0], spec).heard, rel=0.3)
    assert heard / sent - 1.0 > 0.015
