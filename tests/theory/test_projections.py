"""Statistics of a projection against networks drawn by its rule: in-degree, quenched variance, private share."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.ground_truth.edge_rules import wiring
from popdyn.spec import load
from popdyn.spec.network import Connection, PoissonDrive, Synapse
from popdyn.theory.projections import from_connection, from_poisson, weight_moments

SOURCES, TARGETS, DRAWS, J = 200, 300, 80, 1e-4
RULES = {
    "all_to_all": {},
    "one_to_one": {},
    "fixed_indegree": {"K": 40},
    "fixed_outdegree": {"K": 60},
    "pairwise_bernoulli": {"p": 0.2},
    "fixed_total_number": {"number": 12_000},
}
CASES = [(rule, True) for rule in RULES] + [("fixed_indegree", False), ("fixed_outdegree", False)]


def network(targets=TARGETS):
    noise = {"mu": "1 mV/ms", "sigma": "1 mV/sqrt(ms)"}
    sizes = {"A": SOURCES, "B": targets}
    populations = {name: {"size": n, "neuron": {"model": "lif"}, "noise": noise} for name, n in sizes.items()}
    return load({"schema": 1, "populations": populations})


def connection(rule, multapses, weight=None):
    synapse = Synapse("delta", J, delay=1e-3, weight=weight)
    return Connection("A", "B", rule, synapse, multapses=multapses, **RULES[rule])


def drawn_inputs(c, targets, rates, weight, rng):
    """sum_j J_ij nu_j and in-degree of every target."""
    made = wiring(c, SOURCES, targets, rng)
    J_ij = np.full(made.targets.size, J) if weight is None else weight.quantile(rng.random(made.targets.size))
    inputs = np.bincount(made.targets, J_ij * rates[made.sources], minlength=targets)
    return inputs, np.bincount(made.targets, minlength=targets)


@pytest.mark.parametrize(("rule", "multapses"), CASES)
@pytest.mark.parametrize("weight", [None, Distribution("lognormal", (J, 0.5 * J))], ids=["equal", "spread"])
def test_quenched_variance_of_drawn_networks(rule, multapses, weight):
    """Variance over the targets of one network, sources of unequal rates; mean of 80 networks, within 4 %."""
    targets = SOURCES if rule == "one_to_one" else TARGETS
    rng = np.random.default_rng(1)
    rates = 10.0 * rng.gamma(4.0, 0.25, SOURCES)
    c = connection(rule, multapses, weight)
    p = from_connection(c, network(targets))
    pairs = [drawn_inputs(c, targets, rates, weight, rng) for _ in range(DRAWS)]
    measured = np.mean([inputs.var() for inputs, _ in pairs])
    expected = p.quenched_variance(rates.mean(), np.mean(rates**2))
    assert np.mean([degree.mean() for _, degree in pairs]) == pytest.approx(p.K, rel=1e-2)
    assert p.J * p.K * rates.mean() == pytest.approx(np.mean([inputs.mean() for inputs, _ in pairs]), rel=1e-2)
    assert measured == pytest.approx(expected, rel=0.04, abs=1e-12 * (p.J * p.K * rates.mean()) ** 2)


@pytest.mark.parametrize(("rule", "multapses"), CASES)
def test_private_share_of_drawn_networks(rule, multapses):
    """Spikes of a finite population that are a target's own: 1 - (what two targets share) / K."""
    targets = SOURCES if rule == "one_to_one" else TARGETS
    rng, c = np.random.default_rng(2), connection(rule, multapses)
    p = from_connection(c, network(targets))
    private = []
    for _ in range(20):
        made = wiring(c, SOURCES, targets, rng)
        matrix = np.zeros((targets, SOURCES))
        np.add.at(matrix, (made.targets, made.sources), 1.0)
        one, two = matrix[: targets // 2], matrix[targets // 2 : 2 * (targets // 2)]
        private.append((np.mean(one**2, axis=0).sum() - np.mean(one * two, axis=0).sum()) / p.K)
    repeats = {"fixed_indegree", "fixed_outdegree", "fixed_total_number"}
    if multapses and rule in repeats:
        assert p.private == 1.0
        assert np.mean(private) == pytest.approx(1.0, abs=0.03)
    else:
        assert p.private == pytest.approx(np.mean(private), abs=0.02)


def test_autapses_left_out():
    for rule, K in (("all_to_all", SOURCES - 1), ("pairwise_bernoulli", 0.2 * (SOURCES - 1))):
        c = Connection("A", "A", rule, Synapse("delta", J, delay=1e-3), autapses=False, **RULES[rule])
        degree = from_connection(c, network()).K
        assert degree == pytest.approx(K)


def test_poisson_sources_are_private_and_without_spread():
    p = from_poisson(PoissonDrive(100, 8.0, J, None), network().populations["A"])
    assert (p.pre, p.K, p.J, p.nu, p.A, p.B, p.private) == ("", 100, J, 8.0, 0.0, 0.0, 1.0)


def test_moments_of_weights():
    assert weight_moments(J, None) == (J, 1.0)
    mean, square = weight_moments(J, Distribution("normal", (J, 0.1 * J)))
    assert (mean, square) == pytest.approx((J, 1.01))
