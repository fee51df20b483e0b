"""How rates differ over the neurons of a population, from its nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.network_problem import NetworkProblem


def sd_log_rates(problem: NetworkProblem, rates: NDArray[np.float64]) -> dict[str, float]:
    """s.d. of ln(rate) over the neurons of each population, from the long-run rate of every node (node,) [1/s].

    Of the neurons that fire: silent nodes are left out. Valid with five nodes or more of the quenched input; two,
    enough for the mean rate, are 10 to 15 % short. Left out is what in-degrees change of the variance of the input
    where its mean is equal: below 0.1 % of the s.d. where inhibition brings most of the spread.
    """
    found = dict.fromkeys(problem.names, 0.0)
    for name in problem.names:
        own = [q for q, node in enumerate(problem.nodes) if node.population == name and rates[q] > 0.0]
        if own:
            weight, logarithm = np.array([problem.nodes[q].weight for q in own]), np.log(rates[own])
            variance = (logarithm - np.average(logarithm, weights=weight)) ** 2
            found[name] = float(np.sqrt(np.average(variance, weights=weight)))
    return found
