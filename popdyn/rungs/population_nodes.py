"""Heterogeneous populations as nodes: the spread of the spec and that of the quenched input, by one quadrature."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from popdyn.kernels.shunt import BEND, SHUNT, SLOPE
from popdyn.spec.network import Network, Population
from popdyn.stimuli import waveforms
from popdyn.theory.heterogeneity import at_node
from popdyn.theory.network_problem import NetworkNode, NetworkProblem, white_problem
from popdyn.theory.quadrature import Quadrature, quadrature
from popdyn.theory.working_point import WorkingPoint

NARROW = 1e-3  # of sigma sqrt(tau): quenched input narrower than this is left out
AROUND = 100e-3  # [V/s] least range of mu over which nodes have to hold


@dataclass(frozen=True)
class Nodes:
    """Nodes of every population and the quadratures they come from (absent: one node, no spread)."""

    nodes: dict[str, tuple[NetworkNode, ...]]
    rules: dict[str, Quadrature]


def population_nodes(problem: NetworkProblem, point: WorkingPoint, tolerance: float, most: int = 32) -> Nodes:
    """Nodes whose estimated error is below a third of `tolerance`, at the working point of the homogeneous network."""
    width = problem.quenched(point.rates, point.squares)
    made: dict[str, tuple[NetworkNode, ...]] = {}
    rules: dict[str, Quadrature] = {}
    homogeneous = [node.population for node in problem.nodes]
    for i, name in enumerate(homogeneous):
        population = problem.network.populations[name]
        own = [k for k, projection in enumerate(problem.projections) if projection.post == name]
        quenched = float(np.sqrt(np.sum(width[own] ** 2)))
        p = population.neuron.parameters
        x, shunt = 0.5 * (p["V_th"] - p["V_reset"]), point.shunt[i]  # conductances as the currents half way to V_th
        mu = float(point.mu[i] - shunt[SHUNT] * x)
        sigma = float(np.sqrt(2.0 * (point.D[i] + shunt[SLOPE] * x + shunt[BEND] * x**2)))
        tau = p["C_m"] / p["g_L"]
        if quenched * np.sqrt(tau) < NARROW * sigma:
            quenched = 0.0
        if not population.spread and quenched == 0.0:
            continue
        drives = [(mu + move, sigma) for move in moves(problem.network, population)]
        rule = quadrature(population, tolerance / 3.0, most=most, drives=drives, quenched=quenched)
        made[name] = tuple(_node(population, rule, k) for k in range(len(rule.nodes)))
        rules[name] = rule
    return Nodes(made, rules)


def moves(network: Network, population: Population, count: int = 5) -> list[float]:
    """Places of the protocols' mu around the spec's [V/s]."""
    samples = [np.zeros(1)]
    for protocol in network.protocols.values():
        t = np.linspace(0.0, protocol.duration, 400)
        samples.append(waveforms(protocol, population.name, "mu")(t))
    low, high = (float(x) for x in np.quantile(np.concatenate(samples), [0.05, 0.95]))
    return list(np.linspace(min(low, -AROUND), max(high, AROUND), count))


def _node(population: Population, rule: Quadrature, k: int) -> NetworkNode:
    node = rule.nodes[k]
    alone = replace(at_node(population, node), poisson=())
    scale = population.neuron.parameters["C_m"] / node.parameters["C_m"]
    return NetworkNode(population.name, node.weight, white_problem(alone), scale, node.quenched)
