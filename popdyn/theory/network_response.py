"""A network linearised at a working point: each node's response and every projection, as functions of complex lambda.

Rates nu_a + n_a exp(lambda t) that nothing drives from outside obey n = P(lambda) n,

    P[a, b] = sum_q w_q sum_p [ H_q,mu (g_qp T_u,p + m_qp T_v,p) + H_q,D d_qp T_v,p ],
    g_qp = scale_q K_pq J_p,      d_qp = scale_q^2 K_pq <J_p^2> / 2      (K_pq: NetworkProblem.in_degrees),

over nodes q of population a (weight w_q) and projections p from b to a; H(lambda) is the response of the node's
density, T(lambda) that of the synapse with its delay (popdyn.theory.synaptic_response); nodes under filtered noise
follow sooner, and m is what moving boundaries add (popdyn.theory.filtered_noise). Where a projection acts by finite
jumps, its term is H_q,p (g_qp / (scale_q J_p)) T_u,p instead, H_q,p the response to the rate of its jumps. Populations
of escape noise come after the nodes, each a response of its own (popdyn.theory.escape_response).
Matrices are [post, pre].
Source: Brunel and Hakim 1999, Neural Comput 11:1621.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.theory.escape_response import EscapeLinear
from popdyn.theory.filtered_noise import FilteredNoise, filtered_noise
from popdyn.theory.linear_nodes import Gains, LinearNode, ResponseGrid, make_node
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.synaptic_response import synaptic_response
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

REFINE = 1.5  # of the spacing that the stationary rate needs: responses see the boundary layer at the threshold


@dataclass(frozen=True)
class LinearNetwork:
    """Nodes at their stationary states, and what each hears of each projection.

    sources: of each node, the projections that act by finite jumps, in the order of its response's rows.
    """

    problem: NetworkProblem
    point: WorkingPoint
    nodes: tuple[LinearNode | EscapeLinear, ...]
    gains: Gains
    sources: tuple[tuple[int, ...], ...]
    filtered: FilteredNoise

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
        for q, (node, place_of) in enumerate(zip(self.nodes, self.problem.everyone, strict=True)):
            own = [k for k in inner if self.problem.projections[k].post == place_of.population]
            if not own:
                continue
            rows = place_of.weight * node.response(z)
            for k in own:
                change = self._change(q, k, rows, z, *carried[k])
                found[:, place[place_of.population], place[self.problem.projections[k].pre]] += change
        return found

    def _change(self, q: int, k: int, rows: Complex, z: Complex, mean: Complex, variance: Complex) -> Complex:
        """Of node q's rate per unit of the presynaptic rate of projection k."""
        node = self.nodes[q]
        if isinstance(node, EscapeLinear):
            return node.heard(k, rows, mean, variance)
        mean, variance, edges = self.filtered.changes(q, k, z, mean, variance)
        if k in self.sources[q]:
            jump = self.problem.nodes[q].scale * self.problem.projections[k].J
            found = rows[2 + self.sources[q].index(k)] * (self.gains.mu[q, k] / jump) * mean
        else:
            found = rows[0] * self.gains.mu[q, k] * mean + rows[1] * self.gains.D[q, k] * variance
        if rows.shape[0] > 2 + len(self.sources[q]):
            found = found + rows[-1] * self.gains.train[q, k] * variance
        return np.asarray(found + rows[0] * edges)

    def static_gains(self) -> list[dict[int, float]]:
        """Of each node: change of its rate per unit of the presynaptic rate, by recurrent projection."""
        z, nu, found = np.zeros(1, dtype=complex), self.problem.presynaptic(self.point.rates), []
        for q, (node, own) in enumerate(zip(self.nodes, self.problem.everyone, strict=True)):
            rows, gains = node.response(z), {}
            for k, p in enumerate(self.problem.projections):
                if p.pre and p.post == own.population:
                    carried = synaptic_response(p.synapse, float(nu[k]), z)
                    gains[k] = float(self._change(q, k, rows, z, *carried)[0].real)
            found.append(gains)
        return found

    def response(self, lambdas: ArrayLike, population: str, target: str = "mu") -> Complex:
        """Change of every population's rate, (lambda, population), per unit of mu or D given to one: (1 - P)^-1 H."""
        z = np.atleast_1d(np.asarray(lambdas, dtype=complex))
        row, direct = ("mu", "D").index(target), np.zeros((z.size, len(self.names)), dtype=complex)
        for node, own in zip(self.nodes, self.problem.everyone, strict=True):
            if own.population == population:
                direct[:, self.names.index(population)] += own.weight * node.response(z)[row]
        return np.asarray(np.linalg.solve(np.eye(len(self.names)) - self.gain(z), direct[..., None])[..., 0])

    def noise(self, frequencies: ArrayLike) -> Array:
        """Spectrum of one neuron's spikes averaged over the nodes of each population, (frequency, population) [1/s]."""
        found = np.zeros((np.size(frequencies), len(self.names)))
        for node, own in zip(self.nodes, self.problem.everyone, strict=True):
            found[:, self.names.index(own.population)] += own.weight * node.spectrum(frequencies)
        return found


def linear_network(
    problem: NetworkProblem, point: WorkingPoint, closure: str, grids: Mapping[int, ResponseGrid] | None = None,
    refine: float = REFINE, escaping: tuple[EscapeLinear, ...] = (),
) -> LinearNetwork:  # fmt: skip
    """Every node's state at the drive of the working point, on grids of its own.

    `grids`: by node, that of the march, whose finite jumps and regular trains nodes without adaptation take over.
    `escaping`: populations of escape noise, in the problem's order.
    """
    gains = projection_gains(problem, point)
    kept = {q: grid for q, grid in (grids or {}).items() if not problem.nodes[q].problem.adapts}
    nodes = [make_node(problem, point, q, gains, closure, kept.get(q), refine) for q in range(len(problem.nodes))]
    sources = [kept[q].sources if q in kept else () for q in range(len(problem.nodes))]
    return LinearNetwork(problem, point, (*nodes, *escaping), gains, tuple(sources), filtered_noise(problem, point))


def projection_gains(problem: NetworkProblem, point: WorkingPoint) -> Gains:
    """Change of each node's mu, D and variance of trains per unit of each projection's u and v."""
    width = problem.quenched(point.rates, point.squares)
    to_mu, to_D, train = (np.zeros((len(problem.nodes), len(problem.projections))) for _ in range(3))
    nu = problem.presynaptic(point.rates)
    for q, node in enumerate(problem.nodes):
        for k, K in problem.in_degrees(q, nu, width).items():
            p = problem.projections[k]
            to_mu[q, k] = node.scale * K * p.J
            to_D[q, k] = 0.5 * node.scale**2 * K * p.J**2 * p.square
            train[q, k] = 2.0 * to_D[q, k] if p.pre else 0.0
    return Gains(to_mu, to_D, train)
