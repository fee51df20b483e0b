"""A network linearised at a working point: each node's response and every projection, as functions of complex lambda.

Rates nu_a + n_a exp(lambda t) that nothing drives from outside obey n = P(lambda) n,

    P[a, b] = sum_q w_q sum_p [ H_q,mu g_qp T_u,p + H_q,D d_qp T_v,p ],
    g_qp = scale_q (K J)_p (1 + z_q s_p),      d_qp = scale_q^2 K_p <J_p^2> / 2,

over nodes q of population a (weight w_q) and projections p from b to a; H(lambda) is the response of the node's
density, T(lambda) that of the synapse with its delay (popdyn.theory.synaptic_response). Where a projection acts by
finite jumps, its term is H_q,p (g_qp / (scale_q J_p)) T_u,p instead, H_q,p the response to the rate of its jumps.
Matrices are [post, pre].
Source: Brunel and Hakim 1999, Neural Comput 11:1621.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
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
from popdyn.theory.renewal import spike_spectrum
from popdyn.theory.stationary import find_stationary
from popdyn.theory.synaptic import release
from popdyn.theory.synaptic_response import synaptic_response
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

REFINE = 1.5  # of the spacing that the stationary rate needs: responses see the boundary layer at the threshold


class LinearNode(Protocol):
    """One node at its stationary state."""

    def response(self, lambdas: NDArray[Any]) -> Complex:
        """d rate/d mu [(1/s)/(V/s)], d rate/d D [(1/s)/(V^2/s)], then d rate/d rate of jumps: (2 + source, lambda)."""
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


class JumpGrid(Protocol):
    """A grid with jumps, and the projection of each of its sources."""

    @property
    def operator(self) -> Operator: ...
    @property
    def jumps(self) -> Jumps: ...
    @property
    def sources(self) -> tuple[int, ...]: ...


@dataclass(frozen=True)
class LinearNetwork:
    """Nodes at their stationary states, and what each hears of each projection: gain_mu [V], gain_D [V^2].

    sources: of each node, the projections that act by finite jumps, in the order of its response's rows.
    """

    problem: NetworkProblem
    point: WorkingPoint
    nodes: tuple[LinearNode, ...]
    gain_mu: Array  # (node, projection)
    gain_D: Array  # (node, projection)
    sources: tuple[tuple[int, ...], ...]

    @property
    def names(self) -> list[str]:
        return self.problem.names

    @property
    def sizes(self) -> Array:
        """Neurons of each population, (population,)."""
        return np.array([p.size for p in self.problem.network.populations.values()], dtype=float)

    def gain(self, lambdas: ArrayLike) -> Complex:
        """P, (lambda, population, population), at complex lambda [1/s]."""
        z = np.atleast_1d(np.asarray(lambdas, dtype=complex))
        size, place = len(self.names), {name: i for i, name in enumerate(self.names)}
        found = np.zeros((z.size, size, size), dtype=complex)
        nu = self.problem.presynaptic(self.point.rates)
        inner = [k for k, p in enumerate(self.problem.projections) if p.pre]
        carried = {k: synaptic_response(self.problem.projections[k].synapse, float(nu[k]), z) for k in inner}
        for q, (node, place_of) in enumerate(zip(self.nodes, self.problem.nodes, strict=True)):
            own = [k for k in inner if self.problem.projections[k].post == place_of.population]
            if not own:
                continue
            rows = place_of.weight * node.response(z)
            for k in own:
                change = self._change(q, k, rows, *carried[k])
                found[:, place[place_of.population], place[self.problem.projections[k].pre]] += change
        return found

    def _change(self, q: int, k: int, rows: Complex, mean: Complex, variance: Complex) -> Complex:
        """Of node q's rate per unit of the presynaptic rate of projection k."""
        if k in self.sources[q]:
            jump = self.problem.nodes[q].scale * self.problem.projections[k].J
            return np.asarray(rows[2 + self.sources[q].index(k)] * (self.gain_mu[q, k] / jump) * mean)
        return np.asarray(rows[0] * self.gain_mu[q, k] * mean + rows[1] * self.gain_D[q, k] * variance)

    def static_gains(self) -> list[dict[int, float]]:
        """Of each node: change of its rate per unit of the presynaptic rate, by recurrent projection."""
        z, nu, found = np.zeros(1), self.problem.presynaptic(self.point.rates), []
        for q, (node, own) in enumerate(zip(self.nodes, self.problem.nodes, strict=True)):
            rows, gains = node.response(z), {}
            for k, p in enumerate(self.problem.projections):
                if p.pre and p.post == own.population:
                    gains[k] = float(self._change(q, k, rows, *synaptic_response(p.synapse, float(nu[k]), z))[0].real)
            found.append(gains)
        return found

    def response(self, lambdas: ArrayLike, population: str, target: str = "mu") -> Complex:
        """Change of every population's rate, (lambda, population), per unit of mu or D given to one: (1 - P)^-1 H."""
        z = np.atleast_1d(np.asarray(lambdas, dtype=complex))
        row, direct = ("mu", "D").index(target), np.zeros((z.size, len(self.names)), dtype=complex)
        for node, own in zip(self.nodes, self.problem.nodes, strict=True):
            if own.population == population:
                scale = own.scale if target == "mu" else own.scale**2
                direct[:, self.names.index(population)] += own.weight * scale * node.response(z)[row]
        return np.asarray(np.linalg.solve(np.eye(len(self.names)) - self.gain(z), direct[..., None])[..., 0])

    def noise(self, frequencies: ArrayLike) -> Array:
        """Spectrum of one neuron's spikes averaged over the nodes of each population, (frequency, population) [1/s]."""
        found = np.zeros((np.size(frequencies), len(self.names)))
        for node, own in zip(self.nodes, self.problem.nodes, strict=True):
            found[:, self.names.index(own.population)] += own.weight * node.spectrum(frequencies)
        return found


def linear_network(
    problem: NetworkProblem, point: WorkingPoint, closure: str, jumps: Mapping[int, JumpGrid] | None = None,
    refine: float = REFINE,
) -> LinearNetwork:  # fmt: skip
    """Every node's state at the drive of the working point, on grids of its own.

    `jumps`: by node, the grid on which the named projections act by finite jumps (neurons without adaptation).
    """
    gains = projection_gains(problem, point)
    nodes: list[LinearNode] = []
    sources: list[tuple[int, ...]] = []
    for q, node in enumerate(problem.nodes):
        grid = None if node.problem.adapts else (jumps or {}).get(q)
        nodes.append(
            Extrapolated(*(_white_node(problem, point, q, closure, part * refine) for part in (1, 2)))
            if grid is None
            else _jump_node(problem, point, q, grid, *gains)
        )
        sources.append(() if grid is None else grid.sources)
    return LinearNetwork(problem, point, tuple(nodes), *gains, tuple(sources))


def _white_node(problem: NetworkProblem, point: WorkingPoint, q: int, closure: str, refine: float) -> LinearNode:
    sigma = float(np.sqrt(2.0 * point.D[q]))
    whole = replace(problem.nodes[q].problem, mu=float(point.mu[q]), sigma=sigma)
    op = choose_grid(whole, Domain(whole.mu, whole.mu, sigma, sigma), refine=refine).operator
    if not whole.adapts:
        return FrozenNode(op, make_jumps(op, []), whole.mu, whole.D, np.zeros(0), whole.t_ref)
    h = whole.hierarchy(closure)
    return AdaptingNode(op, h, find_stationary(op, h, whole.mu, whole.D))


def _jump_node(
    problem: NetworkProblem, point: WorkingPoint, q: int, grid: JumpGrid, gain_mu: Array, gain_D: Array
) -> FrozenNode:
    """What jumps carry is taken off the working point's mu and D."""
    node, nu, rates = problem.nodes[q], problem.presynaptic(point.rates), []
    mu, D = float(point.mu[q]), float(point.D[q])
    for k in grid.sources:
        p = problem.projections[k]
        u = release(p.synapse, float(nu[k])) * nu[k]
        rates.append(gain_mu[q, k] / (node.scale * p.J) * u)
        mu -= gain_mu[q, k] * u
        D -= gain_D[q, k] * u
    D = 0.0 if 1e-9 * point.D[q] > D else D
    op, jumps = without_padding(grid.operator, grid.jumps)
    return FrozenNode(op, jumps, mu, D, np.array(rates), node.problem.t_ref)


def projection_gains(problem: NetworkProblem, point: WorkingPoint) -> tuple[Array, Array]:
    """Change of each node's mu [V] and D [V^2] per unit of each projection's u and v, (node, projection)."""
    nu, width = problem.presynaptic(point.rates), problem.quenched(point.rates, point.squares)
    to_mu, to_D = (np.zeros((len(problem.nodes), len(problem.projections))) for _ in range(2))
    for q, node in enumerate(problem.nodes):
        own = [k for k, p in enumerate(problem.projections) if p.post == node.population]
        total = float(np.sqrt(np.sum(width[own] ** 2)))
        for k in own:
            p, u = problem.projections[k], release(problem.projections[k].synapse, float(nu[k])) * nu[k]
            more = node.z * width[k] ** 2 / (total * u) if total > 0.0 and u > 0.0 else 0.0
            to_mu[q, k] = node.scale * (p.K * p.J + more)
            to_D[q, k] = 0.5 * node.scale**2 * p.K * p.J**2 * p.square
    return to_mu, to_D
