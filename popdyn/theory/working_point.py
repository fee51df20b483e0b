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
from popdyn.theory.grid import bulk, frozen_state, operator_on
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.stationary import mean_adaptation

Array = NDArray[np.float64]
TOLERANCE = 1e-7
RUNAWAY = 1000.0  # [1/s]
GENTLE = 12  # damped steps from silence before Newton's method


@dataclass(frozen=True)
class WorkingPoint:
    """Stationary rates (population,) [1/s], mean squares, and per node the rate, mu [V/s], D [V^2/s]."""

    rates: Array
    squares: Array
    node_rates: Array
    mu: Array
    D: Array


class NodeRates:
    """Rate of each node at (mu, D) in the `mean` closure, on a grid that follows the working point."""

    def __init__(self, problem: NetworkProblem, factor: Array | None = None) -> None:
        self.problem = problem
        self.factor = np.ones(len(problem.nodes)) if factor is None else factor
        self._grids: list[tuple[float, float, Operator] | None] = [None] * len(problem.nodes)

    def __call__(self, q: int, mu: float, D: float) -> float:
        node = self.problem.nodes[q].problem
        h = node.hierarchy("mean")
        op = self._operator(q, mu, D)
        W = mean_adaptation(op, h, mu, D)
        return self.factor[q] * frozen_state(op, mu - W / h.C_m, D, node.t_ref)[0]

    def _operator(self, q: int, mu: float, D: float) -> Operator:
        kept = self._grids[q]
        if kept is not None and 0.8 < D / kept[1] < 1.25 and abs(mu - kept[0]) < 0.15 * (abs(kept[0]) + 0.2):
            return kept[2]
        node = self.problem.nodes[q].problem
        u = mu - _adaptation(node, mu, D)
        spacing = min(bulk(node, u, D)[1] / 8.0, (node.barrier - node.V_reset) / 12.0, 0.5e-3)
        op = operator_on(at_drive(node, mu, D), spacing, u - 0.3 * abs(u) - 0.1, 1.3 * D, u)
        self._grids[q] = (mu, D, op)
        return op


def _adaptation(node: DensityProblem, mu: float, D: float) -> float:
    """W / C_m [V/s] of the mean closure, on a coarse grid."""
    if not node.adapts:
        return 0.0
    h = node.hierarchy("mean")
    spacing = min(bulk(node, mu, D)[1] / 4.0, (node.barrier - node.V_reset) / 8.0, 1e-3)
    return mean_adaptation(operator_on(at_drive(node, mu, D), spacing, mu - 1.0, D, mu), h, mu, D) / h.C_m


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
        mu, D = problem.inputs(rates, squares)
        found = np.array([node_rate(q, mu[q], D[q]) for q in range(mu.size)])
        mean, square = problem.means(found)
        miss = mean - rates
        if np.max(np.abs(miss) / (rates + 0.1)) < TOLERANCE and np.allclose(square, squares, rtol=1e-6, atol=1e-9):
            return WorkingPoint(mean, square, found, mu, D)
        if step < GENTLE and start is None:
            bound = 1.0 + 0.3 * rates
            rates = np.maximum(rates + np.clip(0.3 * miss, -bound, bound), 0.0)
            squares = np.maximum(square, rates**2)
            continue
        move = _newton(problem, node_rate, mu, D, found, rates, squares, miss)
        bound = 0.5 * (rates + 4.0)
        rates = np.maximum(rates + move * min(1.0, float(np.min(bound / (np.abs(move) + 1e-12)))), 0.0)
        if not np.all(np.isfinite(rates)) or np.max(rates) > RUNAWAY:
            break
        squares = np.maximum(square, rates**2)
    raise NumericsError("the network's rates run away or find no balance; weaken excitation, or lower the drive")


def _newton(
    problem: NetworkProblem, node_rate: NodeRates, mu: Array, D: Array, found: Array, rates: Array, squares: Array,
    miss: Array,
) -> Array:  # fmt: skip
    """(1 - A)^-1 (F - nu), A the loop gain between populations."""
    gain = loop_gain(problem, node_rate, mu, D, found, rates, squares)
    return np.asarray(np.linalg.solve(np.eye(rates.size) - gain, miss))


def loop_gain(
    problem: NetworkProblem, node_rate: NodeRates, mu: Array, D: Array, found: Array, rates: Array, squares: Array
) -> Array:
    """A[a, b] = dF_a / dnu_b, (population, population)."""
    step_mu = 1e-3 * (np.abs(mu) + 1.0)
    to_mu = np.array([node_rate(q, mu[q] + step_mu[q], D[q]) - found[q] for q in range(mu.size)]) / step_mu
    to_D = np.array([node_rate(q, mu[q], 1.01 * D[q]) - found[q] for q in range(mu.size)]) / (0.01 * D)
    gain = np.zeros((rates.size, rates.size))
    for b in range(rates.size):
        step = 1e-3 * (rates[b] + 1.0)
        moved = rates.copy()
        moved[b] += step
        ratio = (moved[b] / max(rates[b], 1e-9)) ** 2 if rates[b] > 0 else 1.0
        moved_squares = squares.copy()
        moved_squares[b] *= ratio
        mu_b, D_b = problem.inputs(moved, moved_squares)
        gain[:, b] = problem.means(to_mu * (mu_b - mu) + to_D * (D_b - D))[0] / step
    return gain
