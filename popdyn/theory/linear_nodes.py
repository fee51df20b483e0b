"""The nodes of a linearised network: stationary state, response at complex lambda and spectrum of spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.kernels.jumps import Jumps
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode, without_padding
from popdyn.theory.hierarchy import StationaryState, response_at
from popdyn.theory.jumps import make_jumps
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.renewal import spike_spectrum
from popdyn.theory.stationary import find_stationary
from popdyn.theory.train_response import TrainNode
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]


class LinearNode(Protocol):
    """One node at its stationary state."""

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate/d mu [(1/s)/(V/s)], d rate/d D [(1/s)/(V^2/s)], d rate/d rate of jumps, d rate/d variance of trains.

        (2 + source, lambda), and one row more where the trains are regular.
        """
        ...

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        ...


@dataclass(frozen=True)
class AdaptingNode:
    """A node under white noise: its operator, hierarchy and stationary state at the working point."""

    operator: Operator
    hierarchy: Hierarchy
    state: StationaryState

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate/d mu [(1/s)/(V/s)] and d rate/d D [(1/s)/(V^2/s)], (2, lambda)."""
        return response_at(self.operator, self.hierarchy, self.state, lambdas)

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """Two-sided spectrum of one neuron's spikes, (frequency,) [1/s]."""
        return spike_spectrum(self.operator, self.hierarchy, self.state, frequencies)


@dataclass(frozen=True)
class Extrapolated:
    """A node on a grid and on one of half the spacing: second-order errors taken off."""

    coarse: LinearNode
    fine: LinearNode

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """As LinearNode."""
        coarse, fine = self.coarse.response(lambdas), self.fine.response(lambdas)
        return np.asarray(fine + (fine - coarse) / 3.0)

    def spectrum(self, frequencies: ArrayLike) -> Array:
        """As LinearNode."""
        coarse, fine = self.coarse.spectrum(frequencies), self.fine.spectrum(frequencies)
        return np.asarray(fine + (fine - coarse) / 3.0)


class ResponseGrid(Protocol):
    """A node's grid in the march: jumps, the projection of each of their sources, the dip of its inputs' noise."""

    @property
    def operator(self) -> Operator: ...
    @property
    def jumps(self) -> Jumps: ...
    @property
    def sources(self) -> tuple[int, ...]: ...
    @property
    def beta(self) -> float: ...
    @property
    def gamma(self) -> float: ...


@dataclass(frozen=True)
class Gains:
    """What a node hears of each projection: mu [V], D [V^2], variance of trains [V^2] per unit of its u or v."""

    mu: Array  # (node, projection)
    D: Array
    train: Array


def make_node(
    problem: NetworkProblem, point: WorkingPoint, q: int, gains: Gains, closure: str, grid: ResponseGrid | None,
    refine: float,
) -> LinearNode:  # fmt: skip
    """Node q at the drive of the working point: with w, or with jumps and regular trains as `grid` has them."""
    if problem.nodes[q].problem.adapts:
        return Extrapolated(*(_adapting(problem, point, q, closure, part * refine) for part in (1, 2)))
    if grid is not None and grid.sources:
        return _with_trains(problem, point, q, gains, grid, _jumping(problem, point, q, gains, grid))
    plain = [_white(problem, point, q, part * refine) for part in (1, 2)]
    return Extrapolated(*(_with_trains(problem, point, q, gains, grid, node) for node in plain))


def _at(problem: NetworkProblem, point: WorkingPoint, q: int) -> DensityProblem:
    return at_drive(problem.nodes[q].problem, float(point.mu[q]), float(point.D[q]), point.shunt[q])


def _grid(whole: DensityProblem, refine: float) -> Operator:
    return choose_grid(whole, Domain(whole.mu, whole.mu, whole.sigma, whole.sigma), refine=refine).operator


def _adapting(problem: NetworkProblem, point: WorkingPoint, q: int, closure: str, refine: float) -> AdaptingNode:
    whole = _at(problem, point, q)
    op, h = _grid(whole, refine), whole.hierarchy(closure)
    return AdaptingNode(op, h, find_stationary(op, h, whole.mu, whole.D))


def _white(problem: NetworkProblem, point: WorkingPoint, q: int, refine: float) -> FrozenNode:
    whole = _at(problem, point, q)
    op = _grid(whole, refine)
    return FrozenNode(op, make_jumps(op, []), whole.mu, whole.D, np.zeros(0), whole.t_ref)


def _jumping(problem: NetworkProblem, point: WorkingPoint, q: int, gains: Gains, grid: ResponseGrid) -> FrozenNode:
    """What jumps carry is taken off the working point's mu and D."""
    node, rates = problem.nodes[q], []
    mu, D, u = float(point.mu[q]), float(point.D[q]), problem.released(point.rates)
    for k in grid.sources:
        rates.append(gains.mu[q, k] / (node.scale * problem.projections[k].J) * u[k])
        mu -= gains.mu[q, k] * u[k]
        D -= gains.D[q, k] * u[k]
    D = 0.0 if 1e-9 * point.D[q] > D else D
    op, jumps = without_padding(grid.operator, grid.jumps)
    return FrozenNode(op, jumps, mu, D, np.array(rates), node.problem.t_ref)


def _with_trains(
    problem: NetworkProblem, point: WorkingPoint, q: int, gains: Gains, grid: ResponseGrid | None, node: FrozenNode
) -> LinearNode:
    """The node itself, or with the dip of its inputs' noise in what their trains make of its variance."""
    if grid is None or grid.beta == 0.0:
        return node
    u, nu = problem.released(point.rates), problem.presynaptic(point.rates)
    charge = np.divide(u, nu, out=np.zeros_like(u), where=nu > 0.0)
    return TrainNode(node, grid.beta, grid.gamma, float(gains.train[q] @ (charge * u)))
