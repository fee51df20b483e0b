"""Degrees, multapses and autapses of every rule; the same edges for the same seed."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.errors import DomainError
from popdyn.ground_truth.edge_rules import RULES, wiring
from popdyn.ground_truth.edges import Edges, draw, joined
from popdyn.spec.network import Connection, Synapse
from popdyn.spec.network import Edges as Table

PRE, POST, K = 40, 30, 12
SYNAPSE = Synapse("delta", 1e-4, delay=1e-3)
NUMBERS = {"fixed_indegree": {"K": K}, "fixed_outdegree": {"K": K}, "pairwise_bernoulli": {"p": 0.3},
           "fixed_total_number": {"number": 350}, "all_to_all": {}, "one_to_one": {}}  # fmt: skip
DRAWN = [name for name in NUMBERS if name not in ("all_to_all", "one_to_one")]


def connection(rule, pre="A", post="B", **options):
    return Connection(pre, post, rule, SYNAPSE, **{**NUMBERS[rule], **options})


def pairs(drawn):
    return np.stack([drawn.sources, drawn.targets], axis=1)


def drawn(rule, seed=0, sizes=(PRE, POST), **options):
    return wiring(connection(rule, **options), *sizes, np.random.default_rng(seed))


def test_every_rule_is_here():
    assert set(RULES) == {*NUMBERS, "explicit"}


@pytest.mark.parametrize("rule", DRAWN)
def test_degrees_and_totals(rule):
    out, into = (np.bincount(pairs(drawn(rule))[:, end], minlength=n) for end, n in ((0, PRE), (1, POST)))
    assert len(out) == PRE
    assert len(into) == POST
    if rule == "fixed_indegree":
        assert set(into) == {K}
    if rule == "fixed_outdegree":
        assert set(out) == {K}
    if rule == "fixed_total_number":
        assert out.sum() == 350


@pytest.mark.parametrize("rule", DRAWN)
@pytest.mark.parametrize("multapses", [True, False])
@pytest.mark.parametrize("autapses", [True, False])
def test_multapses_and_autapses(rule, multapses, autapses):
    found = [
        pairs(drawn(rule, seed, (30, 30), pre="A", post="A", multapses=multapses, autapses=autapses))
        for seed in range(20)
    ]
    itself = sum(np.sum(one[:, 0] == one[:, 1]) for one in found)
    twice = sum(len(one) - len(np.unique(one, axis=0)) for one in found)
    assert (itself > 0) == autapses
    assert (twice > 0) == (multapses and rule != "pairwise_bernoulli")
    if rule in ("fixed_indegree", "fixed_outdegree"):
        assert {len(one) for one in found} == {30 * K}


@pytest.mark.parametrize("rule", DRAWN)
@pytest.mark.parametrize("options", [{}, {"multapses": False, "autapses": False, "post": "A"}])
def test_all_pairs_are_equally_likely(rule, options):
    """Chi-square of the counts per source, target and diagonal distance over 300 draws; by chance once in 10^4."""
    from scipy.stats import chi2

    found = np.concatenate([pairs(drawn(rule, seed, (30, 30), **options)) for seed in range(300)])
    alone = "post" in options
    for key in (found[:, 0], found[:, 1], (found[:, 0] - found[:, 1]) % 30):
        counts = np.bincount(key, minlength=30)
        counts = counts[counts > 0] if alone else counts
        statistic = np.sum((counts - counts.mean()) ** 2) / counts.mean()
        assert len(counts) >= 29
        assert statistic < chi2.isf(1e-4 / 24, len(counts) - 1)


def test_bernoulli_number_of_synapses():
    """Mean and variance of the total over 400 draws; 4 standard errors."""
    totals = np.array([len(drawn("pairwise_bernoulli", seed).targets) for seed in range(400)])
    mean, variance = PRE * POST * 0.3, PRE * POST * 0.3 * 0.7
    assert abs(totals.mean() - mean) < 4 * np.sqrt(variance / 400)
    assert abs(totals.var() / variance - 1) < 4 * np.sqrt(2 / 400)
    assert len(drawn("pairwise_bernoulli", p=1.0).targets) == PRE * POST
    assert len(drawn("pairwise_bernoulli", p=0.0).targets) == 0


def test_complete_rules():
    assert len(drawn("all_to_all").targets) == PRE * POST
    alone = pairs(drawn("all_to_all", sizes=(30, 30), post="A", autapses=False))
    assert len(alone) == 30 * 29
    assert not np.any(alone[:, 0] == alone[:, 1])
    same = wiring(connection("one_to_one"), 30, 30, np.random.default_rng(0))
    assert np.array_equal(same.sources, same.targets)
    with pytest.raises(DomainError, match="equal sizes"):
        drawn("one_to_one")


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("fixed_indegree", {"K": PRE + 1}),
        ("fixed_outdegree", {"K": POST + 1}),
        ("fixed_total_number", {"number": 1201}),
    ],
)
def test_more_partners_than_there_are(rule, options):
    with pytest.raises(DomainError, match="multapses"):
        drawn(rule, multapses=False, **options)
    assert len(drawn(rule, **options).targets) > 0


def test_weights_and_delays_are_drawn_and_rounded():
    synapse = Synapse(
        "exponential", 1e-4, tau_syn=5e-3, delay=1.5e-3,
        weight=Distribution("normal", (1e-4, 1e-5)), delays=Distribution("uniform", (0.4e-3, 2.6e-3)),
    )  # fmt: skip
    one = Connection("A", "B", "fixed_indegree", synapse, K=200)
    edges = draw(one, 100, 100, 2e-4, np.random.default_rng(3))
    assert len(edges.jump) == 20_000
    assert abs(edges.jump.mean() * 5e-3 / 1e-4 - 1) < 4 * 0.1 / np.sqrt(20_000)
    assert edges.jump.std() * 5e-3 == pytest.approx(1e-5, rel=0.03)
    assert (edges.steps.min(), edges.steps.max()) == (2, 13)
    assert abs(edges.steps.mean() * 2e-4 - 1.5e-3) < 4 * 2.2e-3 / np.sqrt(12 * 20_000)
    assert one.synapse.J * np.ones(1) == pytest.approx(1e-4)


def test_edge_tables_are_taken_as_they_are():
    table = Table("t.csv", "", np.array([2, 0, 2]), np.array([1, 1, 0]), np.array([1e-4, 2e-4, 3e-4]), np.full(3, 1e-3))
    edges = draw(Connection("A", "B", "explicit", SYNAPSE, edges=table), 3, 2, 1e-4, np.random.default_rng(0))
    found = zip(edges.sources(), edges.targets, edges.jump, edges.steps, strict=True)
    assert [(s, t, round(float(j), 6), n) for s, t, j, n in found] == [
        (0, 1, 2e-4, 10), (2, 1, 1e-4, 10), (2, 0, 3e-4, 10),
    ]  # fmt: skip
    with pytest.raises(DomainError, match="allowed"):
        draw(Connection("A", "B", "explicit", SYNAPSE, edges=table), 3, 1, 1e-4, np.random.default_rng(0))


def test_tables_are_joined_by_source():
    """Two connections of three and two sources into one table of five, the sources interleaved."""
    one = Edges(np.array([0, 2, 2, 3]), np.array([4, 5, 6], np.int32), 1.0, 3)
    two = Edges(np.array([0, 1, 3, 4]), np.array([0, 1, 2, 3], np.int32), np.arange(4, dtype=np.float32), 3)
    both = joined([(one, 0, 10), (two, 1, 0)], 5)
    found = zip(both.sources(), both.targets, both.jump, strict=True)
    assert both.steps == 3
    assert list(found) == [(0, 14, 1), (0, 15, 1), (1, 0, 0), (2, 16, 1), (2, 1, 1), (2, 2, 2), (3, 3, 3)]
