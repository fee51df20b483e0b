"""From a network to nodes ready to march: heterogeneity, working point, finite jumps, colour, grids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.bank import NodeGrid, equal_cells
from popdyn.rungs.corrections import corrections, wanted
from popdyn.rungs.escape_corrections import Held
from popdyn.rungs.node_grids import node_grid
from popdyn.rungs.population_nodes import population_nodes
from popdyn.rungs.train_shares import train_shares
from popdyn.spec.network import Network
from popdyn.theory.conductance_colour import coloured_at, with_conductance_colour
from popdyn.theory.network_problem import NetworkNode, NetworkProblem, network_problem, shifted
from popdyn.theory.quadrature import Quadrature
from popdyn.theory.working_point import WorkingPoint, working_point

Array = NDArray[np.float64]
ROUNDS = 6
SETTLED = 5e-4  # change of a node's correction at which the working point is taken for found


@dataclass(frozen=True)
class Derivation:
    """A network's nodes, their grids, the working point they were derived at, and what finite jumps changed.

    held: populations of escape noise, which have neither node nor grid.
    """

    problem: NetworkProblem
    grids: list[NodeGrid]
    point: WorkingPoint
    jump_cost: Mapping[str, float]  # relative error of the rate that the diffusion approximation would make
    finite_jumps: Mapping[str, bool]
    rules: Mapping[str, Quadrature]  # of the populations with more than one node
    held: Mapping[str, Held] = field(default_factory=dict)
    moved: float = 0.0  # relative change of rates and corrections in the last round: above SETTLED they had not settled


def derive(
    network: Network, nodes: Mapping[str, tuple[NetworkNode, ...]] | None = None, *, closure: str,
    tolerance: float = 0.02, jumps: bool | None = None,
    start: Array | None = None, regular: bool = True,
) -> Derivation:  # fmt: skip
    """Nodes on their grids at the self-consistent working point.

    Parameters
    ----------
    nodes : of each population; default: by quadrature, from the spread of the spec and of the quenched input
    jumps : finite jumps for delta synapses: None where diffusion costs more than a third of `tolerance`
    regular : the noise of recurrent input is that of renewal trains (theory.train_noise); False: Poisson
    """
    plain = network_problem(network, nodes)
    silent = np.zeros(len(plain.names))
    problem = coloured_at(plain, silent, silent)
    point = working_point(problem, start=start)
    rules: Mapping[str, Quadrature] = {}
    if nodes is None:
        made = population_nodes(problem, point, tolerance)
        rules, plain = made.rules, network_problem(network, made.nodes)
        problem = coloured_at(plain, point.rates, point.squares)
        point = working_point(problem, start=point.rates)
    problem, plain = _coloured(problem, point), _coloured(plain, point)
    factor, conductances = np.ones(len(problem.everyone)), any(p.conductance for p in problem.projections)
    held: Mapping[str, Held] = {}
    filters: list[tuple[float, float]] | None = None
    for _ in range(ROUNDS):
        point = working_point(problem, factor=factor, start=point.rates)
        before = point.rates
        if conductances:
            problem = with_conductance_colour(plain, problem, point)
            point = working_point(problem, factor=factor, start=point.rates)
        found = corrections(problem, point, closure, jumps, tolerance, regular=regular, before=held, filters=filters)
        moved = float(np.max(np.abs(found.factor - factor)))
        moved = max(moved, float(np.max(np.abs(point.rates - before) / (before + 0.1))))
        factor, held, filters = found.factor, found.held, found.filters
        problem, plain = _dispersed(problem, held), _dispersed(plain, held)
        if moved < SETTLED:
            break
    point = working_point(problem, factor=factor, start=point.rates)
    use = {name: wanted(cost, jumps, tolerance) for name, cost in found.jump_cost.items()}
    grids = _grids(problem, point, found.filters, use)
    return Derivation(problem, grids, point, found.jump_cost, use, rules, held, moved)


def finer(derivation: Derivation, *, refine: int = 1, jumps: bool = False) -> Derivation:
    """The same on cells `refine` times narrower, or with finite jumps of all delta synapses, at its working point."""
    use = dict.fromkeys(derivation.finite_jumps, True) if jumps else derivation.finite_jumps
    filters = [(grid.beta, grid.gamma) for grid in derivation.grids]
    grids = _grids(derivation.problem, derivation.point, filters, use, refine)
    return replace(derivation, grids=grids, finite_jumps=use)


def _grids(
    problem: NetworkProblem, point: WorkingPoint, filters: list[tuple[float, float]], use: Mapping[str, bool],
    refine: int = 1,
) -> list[NodeGrid]:  # fmt: skip
    made = []
    for q, (node, (beta, gamma)) in enumerate(zip(problem.nodes, filters, strict=True)):
        grid = node_grid(problem, q, point, use[node.population], refine)
        heard = grid.jumps._replace(trains=train_shares(problem, q, point, grid.sources))
        made.append(replace(grid, beta=beta, gamma=gamma, jumps=heard))
    return equal_cells(made)


def _dispersed(problem: NetworkProblem, held: Mapping[str, Held]) -> NetworkProblem:
    """Populations of escape noise with the spread of their rates over neurons."""
    escaping = [replace(e, dispersion=held[e.population].dispersion) for e in problem.escaping]
    return replace(problem, escaping=tuple(escaping))


def _coloured(problem: NetworkProblem, point: WorkingPoint) -> NetworkProblem:
    shift = problem.colour(point.rates)
    nodes = [replace(n, problem=shifted(n.problem, n.scale * shift[n.population])) for n in problem.nodes]
    return replace(problem, nodes=tuple(nodes))
