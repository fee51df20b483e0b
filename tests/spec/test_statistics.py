"""Degrees of every rule against drawn networks, and what is said of edge tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from network_parts import network

from popdyn.spec import load
from popdyn.spec.statistics import in_degree, left_out, shortest_delay, table_statistics

N, M = 100, 40


def drawn(rule: str, keys: dict, rng: np.random.Generator) -> np.ndarray:
    """In-degrees of one network from E to I, drawn the slow way."""
    if rule == "fixed_indegree":
        return np.full(M, keys["K"])
    if rule == "pairwise_bernoulli":
        return (rng.random((M, N)) < keys["p"]).sum(1)
    if rule == "fixed_total_number":
        return np.bincount(rng.integers(0, M, keys["number"]), minlength=M)
    if keys.get("multapses", True):
        return np.bincount(rng.integers(0, M, N * keys["K"]), minlength=M)
    targets = [rng.choice(M, keys["K"], replace=False) for _ in range(N)]
    return np.bincount(np.concatenate(targets), minlength=M)


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("fixed_indegree", {"K": 7}),
        ("fixed_outdegree", {"K": 20}),
        ("fixed_outdegree", {"K": 20, "multapses": False}),
        ("pairwise_bernoulli", {"p": 0.3}),
        ("fixed_total_number", {"number": 900}),
    ],
)
def test_in_degree(rule, keys):
    """Mean and variance over 400 networks of 40 targets: standard errors below 1 % and 1.5 %; 5 of them."""
    found = load(network({"rule": rule} | keys))
    degree = in_degree(found.connections[0], found)
    rng = np.random.default_rng(0)
    counts = np.concatenate([drawn(rule, keys, rng) for _ in range(400)])
    assert degree.mean == pytest.approx(counts.mean(), rel=0.01)
    assert degree.variance == pytest.approx(counts.var(), rel=0.075)


def test_in_degree_without_draws():
    found = load(network({}, {"rule": "one_to_one", "pre": "I"}, {"pre": "I", "autapses": False}))
    degrees = [in_degree(connection, found) for connection in found.connections]
    assert [(d.mean, d.variance) for d in degrees] == [(100.0, 0.0), (1.0, 0.0), (39.0, 0.0)]


def table(**columns: object) -> tuple:
    written = {key: np.asarray(value).tolist() for key, value in columns.items()}
    unit = {"weight_unit": "mV", "J": None} if "weight" in written else {}
    found = load(network({"pre": "E", "post": "E", "rule": "explicit", "edges": written} | unit))
    return found.connections[0], found


def test_an_independent_table_leaves_out_motifs_only():
    rng = np.random.default_rng(1)
    source, target = rng.integers(0, N, (2, 1000))
    connection, found = table(source=source, target=target, weight=rng.normal(0.3, 0.05, 1000))
    statistics = table_statistics(connection, found)
    assert statistics.in_degree.mean == statistics.out_degree.mean == 10.0
    assert statistics.in_degree.variance == np.bincount(target, minlength=N).var()
    assert statistics.weight_cv == pytest.approx(1 / 6, rel=0.1)
    assert statistics.weight_mean == pytest.approx(3e-4, rel=0.05)
    assert abs(statistics.degree_correlation) < 0.5
    assert len(left_out(connection, found)) == 1
    assert "motifs" in left_out(connection, found)[0]


def test_what_a_structured_table_has_beyond_its_classes_is_named():
    """Hubs: neurons 0..9 send and receive most edges, all of them both ways, with weights that grow with the hub."""
    rng = np.random.default_rng(2)
    hubs, others = rng.integers(0, 10, 1000), rng.integers(10, N, 1000)
    source, target = np.concatenate([hubs, others]), np.concatenate([others, hubs])
    weight = np.where(source < 10, 0.1, 0.2)
    connection, found = table(source=source, target=target, weight=weight)
    statistics = table_statistics(connection, found)
    assert statistics.degree_correlation > 0.9
    assert statistics.reciprocity > 5
    into = np.bincount(target, minlength=N)[target]
    assert statistics.weight_in_degree == pytest.approx(np.corrcoef(weight, into)[0, 1], rel=1e-9)
    said = "; ".join(left_out(connection, found))
    for words in ("in- and out-degree", "in-degree of the target", "out-degrees vary", "both ways", "motifs"):
        assert words in said


def test_reciprocity_by_hand():
    """0 <-> 1, 0 -> 2 and a loop: 2 of 3 edges are answered, density 3 of 100 * 99."""
    connection, found = table(source=[0, 1, 0, 5, 0], target=[1, 0, 2, 5, 2])
    assert table_statistics(connection, found).reciprocity == pytest.approx(2 / 3 / (3 / 9900))
    assert math.isnan(table_statistics(connection, found).weight_in_degree)


def test_of_rules_nothing_is_left_out():
    found = load(network({}))
    assert left_out(found.connections[0], found) == []
    with pytest.raises(ValueError, match="allowed: explicit"):
        table_statistics(found.connections[0], found)


def test_shortest_delay():
    assert shortest_delay(load(network())) == math.inf
    edges = {"source": [1, 2], "target": [0, 0], "delay": [3, 0.7]}
    found = load(network({"delay": "2 ms"}, {"rule": "explicit", "edges": edges, "delay_unit": "ms"}))
    assert shortest_delay(found) == pytest.approx(0.7e-3)
    normal = load(network({"delay": {"normal": ["2 ms", "0.2 ms"]}}))
    assert shortest_delay(normal) == pytest.approx(2e-3 - 3.0902 * 0.2e-3, rel=1e-4)
