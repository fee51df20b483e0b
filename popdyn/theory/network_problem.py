"""A network as the density sees it: populations split in nodes of equal neurons, and the drive that rates give them.

    mu_q = mu_ext + offset_q + sum_p K_pq J_p u_p,      D_q = D_ext + 1/2 sum_p K_pq <J_p^2> v_p
    K_pq = K_p + z_q w_p^2 / (w J_p u_p),   w^2 = sum_p w_p^2

z_q is the node's place in the Gaussian of the quenched mean input, whose variance w^2 [V^2/s^2] projection p brings
w_p^2 of: neurons with a higher mean have more excitatory and fewer inhibitory inputs. Exact at the working point,
linear in the rates away from it. The width that unequal weights bring is taken as one of in-degrees, which leaves the
mean input exact and D low by O(CV^2) of what differs between the nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.shunt import PARTS, SHUNT
from popdyn.neurons import MODELS
from popdyn.spec.network import Network, Population
from popdyn.theory.conductances import Conductances, conducts, node_conductances
from popdyn.theory.escape_nodes import EscapeNode, escape_node
from popdyn.theory.problem import DensityProblem, density_problem
from popdyn.theory.projections import Projection, projections
from popdyn.theory.synaptic import release

Array = NDArray[np.float64]
ALPHA = 2.0652531522  # sqrt(2) |zeta(1/2)|
WHITE = 0.05  # share of white over coloured variance above which the boundary is that of white noise


@dataclass(frozen=True)
class NetworkNode:
    """Neurons of one population with equal parameters; problem.mu, problem.sigma are their white-noise drive alone.

    scale: C_m of the spec's centre over the node's; z: place in the quenched Gaussian, in standard deviations;
    noise_factor: of the noise of its conductances (popdyn.theory.conductance_colour).
    """

    population: str
    weight: float
    problem: DensityProblem
    scale: float = 1.0
    z: float = 0.0
    noise_factor: float = 1.0

    @property
    def dispersion(self) -> float:
        """<nu^2>/<nu>^2 over its neurons, which are equal."""
        return 1.0


@dataclass(frozen=True)
class NetworkProblem:
    """Nodes and projections of a network, and the rates that are being fed back.

    escaping: populations of escape noise, which come after the nodes in all that is "of every node" below.
    """

    network: Network
    projections: tuple[Projection, ...]
    nodes: tuple[NetworkNode, ...]
    escaping: tuple[EscapeNode, ...] = ()

    @property
    def everyone(self) -> tuple[NetworkNode | EscapeNode, ...]:
        return (*self.nodes, *self.escaping)

    @property
    def names(self) -> list[str]:
        return list(self.network.populations)

    def escapes(self, name: str) -> bool:
        """Whether a population has escape noise."""
        return any(one.population == name for one in self.escaping)

    def means(self, node_rates: Array) -> tuple[Array, Array]:
        """Mean rate and mean square rate of each population, (population,)."""
        mean, square = np.zeros(len(self.names)), np.zeros(len(self.names))
        place = {name: i for i, name in enumerate(self.names)}
        for node, rate in zip(self.everyone, node_rates, strict=True):
            mean[place[node.population]] += node.weight * rate
            square[place[node.population]] += node.weight * node.dispersion * rate**2
        return mean, square

    def presynaptic(self, rates: Array) -> Array:
        """Presynaptic rate of each projection [1/s]."""
        place = {name: i for i, name in enumerate(self.names)}
        return np.array([rates[place[p.pre]] if p.pre else p.nu for p in self.projections])

    def released(self, rates: Array) -> Array:
        """u of every projection [1/s]."""
        nu = self.presynaptic(rates)
        return np.array([release(p.synapse, float(r)) * r for p, r in zip(self.projections, nu, strict=True)])

    def quenched(self, rates: Array, squares: Array) -> Array:
        """Standard deviation over targets of each projection's mean input [V/s]."""
        place = {name: i for i, name in enumerate(self.names)}
        found = np.zeros(len(self.projections))
        for k, p in enumerate(self.projections):
            if p.pre:
                i = place[p.pre]
                nu, square = float(rates[i]), float(max(squares[i], rates[i] ** 2))
                found[k] = np.sqrt(max(p.quenched_variance(nu, square), 0.0)) * release(p.synapse, nu)
        return found

    def in_degrees(self, q: int, nu: Array, width: Array) -> dict[int, float]:
        """K_pq of every projection that node q hears, at presynaptic rates nu and quenched widths (projection,)."""
        node = self.everyone[q]
        own = [k for k, p in enumerate(self.projections) if p.post == node.population]
        total = float(np.sqrt(np.sum(width[own] ** 2)))
        found = {}
        for k in own:
            p = self.projections[k]
            u = release(p.synapse, float(nu[k])) * nu[k]
            beyond = node.z * width[k] ** 2 / (total * p.J * u) if total > 0.0 and p.J * u != 0.0 else 0.0
            found[k] = max(p.K + beyond, 0.0)
        return found

    def inputs(self, rates: Array, squares: Array) -> tuple[Array, Array, Array]:
        """mu [V/s], D [V^2/s] and shunt (node, 3) of every node at rates (population,) and mean square rates.

        With conductances mu and D are those at V_reset (popdyn.kernels.shunt); of escape noise: `EscapeNode.hears`.
        """
        nu, width = self.presynaptic(rates), self.quenched(rates, squares)
        nodes = self.everyone
        mu = np.array([node.problem.mu for node in nodes])
        D = np.array([node.problem.D for node in nodes])
        shunt = np.zeros((len(nodes), PARTS))
        u = self.released(rates)
        for q, node in enumerate(nodes):
            if isinstance(node, EscapeNode):
                mu[q], D[q], shunt[q, SHUNT] = node.hears(self.own_inputs(q), nu)
                continue
            if conducts(self.projections, node.population):
                drift, diffusion, shunt[q] = self.conductances(q, nu, width).at(u, u)
                mu[q], D[q] = mu[q] + drift, D[q] + diffusion
            for k, K in self.in_degrees(q, nu, width).items():
                p, charge = self.projections[k], release(self.projections[k].synapse, float(nu[k]))
                if p.conductance:
                    continue
                mu[q] += node.scale * K * p.J * charge * nu[k]
                D[q] += 0.5 * node.scale**2 * K * p.J**2 * p.square * charge**2 * nu[k]
        return mu, D, shunt

    def own_inputs(self, q: int) -> dict[int, Projection]:
        """Projections that end in the population of node q (of `everyone`)."""
        return {k: p for k, p in enumerate(self.projections) if p.post == self.everyone[q].population}

    def conductances(self, q: int, nu: Array, width: Array, square: Array | None = None) -> Conductances:
        """Of node q, as `in_degrees`; square (projection,): <J^2>/J^2 of what is its own noise, by default all."""
        node, square = self.nodes[q], np.array([p.square for p in self.projections]) if square is None else square
        K = self.in_degrees(q, nu, width)
        return node_conductances(node.problem, self.projections, K, square, node.noise_factor)

    def colour(self, rates: Array) -> dict[str, float]:
        """Shift of threshold and reset [V] by the colour of filtered input: alpha/2 sqrt(sum sigma_p^2 tau_p).

        Valid when white noise is not the larger part of the variance and tau_syn is well below tau_m; at hard
        thresholds alone, and not beside conductances, which have popdyn.theory.conductance_colour.
        Source: Fourcaud and Brunel 2002, Neural Comput 14:2057.
        """
        nu, found = self.presynaptic(rates), {}
        for name, population in self.network.populations.items():
            coloured, shift, white = 0.0, 0.0, population.noise.sigma**2
            for k, p in enumerate(self.projections):
                if p.post == name and not p.conductance:
                    variance = p.K * p.J**2 * p.square * release(p.synapse, float(nu[k])) ** 2 * nu[k]
                    filtered = p.synapse.tau_syn > 0.0
                    coloured, white = coloured + filtered * variance, white + (not filtered) * variance
                    shift += variance * p.synapse.tau_syn
            hard = MODELS[population.neuron.model].hard_threshold and not conducts(self.projections, name)
            found[name] = 0.5 * ALPHA * float(np.sqrt(shift)) if hard and white < WHITE * coloured else 0.0
        return found


def white_problem(population: Population) -> DensityProblem:
    """The population's problem with its white noise alone, Poisson sources left to the projections."""
    return density_problem(replace(population, poisson=()))


def network_problem(network: Network, nodes: Mapping[str, tuple[NetworkNode, ...]] | None = None) -> NetworkProblem:
    """The problem of a network; `nodes` of a population default to one, of the parameters of its centre."""
    escape = {name for name, population in network.populations.items() if MODELS[population.neuron.model].escape}
    made = [
        node
        for name, population in network.populations.items()
        if name not in escape
        for node in (nodes or {}).get(name) or (NetworkNode(name, 1.0, white_problem(population)),)
    ]
    escaping = tuple(escape_node(population) for name, population in network.populations.items() if name in escape)
    return NetworkProblem(network, projections(network), tuple(made), escaping)


def shifted(problem: DensityProblem, shift: float) -> DensityProblem:
    """Threshold and reset raised by `shift` [V]."""
    return replace(problem, barrier=problem.barrier + shift, V_reset=problem.V_reset + shift)
