"""Neurons with other in-degrees: what those are at a given mean input, and what a neuron hears that is not itself."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from popdyn.distributions import Distribution
from popdyn.ground_truth.edge_rules import wiring
from popdyn.rungs.bank import make_wiring
from popdyn.rungs.derivation import derive
from popdyn.spec import load
from popdyn.spec.network import Connection, Synapse
from popdyn.theory.network_problem import NetworkNode, network_problem, white_problem
from popdyn.theory.projections import from_connection
from popdyn.theory.synaptic import lost_in_dead_time

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
    node_mu, node_D = (x[0] for x in problem.inputs(RATES, RATES**2)[:2])
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


TAU, T_REF = 1.5e-3, 4e-3
KERNELS = {
    "exponential": lambda t: np.exp(-t / TAU) / TAU,
    "alpha": lambda t: t / TAU**2 * np.exp(-t / TAU),
}


@pytest.mark.parametrize("kind", KERNELS)
@pytest.mark.parametrize("delay", [1e-3, 3.9e-3, 5e-3])
def test_charge_of_a_spike_that_its_own_dead_time_swallows(kind, delay):
    expected = quad(KERNELS[kind], 0.0, max(T_REF - delay, 0.0))[0]
    assert lost_in_dead_time(Synapse(kind, 1e-4, TAU, delay), T_REF) == pytest.approx(expected, abs=1e-9)


def test_charge_over_distributed_delays():
    spread = Distribution("uniform", (1e-3, 7e-3))
    assert lost_in_dead_time(Synapse("delta", 1e-4, delays=spread), T_REF) == pytest.approx(0.5, abs=2e-3)
    mean = quad(lambda d: 1.0 - np.exp(-(T_REF - d) / TAU), 1e-3, T_REF)[0] / 6e-3
    synapse = Synapse("exponential", 1e-4, TAU, delays=spread)
    assert lost_in_dead_time(synapse, T_REF) == pytest.approx(mean, abs=2e-3)


@pytest.mark.parametrize(
    ("rule", "of_rule"),
    [
        ("all_to_all", {"p": 0.0}), ("fixed_outdegree", {"K": 8}), ("fixed_total_number", {"number": 320}),
        ("pairwise_bernoulli", {"p": 0.2}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("autapses", [True, False])
def test_what_is_heard_under_every_rule(rule, of_rule, autapses):
    """From drawn networks: K of the others for each neuron, over what K A has of them, one share in N being its own."""
    N, rng = 40, np.random.default_rng(7)
    spec = network(rule, autapses=autapses, size={"E": N}, **of_rule)
    made = [wiring(spec.connections[0], N, N, rng) for _ in range(300)]
    synapses = sum(w.sources.size for w in made)
    own = sum(int(np.sum(w.sources == w.targets)) for w in made)
    expected = (1.0 - own / synapses) * N / (N - 1) - 1.0
    assert from_connection(spec.connections[0], spec).heard == pytest.approx(expected, abs=4e-3)


@pytest.mark.parametrize("jumps", [False, True])
def test_populations_of_finite_size_hear_the_others(jumps):
    spec = network(autapses=False, size={"E": 50, "I": 20})
    made = derive(spec, closure="mean", jumps=jumps)
    finite, infinite = (make_wiring(made.problem, made.grids, made.point, 1e-4, finite) for finite in (True, False))
    heard = np.array([p.heard for p in made.problem.projections])
    assert {round(1.0 / x) for x in heard[heard > 0.0]} == {49, 19}
    first, second = (w.gain_mu + w.gain_shift for w in (finite, infinite))
    assert first == pytest.approx(second * (1.0 + heard), rel=1e-12)
