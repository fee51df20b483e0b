"""Linear response of one population of a network at the working point, with what it hears held."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.modes_nodes import Group
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.hierarchy import linear_response
from popdyn.theory.stationary import find_stationary

Array = NDArray[np.float64]


def open_loop_response(
    derivation: Derivation, closure: str, frequencies: Array, population: str, target: str
) -> NDArray[np.complex128]:
    """Weighted sum of the nodes' responses, (frequency,): diffusion approximation, Poisson trains."""
    omega = 2 * np.pi * np.asarray(frequencies, dtype=float)
    total = np.zeros(omega.size, dtype=complex)
    for node, grid in zip(derivation.problem.nodes, derivation.grids, strict=True):
        if node.population == population:
            at = grid.problem
            op = choose_grid(at, Domain(at.mu, at.mu, at.sigma, at.sigma)).operator
            h = at.hierarchy(closure)
            response = linear_response(op, h, find_stationary(op, h, at.mu, at.D), omega, target)
            total += node.weight * response
    return total


def open_loop_of_units(
    derivation: Derivation, groups: Sequence[Group], units: Sequence[CascadePopulation], frequencies: Array,
    population: str, target: str,
) -> NDArray[np.complex128]:  # fmt: skip
    """The same of units: what nodes of a group share hears their drives moved by their drift."""
    total = np.zeros(len(frequencies), dtype=complex)
    point = derivation.point
    for group, unit in zip(groups, units, strict=True):
        for q, drift in zip(group.members, group.drift, strict=True):
            node = derivation.problem.nodes[q]
            if node.population == population:
                mu, sigma = float(point.mu[q]) + drift, float(np.sqrt(2.0 * point.D[q]))
                total += node.weight * unit.linear_response(frequencies, mu, sigma, target)
    return total
