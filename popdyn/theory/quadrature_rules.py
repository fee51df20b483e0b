"""Rules over several standard-normal dimensions: slices along the first direction, small rules across them.

A slice is a node of a rule along the first direction; the directions across it get a simplex (degree 2, mirrored from
slice to slice so that odd terms cancel) or a cross (degree 3). All weights are positive. Stroud 1971, Approximate
calculation of multiple integrals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.quadrature_line import DENSITY, GRID, LineRule, gauss

Array = NDArray[np.float64]

THINNED = 4  # slices from which the outer two may go without nodes across


@dataclass(frozen=True)
class Rule:
    """Scores z (node, dimension) along the principal directions, weights (node,), and what it is in words."""

    z: Array
    weight: Array
    method: str


def simplex(dimension: int) -> Array:
    """dimension + 1 points of equal weight, exact to degree 2."""
    corners = np.eye(dimension + 1) - 1.0 / (dimension + 1)
    basis = np.linalg.svd(corners)[2][:dimension]
    points = corners @ basis.T
    return np.asarray(points * (np.sqrt(dimension) / np.linalg.norm(points[0])))


def cross(dimension: int) -> Array:
    """2 dimension points of equal weight, exact to degree 3."""
    points = np.sqrt(dimension) * np.eye(dimension)
    return np.concatenate([points, -points])


def across(dimension: int) -> Iterator[Rule]:
    """Rules for the directions across a slice, ordered by importance; those not served stay at their centre."""
    yield Rule(np.zeros((1, dimension)), np.ones(1), "nothing across")
    for served in range(1, dimension + 1):
        points = np.zeros((served + 1, dimension))
        points[:, :served] = simplex(served)
        yield Rule(points, np.full(served + 1, 1.0 / (served + 1)), f"simplex of {served + 1} across")
    if dimension > 1:
        yield Rule(cross(dimension), np.full(2 * dimension, 0.5 / dimension), f"cross of {2 * dimension} across")
    for count in (3, 4, 5):
        yield _second(gauss(GRID, DENSITY, count), dimension)


def _second(line: LineRule, dimension: int) -> Rule:
    """A line along the second direction times a simplex over the rest."""
    if dimension == 1:
        return Rule(line.x[:, None], line.weight, f"Gauss-Hermite of {line.x.size} across")
    rest = simplex(dimension - 1)
    z = [np.concatenate([[x], (-1) ** i * point]) for i, x in enumerate(line.x) for point in rest]
    weight = np.repeat(line.weight / len(rest), len(rest))
    return Rule(np.array(z), weight, f"Gauss-Hermite of {line.x.size} times simplex of {len(rest)} across")


def slices(line: LineRule, inner: Rule, *, thinned: bool) -> Rule:
    """`inner` on every node of the line, `thinned`: but for the outer two, which stay single."""
    last, z, weight = line.x.size - 1, [], []
    for i, (x, w) in enumerate(zip(line.x, line.weight, strict=True)):
        single = thinned and i in (0, last)
        points = np.zeros((1, inner.z.shape[1])) if single else inner.z * (-1) ** i
        z.append(np.column_stack([np.full(len(points), x), points]))
        weight.append(w * (np.ones(1) if single else inner.weight))
    words = f"{last + 1} along the active direction, {inner.method}" + (", outer two single" if thinned else "")
    return Rule(np.concatenate(z), np.concatenate(weight), words)


def candidates(lines: list[LineRule], dimension: int, most: int) -> list[Rule]:
    """All rules of at most `most` nodes, by number of nodes; `lines` of 1, 2, ... nodes."""
    found = [
        slices(line, inner, thinned=thinned)
        for line in lines
        for inner in across(dimension - 1)
        for thinned in ((False, True) if line.x.size >= THINNED and inner.weight.size > 1 else (False,))
    ]
    return sorted((rule for rule in found if rule.weight.size <= most), key=lambda rule: rule.weight.size)
