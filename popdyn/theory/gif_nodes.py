"""A heterogeneous population of escape-noise neurons: frozen variables of one cohort set, or several homogeneous ones.

A spread is a frozen variable where it enters V, the exponent or the jumps linearly (gif_population.SPREAD). As soon as
one parameter does not (C_m, g_L, Delta_V, t_ref, jumps, time constants), or mean and standard deviation leave too large
an error of the rate, all spreads become nodes: their form and correlations are exact to the rule's degree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.spec.network import Population
from popdyn.theory.cohort_march import stationary
from popdyn.theory.cubature import MOST, fifth, third
from popdyn.theory.escape_nodes import white_input
from popdyn.theory.gif_population import SPREAD, gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.heterogeneity import Node, Quadrature, Scores, at_node
from popdyn.theory.projections import from_poisson

Array = NDArray[np.float64]
Input = tuple[float, float]
"""mu [V/s] and white D [V^2/s] that a neuron of the spec's C_m hears beside its own noise."""

TOLERANCE = 0.02
SHARE = 1.0 / 6.0
"""Of the tolerance, the error of frozen variables up to which they serve: at drives not looked at it may be larger."""
SETTLED = 1e-5  # of a rate per longest time constant


@dataclass(frozen=True)
class Spread:
    """How the spread of a population is taken, with estimated errors of its stationary rate: rms over drives, over its
    mean.

    rule: of degree 5 over all spreads, its distance from degree 3 in `rule.error`; frozen: distance of frozen variables
    from the rule, None where a parameter is spread that none stands for; nodes: whether the rule is taken.
    """

    rule: Quadrature
    frozen: float | None
    nodes: bool

    @property
    def error(self) -> float:
        """Of what is taken."""
        return self.rule.error if self.nodes or self.frozen is None else self.frozen

    @property
    def words(self) -> str:
        """What is taken, and what its alternative would leave."""
        if not self.nodes:
            return f"frozen variables ({100 * self.error:.2f} % off {self.rule.method})"
        other = "no frozen variables for it" if self.frozen is None else f"frozen variables {100 * self.frozen:.2f} %"
        return f"{self.rule.method} ({100 * self.error:.2f} % off degree 3; {other})"


def choose_spread(
    population: Population, tolerance: float = TOLERANCE, heard: Input | None = None, moves: Sequence[float] = (0.0,)
) -> Spread:
    """Frozen variables where their estimated error is below a sixth of the tolerance, or that of the nodes.

    heard: beside its own noise; default its Poisson sources. moves: of mu [V/s], which the errors are of.
    """
    mu, D = poisson_input(population) if heard is None else heard
    drives = [(mu + move, D) for move in moves]
    rule = gif_nodes(population, drives)
    if needs_nodes(population):
        return Spread(rule, None, True)
    exact = _rates(population, rule.nodes, drives)
    frozen = np.array([_rate(_hearing(gif_problem(population), drive)) for drive in drives])
    error = _distance(frozen, exact)
    return Spread(rule, error, error > max(SHARE * tolerance, rule.error))


def needs_nodes(population: Population) -> bool:
    """Whether a parameter is spread that no frozen variable stands for."""
    return any(name not in SPREAD for name in population.spread)


def poisson_input(population: Population) -> Input:
    """Of its Poisson sources."""
    tau_m = population.neuron.parameters["C_m"] / population.neuron.parameters["g_L"]
    found = [white_input(from_poisson(source, population), tau_m) for source in population.poisson]
    return sum(mu for mu, _ in found), sum(D for _, D in found)


def gif_nodes(population: Population, drives: Sequence[Input] = ((0.0, 0.0),)) -> Quadrature:
    """The rule of degree 5 (3 beyond four parameters) over the scores of all spreads, 3 to 25 nodes.

    `error`: relative distance of its stationary rate at the spec's drive and these, from that of the rule of degree 3
    (beyond four parameters: from that of the neuron at the centre).

    Valid when
    ----------
    Every node is a neuron of the model: the outermost lie at 2.4 standard deviations of one parameter.
    """
    scores = Scores(population)
    d = len(scores.names)
    fine, coarse = (fifth, third) if d <= MOST else (third, _centre)
    nodes, others = (tuple(scores.node(w, z) for z, w in zip(*rule(d), strict=True)) for rule in (fine, coarse))
    degree = 5 if d <= MOST else 3
    error = _distance(*(_rates(population, rule, drives) for rule in (others, nodes)))
    return Quadrature(nodes, error, f"cubature of degree {degree}, {len(nodes)} nodes", {})


def _centre(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros((1, dimension)), np.ones(1)


def charge_scale(population: Population, node: Node) -> float:
    """C_m of the spec's centre over the node's: J is a charge."""
    return float(population.neuron.parameters["C_m"] / node.parameters["C_m"])


def _hearing(problem: GifProblem, heard: Input, scale: float = 1.0) -> GifProblem:
    mu, D = scale * heard[0], scale**2 * heard[1]
    return replace(problem, mu=problem.mu + mu, sigma=float(np.sqrt(problem.sigma**2 + 2.0 * D)))


def _rates(population: Population, nodes: tuple[Node, ...], drives: Sequence[Input]) -> Array:
    """Stationary rate (drive,) [1/s] at the spec's drive and these."""
    total = np.zeros(len(drives))
    for node in nodes:
        problem, scale = gif_problem(at_node(population, node)), charge_scale(population, node)
        total += node.weight * np.array([_rate(_hearing(problem, drive, scale)) for drive in drives])
    return total


def _rate(problem: GifProblem) -> float:
    return stationary(problem, settled=SETTLED).rate


def _distance(found: Array, exact: Array) -> float:
    mean = float(exact.mean())
    return float(np.sqrt(np.mean((found - exact) ** 2))) / mean if mean > 0.0 else 0.0
