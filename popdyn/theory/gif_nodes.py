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
from popdyn.theory.cubature import MOST, along, fifth, third
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
STEEP = 2  # parameters up to which the rule of degree 5 has fewer nodes, or as few
SILENT = 1e-9  # [1/s]
SETTLED = 1e-5  # of a rate per longest time constant


@dataclass(frozen=True)
class Spread:
    """How the spread of a population is taken, with estimated errors of its stationary rate: rms over drives, over its
    mean.

    rule: over all spreads, its distance from degree 3 in `rule.error`; frozen: distance of frozen variables
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
    exact = _mean(rule.nodes, _rates(population, rule.nodes, drives))
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
    """The rule over the scores of all spreads: of degree 5 for one or two (3, 9 nodes), of degree 7 along the steepest
    direction of the rate for three or four (16, 24), of degree 3 beyond (2 d).

    `error`: relative distance of its stationary rate at the spec's drive and these, from that of the rule of degree 3
    (beyond four parameters: from that of the neuron at the centre).

    Valid when
    ----------
    Every node is a neuron of the model: the outermost lie at 2.3 to 2.9 standard deviations.
    """
    scores = Scores(population)
    d = len(scores.names)
    others = _at(scores, third(d) if d <= MOST else _centre(d))
    coarse = _rates(population, others, drives)
    if d > MOST:
        rule, method = third(d), "cubature of degree 3"
    elif d > STEEP:
        rule, method = along(_steepest(coarse)), "degree 7 along the steepest direction"
    else:
        rule, method = fifth(d), "cubature of degree 5"
    nodes = _at(scores, rule)
    error = _distance(_mean(others, coarse), _mean(nodes, _rates(population, nodes, drives)))
    return Quadrature(nodes, error, f"{method}, {len(nodes)} nodes", {})


def _centre(dimension: int) -> tuple[Array, Array]:
    return np.zeros((1, dimension)), np.ones(1)


def _at(scores: Scores, rule: tuple[Array, Array]) -> tuple[Node, ...]:
    return tuple(scores.node(w, z) for z, w in zip(*rule, strict=True))


def _steepest(rates: Array) -> Array:
    """Of ln rate, from rates (node, drive) on the rule of degree 3: its gradients' common direction (dimension,)."""
    up, down = np.split(np.log(np.maximum(rates, SILENT)), 2)
    return np.asarray(np.linalg.eigh((up - down) @ (up - down).T)[1][:, -1])


def _mean(nodes: tuple[Node, ...], rates: Array) -> Array:
    return np.array([node.weight for node in nodes]) @ rates


def charge_scale(population: Population, node: Node) -> float:
    """C_m of the spec's centre over the node's: J is a charge."""
    return float(population.neuron.parameters["C_m"] / node.parameters["C_m"])


def _hearing(problem: GifProblem, heard: Input, scale: float = 1.0) -> GifProblem:
    mu, D = scale * heard[0], scale**2 * heard[1]
    return replace(problem, mu=problem.mu + mu, sigma=float(np.sqrt(problem.sigma**2 + 2.0 * D)))


def _rates(population: Population, nodes: tuple[Node, ...], drives: Sequence[Input]) -> Array:
    """Stationary rates (node, drive) [1/s] at the spec's drive and these."""
    found = []
    for node in nodes:
        problem, scale = gif_problem(at_node(population, node)), charge_scale(population, node)
        found.append([_rate(_hearing(problem, drive, scale)) for drive in drives])
    return np.array(found)


def _rate(problem: GifProblem) -> float:
    return stationary(problem, settled=SETTLED).rate


def _distance(found: Array, exact: Array) -> float:
    mean = float(exact.mean())
    return float(np.sqrt(np.mean((found - exact) ** 2))) / mean if mean > 0.0 else 0.0
