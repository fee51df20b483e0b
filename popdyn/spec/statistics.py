"""Statistics of a connection by class: degrees, and what an edge table has beyond them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.spec.network import Connection, Edges, Network

NOTABLE = 0.1
"""Correlation from which on it is named, if it is four standard errors from zero as well."""
SHORTEST = 1e-3


@dataclass(frozen=True)
class Degree:
    """Synapses per neuron: mean and variance over the neurons."""

    mean: float
    variance: float


@dataclass(frozen=True)
class TableStatistics:
    """An edge table by class. Correlations are Pearson's, nan where one side does not vary.

    `degree_correlation`: of a neuron's in- and out-degree; `reciprocity`: share of pairs that are connected back over
    that of independent pairs; both nan between different populations. `weight_in_degree`, `weight_out_degree`: of an
    edge's weight with the in-degree of its target and the out-degree of its source.
    """

    in_degree: Degree
    out_degree: Degree
    weight_mean: float
    weight_cv: float
    degree_correlation: float
    weight_in_degree: float
    weight_out_degree: float
    reciprocity: float


def in_degree(connection: Connection, network: Network) -> Degree:
    """Mean and variance over targets of the number of synapses; binomial where sources or pairs are drawn."""
    N, M = network.populations[connection.pre].size, network.populations[connection.post].size
    own = connection.pre == connection.post and not connection.autapses
    rule = connection.rule
    if rule == "explicit" and connection.edges is not None:
        return _degree(np.bincount(connection.edges.target, minlength=M))
    if rule == "fixed_total_number":
        return Degree(connection.number / M, connection.number / M * (1.0 - 1.0 / M))
    if rule == "pairwise_bernoulli":
        mean = connection.p * (N - own)
        return Degree(mean, mean * (1.0 - connection.p))
    if rule == "fixed_outdegree":
        mean = float(connection.K) * N / M
        return Degree(mean, mean * (1.0 - (1.0 / M if connection.multapses else connection.K / (M - own))))
    return Degree({"all_to_all": float(N - own), "one_to_one": 1.0}.get(rule, float(connection.K)), 0.0)


def own_degree(connection: Connection, network: Network) -> float:
    """Mean number of autapses per neuron: synapses from a neuron to itself."""
    N = network.populations[connection.pre].size
    if connection.pre != connection.post or not connection.autapses:
        return 0.0
    if connection.rule == "explicit" and connection.edges is not None:
        return float(np.sum(connection.edges.source == connection.edges.target)) / N
    return 1.0 if connection.rule == "one_to_one" else in_degree(connection, network).mean / N


def table_statistics(connection: Connection, network: Network) -> TableStatistics:
    """Degrees, weights and their correlations in an edge table."""
    edges = _table(connection)
    N, M = network.populations[connection.pre].size, network.populations[connection.post].size
    into, out = np.bincount(edges.target, minlength=M), np.bincount(edges.source, minlength=N)
    recurrent = connection.pre == connection.post
    return TableStatistics(
        in_degree=_degree(into),
        out_degree=_degree(out),
        weight_mean=float(edges.weight.mean()),
        weight_cv=float(edges.weight.std() / abs(edges.weight.mean())) if edges.weight.mean() else float("nan"),
        degree_correlation=_correlation(into, out) if recurrent else float("nan"),
        weight_in_degree=_correlation(edges.weight, into[edges.target]),
        weight_out_degree=_correlation(edges.weight, out[edges.source]),
        reciprocity=_reciprocity(edges, N) if recurrent else float("nan"),
    )


def left_out(connection: Connection, network: Network) -> list[str]:
    """What a table has beyond in-degrees and weights, in words; nothing of the rules, whose pairs are independent."""
    if connection.edges is None:
        return []
    found = table_statistics(connection, network)
    edges, where = connection.edges, f"{connection.pre} -> {connection.post}"
    neurons = network.populations[connection.post].size
    said = []
    if _is_notable(found.degree_correlation, neurons):
        said.append(f"{where}: in- and out-degree of a neuron are correlated ({found.degree_correlation:+.2f})")
    sides = {"in-degree of the target": found.weight_in_degree, "out-degree of the source": found.weight_out_degree}
    for side, value in sides.items():
        if _is_notable(value, edges.source.size):
            said.append(f"{where}: weights are correlated with the {side} ({value:+.2f})")
    drawn = found.out_degree.mean
    if found.out_degree.variance > 2.0 * drawn + 1.0:
        std = found.out_degree.variance**0.5
        said.append(f"{where}: out-degrees vary ({drawn:.4g} ± {std:.3g}; independent edges: ± {drawn**0.5:.3g})")
    if found.reciprocity > 1.5:
        said.append(f"{where}: pairs connected both ways are {found.reciprocity:.3g} times as many as by chance")
    said.append(f"{where}: clusters, chains and other motifs of the table were not looked at")
    return said


def shortest_delay(network: Network) -> float:
    """The shortest delay of the network [s], what a time step must not exceed; inf without connections.

    Of a distribution the 0.1 % quantile: the few below are raised to the step.
    """
    return min((_shortest(connection) for connection in network.connections), default=float("inf"))


def _shortest(connection: Connection) -> float:
    if connection.edges is not None:
        return float(connection.edges.delay.min())
    delays = connection.synapse.delays
    return connection.synapse.delay if delays is None else float(delays.quantile(SHORTEST))


def _table(connection: Connection) -> Edges:
    if connection.edges is None:
        raise ValueError(f"{connection.pre} -> {connection.post}: got rule {connection.rule}; allowed: explicit")
    return connection.edges


def _degree(counts: NDArray[np.intp]) -> Degree:
    return Degree(float(counts.mean()), float(counts.var()))


def _correlation(first: NDArray[np.generic], second: NDArray[np.generic]) -> float:
    x, y = (np.asarray(a, dtype=float) - np.mean(np.asarray(a, dtype=float)) for a in (first, second))
    norm = float(np.sqrt((x @ x) * (y @ y)))
    scale = float(np.abs(np.asarray(first, dtype=float)).max() * np.abs(np.asarray(second, dtype=float)).max())
    return float(x @ y) / norm if norm > 1e-12 * scale * x.size else float("nan")


def _reciprocity(edges: Edges, size: int) -> float:
    """Over pairs of different neurons, each counted once however many synapses it has."""
    loops = edges.source == edges.target
    there = np.unique(edges.source[~loops] * size + edges.target[~loops])
    back = (there % size) * size + there // size
    density = there.size / (size * (size - 1.0)) if size > 1 else 0.0
    return float(np.isin(back, there).mean() / density) if there.size else float("nan")


def _is_notable(correlation: float, count: int) -> bool:
    return abs(correlation) > max(NOTABLE, 4.0 / count**0.5)
