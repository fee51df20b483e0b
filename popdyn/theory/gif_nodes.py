"""A heterogeneous population of escape-noise neurons as several homogeneous ones, where frozen variables do not serve.

A spread is a frozen variable where it enters V, the exponent or the jumps linearly (gif_population.SPREAD). As soon as
one parameter does not (C_m, g_L, Delta_V, t_ref, jumps, time constants), or is so skewed that mean and standard
deviation do not describe it, all spreads become nodes: their form and correlations are exact to the rule's degree.
"""

from __future__ import annotations

import numpy as np

from popdyn.spec.network import Population
from popdyn.theory.cohort_march import stationary
from popdyn.theory.cubature import MOST, fifth, third
from popdyn.theory.gif_population import SPREAD, gif_problem
from popdyn.theory.heterogeneity import Node, Quadrature, Scores, at_node

SKEWED = 1.0
"""Skewness from which a spread is no frozen variable if it can be nodes: lognormal adaptation of 50 % (1.6) as a frozen
variable puts the rate of the two-threshold neuron 1.3 % too high, of 30 % (0.9) less than 0.2 %."""
QUANTILES = (np.arange(4000) + 0.5) / 4000


def needs_nodes(population: Population) -> bool:
    """Whether a parameter is spread that no frozen variable stands for."""
    return any(name not in SPREAD for name in population.spread)


def is_skewed(population: Population) -> bool:
    """Whether a spread has a skewness beyond SKEWED (lambda_0: its logarithm)."""
    for name, spread in population.spread.items():
        x = spread.quantile(QUANTILES)
        x = np.log(np.maximum(x, 1e-12)) if name == "lambda_0" else x
        if abs(np.mean((x - x.mean()) ** 3)) > SKEWED * x.std() ** 3 > 0.0:
            return True
    return False


def gif_nodes(population: Population) -> Quadrature:
    """The rule of degree 5 (3 beyond four parameters) over the scores of all spreads, 3 to 25 nodes.

    `error`: relative distance of its stationary rate at the spec's drive, without Poisson input, from that of the rule
    of degree 3 (beyond four parameters: from that of the neuron at the centre).

    Valid when
    ----------
    Every node is a neuron of the model: the outermost lie at 2.4 standard deviations of one parameter.
    """
    scores = Scores(population)
    d = len(scores.names)
    fine, coarse = (fifth, third) if d <= MOST else (third, _centre)
    nodes, others = (tuple(scores.node(w, z) for z, w in zip(*rule(d), strict=True)) for rule in (fine, coarse))
    rate = _rate(population, nodes)
    degree = 5 if d <= MOST else 3
    error = abs(_rate(population, others) / rate - 1.0) if rate > 0.0 else 0.0
    return Quadrature(nodes, error, f"cubature of degree {degree}, {len(nodes)} nodes", {})


def _centre(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((1, dimension)), np.ones(1)


def _rate(population: Population, nodes: tuple[Node, ...]) -> float:
    """Stationary rate [1/s] at the spec's drive."""
    return float(sum(node.weight * stationary(gif_problem(at_node(population, node))).rate for node in nodes))
