"""The voltage grid of a node at the working point, with the jumps of its delta synapses where they are kept finite."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.density_state import FITTED
from popdyn.kernels.jumps import no_jumps
from popdyn.kernels.operators import Operator
from popdyn.neurons import MODELS
from popdyn.rungs.bank import NodeGrid
from popdyn.rungs.train_shares import train_shares
from popdyn.theory.conductances import conducts
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.grid import bulk
from popdyn.theory.jumps import aligned_operator, make_jumps, sizes_of
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.operator import bare
from popdyn.theory.problem import DensityProblem, at_drive
from popdyn.theory.synaptic import release
from popdyn.theory.working_point import WorkingPoint

Array = NDArray[np.float64]
TOLERANCE = 8e-4  # of the rate, in the worst corner of the drive that a grid serves
FITTED_TOLERANCE = 1e-3  # likewise where faces are fitted to the drive: at the working point
FASTEST = 300.0  # [Hz] of what the layer at a hard threshold, sqrt(D/omega) wide, has to follow
PER_LAYER = 1.5  # cells
REACH = 0.3  # of the working drive, that a grid serves on either side when nothing wider is known


def jump_sources(problem: NetworkProblem, q: int) -> list[int]:
    """Projections of a node that are delta synapses; none beside conductances, whose D depends on V."""
    name = problem.nodes[q].population
    if conducts(problem.projections, name):
        return []
    return [k for k, p in enumerate(problem.projections) if p.post == name and p.synapse.kind == "delta"]


def jump_node(problem: NetworkProblem, q: int, point: WorkingPoint, held: float) -> FrozenNode | None:
    """The node with finite jumps, w held; None without delta synapses."""
    sources = jump_sources(problem, q)
    if not sources:
        return None
    grid = _jump_grid(problem, q, point, sources, held)
    rates, mu, D = _jump_rates(problem, q, point, sources)
    jumps = grid.jumps._replace(trains=train_shares(problem, q, point, grid.sources))
    return FrozenNode(grid.operator, jumps, mu - held, D, rates, grid.problem.t_ref)


def _jump_rates(problem: NetworkProblem, q: int, point: WorkingPoint, sources: list[int]) -> tuple[Array, float, float]:
    """Rate of each source [1/s], and what is left of mu and D."""
    node, nu = problem.nodes[q], problem.presynaptic(point.rates)
    K = problem.in_degrees(q, nu, problem.quenched(point.rates, point.squares))
    mu, D, rates = point.mu[q], point.D[q], []
    for k in sources:
        p = problem.projections[k]
        u = release(p.synapse, float(nu[k])) * nu[k]
        rates.append(K[k] * u)
        mu -= node.scale * K[k] * p.J * u
        D -= 0.5 * node.scale**2 * K[k] * p.J**2 * p.square * u
    return np.array(rates), float(mu), float(D) if 1e-9 * point.D[q] < D else 0.0


def _jump_grid(
    problem: NetworkProblem, q: int, point: WorkingPoint, sources: list[int], held: float, refine: int = 1
) -> NodeGrid:
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
    if MODELS[population.neuron.model].hard_threshold:
        step = max(min(upward or [abs(J) for s in sizes for _, J in s]), (whole.barrier - lowest) / 1500)
        operator = aligned_operator(at_drive(node.problem, mu - held, D), step, lowest, whole.D, 2 * refine)
    else:
        sigma = whole.sigma
        operator = choose_grid(whole, Domain(whole.mu, whole.mu, sigma, sigma), refine=refine).operator
    return NodeGrid(whole, operator, make_jumps(operator, sizes), tuple(sources))


def node_grid(problem: NetworkProblem, q: int, point: WorkingPoint, finite_jumps: bool, refine: int = 1) -> NodeGrid:
    """A node's grid: with finite jumps; fitted to the drive at hard thresholds; affine over a range around it.

    refine: cells so many times narrower.
    """
    node = problem.nodes[q]
    sources = jump_sources(problem, q) if finite_jumps else []
    if sources:
        return _jump_grid(problem, q, point, sources, 0.0, refine)
    whole = at_drive(node.problem, point.mu[q], point.D[q], point.shunt[q])
    if MODELS[problem.network.populations[node.population].neuron.model].hard_threshold:
        alone = Domain(whole.mu, whole.mu, whole.sigma, whole.sigma)
        found = choose_grid(whole, alone, tolerance=FITTED_TOLERANCE)
        layer = float(np.sqrt(whole.D / (2.0 * np.pi * FASTEST))) / PER_LAYER
        operator = choose_grid(
            whole, alone, tolerance=FITTED_TOLERANCE, refine=refine * max(found.spacing / layer, 1.0)
        ).operator
        return NodeGrid(whole, _bare(operator, whole), no_jumps(operator.width.size), (), FITTED)
    reach = REACH * (abs(whole.mu) + 0.5)
    served = Domain(whole.mu - reach, whole.mu + reach, 0.75 * whole.sigma, 1.3 * whole.sigma)
    operator = choose_grid(whole, served, tolerance=TOLERANCE, refine=refine).operator
    return NodeGrid(whole, _bare(operator, whole), no_jumps(operator.width.size), ())


def _bare(op: Operator, problem: DensityProblem) -> Operator:
    """The operator as the march takes it: conductances come with every step."""
    return op if problem.shunt is None else bare(op, problem.V_reset, problem.shunt)
