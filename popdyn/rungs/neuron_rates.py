"""How rates differ over the neurons of a population, from nodes and from what in-degrees leave beside them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.derivation import Derivation
from popdyn.theory.self_consistent import node_rates

STEP = 0.02  # relative, of the difference in D


def sd_log_rates(derivation: Derivation, rates: NDArray[np.float64]) -> dict[str, float]:
    """s.d. of ln(rate) over the neurons of each population, from the long-run rate of every node [1/s].

    Var ln r = Var_nodes(ln r) + <(d ln r/d D)^2 Var(D | mu)>_nodes: nodes stand for parameters and for the mean input;
    neurons with the same mean input still differ in its variance (NetworkProblem.quenched_noise), to first order. Nodes
    that were chosen for the mean rate alone are few for it. Of the neurons that fire: silent nodes are left out.
    """
    problem, point = derivation.problem, derivation.point
    beside = problem.quenched_noise(point.rates, point.squares)
    found = {}
    for name in problem.names:
        own = [q for q, node in enumerate(problem.nodes) if node.population == name and rates[q] > 0.0]
        weight, logarithm = np.array([problem.nodes[q].weight for q in own]), np.log(rates[own])
        slopes = np.array([_slope(derivation, q) for q in own])
        variance = (logarithm - np.average(logarithm, weights=weight)) ** 2 + (slopes * beside[own]) ** 2
        found[name] = float(np.sqrt(np.average(variance, weights=weight))) if own else 0.0
    return found


def _slope(derivation: Derivation, q: int) -> float:
    """d ln r / d D [s/V^2] of the `mean` closure at the working point."""
    point, D = derivation.point, float(derivation.point.D[q])
    drive = np.array([1.0 - STEP, 1.0 + STEP]) * D
    low, high = node_rates(derivation.problem.nodes[q].problem, np.full(2, point.mu[q]), drive)
    return float(np.log(high / low) / (2.0 * STEP * D)) if low > 0.0 else 0.0
