"""Self-consistent stationary rates of a network: what the nodes fire at when they hear each other.

Newton's method on nu = F(mu(nu), D(nu)), the slopes of F by differences, after a few damped steps from silence (or
from a given start). F is the stationary rate of the `mean` closure times a factor per node, by which a finer theory
(closure, finite jumps) corrects it at the working point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels.operators import Operator
from popdyn.kernels.shunt import SHUNT
from popdyn.theory.escape_nodes import escape_rate
from popdyn.theory.grid import bulk, frozen_state, operator_on
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.operator import moved
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.stationary import mean_adaptation

Array = NDArray[np.float64]
Inputs = tuple[Array, Array, Array]
"""mu, D and shunt of every node (NetworkProblem.inputs)."""
TOLERANCE = 1e-7
RUNAWAY = 1000.0  # [1/s]
LEAST_D = 1e-9  # [V^2/s] that the slope in D is taken over where there is no noise
GENTLE = 12  # damped steps from silence before Newton's method


@dataclass(frozen=True)
class WorkingPoint:
    """Stationary rates (population,) [1/s], mean squares, and per node the rate, mu [V/s], D [V^2/s], shunt.

    shunt (node, 3): of conductances (popdyn.kernels.shunt); mu and D are then those at V_reset.
    """

    rates: Array
    squares: Array
    node_rates: Array
    mu: Array
    D: Array
    shunt: Array


class NodeRates:
    """Rate of each node at (mu, D, shunt) in the `mean` closure, on a grid that follows the working point.

    Populations of escape noise: by cohorts (theory.escape_nodes).
    """

    def __init__(self, problem: NetworkProblem, factor: Array | None = None) -> None:
        self.problem = problem
        self.factor = np.ones(len(problem.everyone)) if factor is None else factor
        self._grids: list[tuple[float, float, Array, Operator] | None] = [None] * len(problem.nodes)

    def __call__(self, q: int, mu: float, D: float, shunt: Array) -> float:
        if q >= len(self.problem.nodes):
            escaping = self.problem.escaping[q - len(self.problem.nodes)]
            return float(self.factor[q] * escape_rate(escaping.problem, mu, D, shunt=float(shunt[SHUNT])))
        node = self.problem.nodes[q].problem
        h = node.hierarchy("mean")
        op = self._operator(q, mu, D, shunt)
        W = mean_adaptation(op, h, mu, D)
        return self.factor[q] * frozen_state(op, mu - W / h.C_m, D, node.t_ref)[0]

    def _operator(self, q: int, mu: float, D: float, shunt: Array) -> Operator:
        kept = self._grids[q]
        if kept is not None and 0.8 < D / kept[1] < 1.25 and abs(mu - kept[0]) < 0.15 * (abs(kept[0]) + 0.2):
            if np.array_equal(shunt, kept[2]):
                return kept[3]
            if np.all(np.abs(shunt - kept[2]) <= 0.2 * np.abs(kept[2])):
                return moved(kept[3], shunt - kept[2])
        node = at_drive(self.problem.nodes[q].problem, mu, D, shunt)
        u = mu - mean_pull(node, mu, D)
        spacing = min(bulk(node, u, D)[1] / 8.0, (node.barrier - node.V_reset) / 12.0, 0.5e-3)
        op = operator_on(node, spacing, u - 0.3 * abs(u) - 0.1, 1.3 * D, u)
        self._grids[q] = (mu, D, shunt, op)
        return op


def mean_pull(node: DensityProblem, mu: float, D: float) -> float:
    """W / C_m [V/s] of the mean closure, on a coarse grid."""
    if not node.adapts:
        return 0.0
    h = node.hierarchy("mean")
    spacing = min(bulk(node, mu, D)[1] / 4.0, (node.barrier - node.V_reset) / 8.0, 1e-3)
    return mean_adaptation(operator_on(node, spacing, mu - 1.0, D, mu), h, mu, D) / h.C_m


def working_point(
    problem: NetworkProblem, *, factor: Array | None = None, start: Array | None = None, most: int = 80
) -> WorkingPoint:
    """The stationary rates reached from `start` (population,), by default from silence.

    Raises NumericsError where rates run away or nothing converges: the network then has no asynchronous state there.
    """
    node_rate = NodeRates(problem, factor)
    rates = np.zeros(len(problem.names)) if start is None else np.array(start, dtype=float)
    squares = rates**2
    for step in range(most):
        mu, D, shunt = problem.inputs(rates, squares)
        found = np.array([node_rate(q, mu[q], D[q], shunt[q]) for q in range(mu.size)])
        mean, square = problem.means(found)
        miss = mean - rates
        if np.max(np.abs(miss) / (rates + 0.1)) < TOLERANCE and np.allclose(square, squares, rtol=1e-6, atol=1e-9):
            return WorkingPoint(mean, square, found, mu, D, shunt)
        if step < GENTLE and start is None:
            bound = 1.0 + 0.3 * rates
            rates = np.maximum(rates + np.clip(0.3 * miss, -bound, bound), 0.0)
            squares = np.maximum(square, rates**2)
            continue
        move = _newton(problem, node_rate, (mu, D, shunt), found, rates, squares, miss)
        bound = 0.5 * (rates + 4.0)
        rates = np.maximum(rates + move * min(1.0, float(np.min(bound / (np.abs(move) + 1e-12)))), 0.0)
        if not np.all(np.isfinite(rates)) or np.max(rates) > RUNAWAY:
            break
        squares = np.maximum(square, rates**2)
    raise NumericsError("the network's rates run away or find no balance; weaken excitation, or lower the drive")


def _newton(
    problem: NetworkProblem, node_rate: NodeRates, at: Inputs, found: Array, rates: Array, squares: Array, miss: Array
) -> Array:
    """(1 - A)^-1 (F - nu), A the loop gain between populations."""
    gain = loop_gain(problem, node_rate, at, found, rates, squares)
    return np.asarray(np.linalg.solve(np.eye(rates.size) - gain, miss))


def loop_gain(
    problem: NetworkProblem, node_rate: NodeRates, at: Inputs, found: Array, rates: Array, squares: Array
) -> Array:
    """A[a, b] = dF_a / dnu_b, (population, population)."""
    mu, D, shunt = at
    step_mu = 1e-3 * (np.abs(mu) + 1.0)
    to_mu = np.array([node_rate(q, mu[q] + step_mu[q], D[q], shunt[q]) - found[q] for q in range(mu.size)]) / step_mu
    more_D = 0.01 * np.maximum(D, LEAST_D)
    to_D = np.array([node_rate(q, mu[q], D[q] + more_D[q], shunt[q]) - found[q] for q in range(mu.size)]) / more_D
    gain = np.zeros((rates.size, rates.size))
    for b in range(rates.size):
        step = 1e-3 * (rates[b] + 1.0)
        up = rates.copy()
        up[b] += step
        ratio = (up[b] / max(rates[b], 1e-9)) ** 2 if rates[b] > 0 else 1.0
        up_squares = squares.copy()
        up_squares[b] *= ratio
        mu_b, D_b, shunt_b = problem.inputs(up, up_squares)
        change = to_mu * (mu_b - mu) + to_D * (D_b - D)
        for q in np.flatnonzero(np.any(shunt_b != shunt, axis=1)):
            change[q] += node_rate(q, mu[q], D[q], shunt_b[q]) - found[q]
        gain[:, b] = problem.means(change)[0] / step
    return gain
