"""From a network to nodes ready to march: heterogeneity, working point, finite jumps, colour, grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.jumps import no_jumps
from popdyn.rungs.bank import NodeGrid, equal_cells
from popdyn.neurons import MODELS
from popdyn.spec.network import Network
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.grid import bulk, frozen_state
from popdyn.theory.jumps import aligned_operator, frozen_jump_state, make_jumps, sizes_of
from popdyn.theory.network_problem import NetworkNode, NetworkProblem, network_problem, shifted
from popdyn.theory.problem import DensityProblem
from popdyn.theory.stationary import find_stationary, mean_adaptation
from popdyn.theory.synaptic import release
from popdyn.theory.working_point import WorkingPoint, working_point

Array = NDArray[np.float64]
REACH = 0.3  # of the working drive, that a grid serves on either side when nothing wider is known


@dataclass(frozen=True)
class Derivation:
    """A network's nodes, their grids, the working point they were derived at, and what finite jumps changed."""

    problem: NetworkProblem
    grids: list[NodeGrid]
    point: WorkingPoint
    jump_cost: Mapping[str, float]  # relative error of the rate that the diffusion approximation would make


def derive(
    network: Network, nodes: Mapping[str, tuple[NetworkNode, ...]] | None = None, *, closure: str,
    tolerance: float = 0.02, jumps: bool | None = None, domains: Mapping[int, Domain] | None = None,
    start: Array | None = None,
) -> Derivation:  # fmt: skip
    """Nodes on their grids at the self-consistent working point.

    Parameters
    ----------
    nodes : of each population; default one
    jumps : finite jumps for delta synapses: None where diffusion costs more than a third of `tolerance`
    domains : drive that a node's grid has to serve, by node
    """
    problem = network_problem(network, nodes)
    point = working_point(problem, start=start)
    problem = _coloured(problem, point)
    factor = np.ones(len(problem.nodes))
    cost: dict[str, float] = {}
    for _ in range(3):
        point = working_point(problem, factor=factor, start=point.rates)
        ratio, cost = _corrections(problem, point, closure, jumps, tolerance)
        done = np.max(np.abs(ratio - factor)) < 1e-3
        factor = ratio
        if done:
            break
    point = working_point(problem, factor=factor, start=point.rates)
    use = {name: _wanted(c, jumps, tolerance) for name, c in cost.items()}
    grids = [_grid(problem, q, point, use, (domains or {}).get(q)) for q in range(len(problem.nodes))]
    return Derivation(problem, equal_cells(grids), point, cost)


def _wanted(cost: float, jumps: bool | None, tolerance: float) -> bool:
    return abs(cost) > tolerance / 3.0 if jumps is None else jumps


def _coloured(problem: NetworkProblem, point: WorkingPoint) -> NetworkProblem:
    shift = problem.colour(point.rates)
    nodes = [replace(n, problem=shifted(n.problem, n.scale * shift[n.population])) for n in problem.nodes]
    return replace(problem, nodes=tuple(nodes))


def at_drive(node: DensityProblem, mu: float, D: float) -> DensityProblem:
    """The problem with its whole drive as white noise."""
    return replace(node, mu=mu, sigma=float(np.sqrt(2.0 * D)))


def _corrections(
    problem: NetworkProblem, point: WorkingPoint, closure: str, jumps: bool | None, tolerance: float
) -> tuple[Array, dict[str, float]]:
    """Rate of each node by the closure, and by finite jumps where they are used, over that of the mean closure."""
    factor, costs = np.ones(len(problem.nodes)), dict.fromkeys(problem.names, 0.0)
    for q, node in enumerate(problem.nodes):
        whole = at_drive(node.problem, point.mu[q], point.D[q])
        sigma = whole.sigma
        op = choose_grid(whole, Domain(whole.mu, whole.mu, sigma, sigma), tolerance=2e-3).operator
        h = whole.hierarchy("mean")
        W = mean_adaptation(op, h, whole.mu, whole.D)
        mean = frozen_state(op, whole.mu - W / h.C_m, whole.D, whole.t_ref)[0]
        full = mean
        if whole.adapts:
            full = find_stationary(op, whole.hierarchy(closure), whole.mu, whole.D).rate
        with_jumps = _jump_rate(problem, q, point, W / h.C_m)
        cost = 0.0 if with_jumps is None else mean / with_jumps - 1.0
        if abs(cost) > abs(costs[node.population]):
            costs[node.population] = cost
        factor[q] = full / mean / (1.0 + cost if _wanted(cost, jumps, tolerance) else 1.0)
    return factor, costs


def jump_sources(problem: NetworkProblem, q: int) -> list[int]:
    """Projections of a node that are delta synapses."""
    name = problem.nodes[q].population
    return [k for k, p in enumerate(problem.projections) if p.post == name and p.synapse.kind == "delta"]


def _jump_rate(problem: NetworkProblem, q: int, point: WorkingPoint, held: float) -> float | None:
    """Rate with finite jumps, w held; None without delta synapses."""
    sources = jump_sources(problem, q)
    if not sources:
        return None
    grid = _jump_grid(problem, q, point, sources, held)
    rates, mu, D = _jump_rates(problem, q, point, sources)
    return frozen_jump_state(grid.operator, grid.jumps, mu - held, D, rates, grid.problem.t_ref)[0]


def _jump_rates(problem: NetworkProblem, q: int, point: WorkingPoint, sources: list[int]) -> tuple[Array, float, float]:
    """Rate of each source [1/s], and what is left of mu and D."""
    node, nu = problem.nodes[q], problem.presynaptic(point.rates)
    mu, D, rates = point.mu[q], point.D[q], []
    for k in sources:
        p = problem.projections[k]
        u = release(p.synapse, float(nu[k])) * nu[k]
        rates.append(p.K * u)
        mu -= node.scale * p.K * p.J * u
        D -= 0.5 * node.scale**2 * p.K * p.J**2 * p.square * u
    return np.array(rates), float(mu), float(D) if D > 1e-9 * point.D[q] else 0.0


def _jump_grid(problem: NetworkProblem, q: int, point: WorkingPoint, sources: list[int], held: float) -> NodeGrid:
    """Operator and jumps of a node: cells aligned with the smallest upward jump at a hard threshold."""
    node = problem.nodes[q]
    sizes = [
        [
            (share, node.scale * J)
            for share, J in sizes_of(problem.projections[k].J, problem.projections[k].synapse.weight)
        ]
        for k in sources
    ]
    whole = at_drive(node.problem, point.mu[q], point.D[q])
    _, mu, D = _jump_rates(problem, q, point, sources)
    upward = [J for s in sizes for _, J in s if J > 0]
    population = problem.network.populations[node.population]
    rest, spread = bulk(whole, whole.mu - held, whole.D)
    lowest = min(rest, whole.V_reset) - 7.0 * spread
    if MODELS[population.neuron.model].hard_threshold and upward and D < 0.05 * whole.D:
        step = max(min(upward), (whole.barrier - lowest) / 1500)
        operator = aligned_operator(at_drive(node.problem, mu - held, D), step, lowest, whole.D)
    else:
        sigma = whole.sigma
        operator = choose_grid(whole, Domain(whole.mu, whole.mu, sigma, sigma)).operator
    return NodeGrid(whole, operator, make_jumps(operator, sizes), tuple(sources))


def _grid(
    problem: NetworkProblem, q: int, point: WorkingPoint, use: Mapping[str, bool], domain: Domain | None
) -> NodeGrid:
    node = problem.nodes[q]
    sources = jump_sources(problem, q) if use.get(node.population) else []
    if sources:
        return _jump_grid(problem, q, point, sources, 0.0)
    whole = at_drive(node.problem, point.mu[q], point.D[q])
    reach = REACH * (abs(whole.mu) + 0.5)
    served = domain or Domain(whole.mu - reach, whole.mu + reach, 0.75 * whole.sigma, 1.3 * whole.sigma)
    operator = choose_grid(whole, served).operator
    return NodeGrid(whole, operator, no_jumps(operator.width.size), ())
