"""The smallest set of homogeneous populations that stands for a heterogeneous one, with its estimated error.

One parameter: the Gauss rule of the response (quadrature_line). Several: gradients of the response over the joint
distribution give its principal directions, most of the time one direction carries it; a Gauss rule of the response
along that one, simplexes or crosses across (quadrature_rules). Every candidate is judged by the mean features
(heterogeneity_features) against those of the whole distribution, at other frequencies than it was made for, and
the smallest within the tolerance is taken.

Measured (aug neuron, sigma 1 mV/sqrt(ms), mu 1.15 +- 0.25 mV/ms, four parameters): tests/verification/heterogeneity.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc

from popdyn.errors import UsageError
from popdyn.spec.network import Population
from popdyn.theory.heterogeneity import Node, Quadrature, Scores, at_node
from popdyn.theory.heterogeneity_features import CHECK, DESIGN, Drives, Features, default_drives, given_drives
from popdyn.theory.quadrature_line import DENSITY, GRID, Line, LineRule, gauss
from popdyn.theory.quadrature_rules import Rule, candidates

__all__ = ["Node", "Quadrature", "at_node", "quadrature"]

Array = NDArray[np.float64]

LONGEST = 9  # nodes along one direction
SAMPLE = 1024  # neurons that stand for the joint distribution
PROBES = 48  # of them where gradients are taken
STEP = 0.1  # of the scores, for gradients
BATCH = 400  # nodes of candidates judged at once


def quadrature(
    population: Population, tolerance: float = 3e-3, *, most: int = 32, count: int | None = None,
    drives: Sequence[tuple[float, float]] | None = None, quenched: float = 0.0,
) -> Quadrature:  # fmt: skip
    """The rule with the fewest nodes whose estimated error is within `tolerance`, or the best of at most `most`.

    Parameters
    ----------
    tolerance : of the population's rate, as nrmse
    count : take the best rule of at most this many nodes, whatever the tolerance
    drives : equally frequent total drives (mu [V/s], sigma [V/sqrt(s)]) of the population's centre over which the rule
        must hold (`protocol_drives`); default: a range around the spec's own
    quenched : s.d. [V/s] of a further, independent normal spread of mu, whose score each node then has

    Raises
    ------
    UsageError : tolerance or a number of nodes not positive
    DomainError : the spread reaches parameters without a stationary state, or the correlations are impossible

    Valid when
    ----------
    The spread reaches neurons that the density can be solved for; the error is an estimate, see the table above.
    """
    if not tolerance > 0 or most < 1 or (count is not None and count < 1):
        raise UsageError(f"quadrature: got tolerance {tolerance:g}, most {most}, count {count}; allowed: above 0")
    scores = Scores(population, quenched)
    if not scores.names:
        return Quadrature((scores.node(1.0, np.zeros(0)),), 0.0, "one node", {})
    over = default_drives(population) if drives is None else given_drives(population, drives)
    judge = _joint(scores, over) if len(scores.names) > 1 else _single(scores, over)
    rule, error = _choose(judge, 0.0 if count is not None else tolerance, count or most)
    nodes = tuple(scores.node(w, z) for w, z in zip(rule.weight, rule.z @ judge.directions.T, strict=True))
    return Quadrature(nodes, error, f"{rule.method}, {len(nodes)} nodes", judge.importance)


@dataclass(frozen=True)
class _Judge:
    """Candidates in the principal directions (columns of `directions`) and what their features must average to."""

    features: Features
    mean: Array
    directions: Array
    lines: list[LineRule]
    importance: Mapping[str, float]

    def candidates(self, most: int) -> list[Rule]:
        if len(self.directions) > 1:
            return candidates(self.lines, len(self.directions), most)
        words = "Gauss rule of the response"
        return [Rule(line.x[:, None], line.weight, words) for line in self.lines if line.x.size <= most]

    def errors(self, rules: list[Rule]) -> list[float]:
        found = self.features(np.concatenate([rule.z for rule in rules]) @ self.directions.T)
        parts = np.split(found, np.cumsum([rule.weight.size for rule in rules])[:-1])
        scale = self.features.scale(self.mean)
        return [
            float(np.linalg.norm(r.weight @ part - self.mean)) / scale for r, part in zip(rules, parts, strict=True)
        ]


def _choose(judge: _Judge, tolerance: float, most: int) -> tuple[Rule, float]:
    """The smallest rule within tolerance, else the one with the least error."""
    rules, best = judge.candidates(most), (np.inf, -1)
    while rules:
        sizes = np.cumsum([rule.weight.size for rule in rules])
        batch = rules[: max(1, int(np.searchsorted(sizes, BATCH)))]
        rules = rules[len(batch) :]
        errors = judge.errors(batch)
        good = [(rule.weight.size, error, k) for k, (rule, error) in enumerate(zip(batch, errors, strict=True))]
        within = min((g for g in good if g[1] <= tolerance), default=None)
        least = min(good, key=lambda g: g[1])
        size, error, k = within or least
        if within or error < best[0]:
            best, chosen = (error, size), batch[k]
        if within:
            break
    return chosen, best[0]


def _single(scores: Scores, drives: Drives) -> _Judge:
    """One dimension: lines are designed on the coordinate itself."""
    points, weight = scores.atoms() or (GRID, DENSITY)
    design, check = Features(scores, drives, DESIGN), Features(scores, drives, CHECK)
    mean = weight @ design(points[:, None])
    scale = design.scale(mean)
    lines = Line(points, weight, design(GRID[:, None]) / scale, mean / scale).rules(LONGEST)
    return _Judge(check, weight @ check(points[:, None]), np.eye(1), lines, {scores.names[0]: 1.0})


def _joint(scores: Scores, drives: Drives) -> _Judge:
    """Several dimensions: principal directions of the gradients, a designed line along the first."""
    design, check = Features(scores, drives, DESIGN), Features(scores, drives, CHECK)
    z = ndtri(qmc.Sobol(len(scores.names), scramble=True, seed=1).random(SAMPLE))
    directions, importance = _directions(scores, design, z[:PROBES])
    table = design(GRID[:, None] * directions[:, 0])
    mean = DENSITY @ table
    scale = design.scale(mean)
    lines = Line(GRID, DENSITY, table / scale, mean / scale).rules(LONGEST)
    lines[0] = gauss(GRID, DENSITY, 1)  # what lies across has its mean at the centre
    return _Judge(check, _controlled_mean(z, check(z, smooth=False)), directions, lines, importance)


def _directions(scores: Scores, features: Features, z: Array) -> tuple[Array, dict[str, float]]:
    """Orthonormal directions by falling mean squared gradient, columns; share of each parameter in it."""
    d = z.shape[1]
    moved = np.concatenate([z + sign * STEP * e for e in np.eye(d) for sign in (1.0, -1.0)])
    F = features(moved).reshape(d, 2, len(z), -1)
    gradient = ((F[:, 0] - F[:, 1]) / (2 * STEP)).reshape(d, -1)
    vectors = np.linalg.eigh(gradient @ gradient.T)[1][:, ::-1]
    own = np.sum((np.linalg.pinv(scores.mixing) @ gradient) ** 2, axis=1)
    return np.asarray(vectors), dict(zip(scores.names, (own / own.sum()).tolist(), strict=True))


def _controlled_mean(z: Array, F: Array) -> Array:
    """Mean over a sample of scores, with the Hermite polynomials, whose means are known, as control variates."""
    d = z.shape[1]
    degree = 3 if d <= 4 else 2
    one = [np.ones_like(z), z, (z**2 - 1) / np.sqrt(2), (z**3 - 3 * z) / np.sqrt(6)]
    orders = [o for o in product(range(degree + 1), repeat=d) if sum(o) <= degree]
    basis = np.array([np.prod([one[n][:, k] for k, n in enumerate(o)], axis=0) for o in orders]).T
    return np.asarray(np.linalg.lstsq(basis, F, rcond=None)[0][0])
