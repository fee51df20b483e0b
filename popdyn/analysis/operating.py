"""What an analysis is given, taken to the state it is about: spec or problem -> nodes linearised at a working point."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from popdyn.spec.network import Network
from popdyn.theory.network_problem import NetworkProblem, network_problem, shifted
from popdyn.theory.network_response import LinearNetwork, linear_network
from popdyn.theory.problem import DEFAULT_CLOSURE
from popdyn.theory.working_point import WorkingPoint, working_point

Array = NDArray[np.float64]
Given = Network | NetworkProblem | LinearNetwork

ROUNDS, SETTLED = 4, 1e-4  # of the closure's factor on every node's rate


def as_problem(network: Network | NetworkProblem) -> NetworkProblem:
    """The problem of a spec, or the problem itself."""
    return network_problem(network) if isinstance(network, Network) else network


def coloured(problem: NetworkProblem, rates: Array) -> NetworkProblem:
    """Thresholds and resets shifted by the colour of the input at these rates (`NetworkProblem.colour`)."""
    shift = problem.colour(rates)
    nodes = [replace(n, problem=shifted(n.problem, n.scale * shift[n.population])) for n in problem.nodes]
    return replace(problem, nodes=tuple(nodes))


def linearised(network: Given, *, rates: Array | None = None, closure: str | None = None) -> LinearNetwork:
    """The network linearised at the self-consistent state near `rates` (population,), or reached from silence.

    The rates are those of the closure: each node's rate over that of the `mean` closure is a factor in F, iterated.
    """
    if isinstance(network, LinearNetwork):
        return network
    closure = closure or DEFAULT_CLOSURE
    problem = as_problem(network)
    point = working_point(problem, start=rates)
    problem = coloured(problem, point.rates)
    point = working_point(problem, start=point.rates)
    factor = np.ones(len(problem.nodes))
    linear = linear_network(problem, point, closure)
    for _ in range(ROUNDS):
        full = np.array([node.state.rate for node in linear.nodes])
        ratio = factor * full / point.node_rates
        if np.max(np.abs(ratio - factor)) < SETTLED:
            break
        factor = ratio
        point = working_point(problem, factor=factor, start=point.rates)
        linear = linear_network(problem, point, closure)
    return _with_rates(linear, point)


def _with_rates(linear: LinearNetwork, point: WorkingPoint) -> LinearNetwork:
    return replace(linear, point=point)
