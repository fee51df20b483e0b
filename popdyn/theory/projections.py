"""What a connection is to a density: in-degree, weights and their spread over targets.

A target i receives mu_i = sum_j J_ij u_j [V/s], u the presynaptic rates after delay and filter. Over targets

    Var(mu_i) = J^2 (A <nu^2> + B (<nu^2> - <nu>^2)).                                                  [quenched]

With K the mean in-degree, N the presynaptic size and CV that of the weights, `pairwise_bernoulli` has A = K (1 + CV^2
- p), B = 0; `fixed_indegree` A = K CV^2, B = K, or K (1 - K/N) without multapses; `fixed_total_number` A = K (1 +
CV^2), B = 0; an edge table A = Var(K) + K CV^2, B = K (1 - K/N) - Var(K). Sources are shared by all targets, so the
run-to-run variance of the mean is not in it.
Source: van Vreeswijk and Sompolinsky 1998; checked against drawn networks in
tests/theory/test_projections.py.

In a finite population a neuron hears the others, while the population's activity A has its own spikes in it: with k
autapses it receives (K - k)/(N - 1) (N A - s_i) + k s_i of the K A that A alone gives. What of its own spike would
arrive within its dead time is lost in both, so that the neuron, while it integrates, hears K A (1 + heard):

    heard = lost ((1 - k/K) N/(N - 1) - 1),    zero where autapses are drawn like all synapses, k = K/N.       [others]

Balanced networks magnify it: +1.6 % of the rate in Brunel's network of 12,500 (docs/decisions/0011).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from popdyn.distributions import Distribution
from popdyn.spec.network import Connection, Network, PoissonDrive, Population, Synapse
from popdyn.spec.statistics import in_degree, own_degree
from popdyn.theory.synaptic import lost_in_dead_time


@dataclass(frozen=True)
class Projection:
    """One input of a population: `pre` is a population's name, or "" for external Poisson sources of rate `nu`."""

    pre: str
    post: str
    synapse: Synapse
    K: float  # mean in-degree
    J: float  # mean charge of a spike [V]; of a conductance, at V half way from V_reset to V_th
    square: float  # <J_ij^2> / J^2
    A: float
    B: float
    private: float  # of K J^2 nu, what is a target's own when the presynaptic spikes are those of a finite population
    nu: float = 0.0
    conductance: float = 0.0  # mean J [S] of a conductance
    heard: float = 0.0  # of K, what a neuron of a finite population hears more of the others than their activity has

    def quenched_variance(self, nu: float, nu_squared: float) -> float:
        """Variance over targets of the mean input [V^2/s^2] at mean rate nu and mean square rate."""
        return self.J**2 * (self.A * nu_squared + self.B * (nu_squared - nu**2))


def projections(network: Network) -> tuple[Projection, ...]:
    """All inputs of all populations: connections in the spec's order, then external Poisson sources."""
    inner = [from_connection(c, network) for c in network.connections]
    outer = [from_poisson(s, p) for p in network.populations.values() for s in p.poisson]
    return tuple(inner + outer)


def from_connection(connection: Connection, network: Network) -> Projection:
    """The statistics of a connection between populations of the network."""
    synapse = connection.synapse
    J, square = weight_moments(synapse.J, synapse.weight)
    sources = network.populations[connection.pre].size
    if connection.rule == "explicit":
        J, square = _table_weights(connection)
    K, A, B = _variance(connection, network, square - 1.0)
    drawn_again = connection.multapses and connection.rule in (
        "fixed_indegree",
        "fixed_outdegree",
        "fixed_total_number",
    )
    private = square if drawn_again else max(square - K / sources, 0.0)
    heard = _heard(connection, network, K) if connection.pre == connection.post else 0.0
    charge = J * _driving_force(synapse, network.populations[connection.post])
    conductance = J if synapse.kind == "conductance" else 0.0
    return Projection(
        connection.pre, connection.post, synapse, K, charge, square, A, B, private, conductance=conductance, heard=heard
    )


def _heard(connection: Connection, network: Network, K: float) -> float:
    """[others]; 0 in a population of one neuron, or without synapses."""
    population = network.populations[connection.post]
    if population.size == 1 or K == 0.0:
        return 0.0
    others = (1.0 - own_degree(connection, network) / K) * population.size / (population.size - 1)
    return lost_in_dead_time(connection.synapse, population.neuron.parameters.get("t_ref", 0.0)) * (others - 1.0)


def from_poisson(source: PoissonDrive, post: Population) -> Projection:
    """External sources: independent for every target and without spread, so all of their variance is private."""
    synapse = source.synapse or Synapse("delta", source.J)
    J, square = weight_moments(source.J, synapse.weight)
    charge, conductance = J * _driving_force(synapse, post), J if synapse.kind == "conductance" else 0.0
    return Projection("", post.name, synapse, source.K, charge, square, 0.0, 0.0, square, source.nu, conductance)


def _driving_force(synapse: Synapse, post: Population) -> float:
    """Charge [V] per unit of J: 1, of a conductance tau_syn (E_rev - V)/C_m half way from V_reset to V_th."""
    if synapse.kind != "conductance":
        return 1.0
    p = post.neuron.parameters
    half = 0.5 * (p.get("V_reset", p["E_L"]) + p.get("V_th", p.get("V_T_star", 0.0)))
    return synapse.tau_syn * (synapse.E_rev - half) / p["C_m"]


def weight_moments(J: float, weight: Distribution | None) -> tuple[float, float]:
    """Mean weight and <J^2>/<J>^2."""
    if weight is None:
        return J, 1.0
    mean, std = weight.moments
    return mean, 1.0 + (std / mean) ** 2


def _table_weights(connection: Connection) -> tuple[float, float]:
    assert connection.edges is not None
    weight = connection.edges.weight
    return float(weight.mean()), float(np.mean(weight**2) / weight.mean() ** 2)


def _variance(connection: Connection, network: Network, cv2: float) -> tuple[float, float, float]:
    """K, A, B of the rule."""
    rule, N = connection.rule, network.populations[connection.pre].size
    degree = in_degree(connection, network)
    K = degree.mean
    if rule == "all_to_all":
        return K, K * cv2, 0.0
    if rule == "one_to_one":
        return K, cv2, 1.0
    if rule == "fixed_indegree":
        return K, K * cv2, K if connection.multapses else K * (1.0 - K / N)
    if rule == "explicit":
        return K, degree.variance + K * cv2, K * (1.0 - min(K / N, 1.0)) - degree.variance
    drawn = 0.0
    if rule == "pairwise_bernoulli":
        drawn = connection.p
    elif rule == "fixed_outdegree" and not connection.multapses:
        drawn = connection.K / network.populations[connection.post].size
    return K, K * (1.0 + cv2 - drawn), 0.0
