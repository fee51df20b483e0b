"""Rules over several independent standard normal variables, with positive weights: of degree 5, 3, and 7 along one
direction."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.quadrature_line import LineRule
from popdyn.theory.quadrature_rules import Rule, cross, slices

Array = NDArray[np.float64]

ALONG = 4  # nodes along the steepest direction
MOST = 4  # dimensions of the rule of degree 5: beyond, its weights on the axes are negative


def third(dimension: int) -> tuple[Array, Array]:
    """Points (2 dimension, dimension) and equal weights: exact for polynomials of degree 3."""
    return cross(dimension), np.full(2 * dimension, 0.5 / dimension)


def fifth(dimension: int) -> tuple[Array, Array]:
    """Points (node, dimension) and weights, exact for polynomials of degree 5: 3, 9, 19, 25 nodes up to MOST.

    With d dimensions: the centre, 2/(d + 2); +-sqrt(d + 2) on every axis, (4 - d)/(2 (d + 2)^2), nothing at d = 4;
    +-sqrt((d + 2)/2) on every two axes, 1/(d + 2)^2.

    **Source** Stroud 1971, Approximate calculation of multiple integrals, E_n^(r^2) 5-2.
    """
    assert dimension <= MOST, dimension
    d, axes = dimension, np.eye(dimension)
    points, weight = [np.zeros(d)], [2.0 / (d + 2)]
    for k in range(d):
        for sign in (1.0, -1.0):
            points.append(sign * np.sqrt(d + 2.0) * axes[k])
            weight.append((4.0 - d) / (2.0 * (d + 2) ** 2))
    for j, k in combinations(range(d), 2):
        for a in (1.0, -1.0):
            for b in (1.0, -1.0):
                points.append(np.sqrt(0.5 * (d + 2.0)) * (a * axes[j] + b * axes[k]))
                weight.append(1.0 / (d + 2) ** 2)
    kept = np.array(weight) > 0.0
    return np.array(points)[kept], np.array(weight)[kept]


def along(direction: Array) -> tuple[Array, Array]:
    """Points (8 (dimension - 1), dimension) and weights: a cross across every node of a Gauss rule along `direction`.

    Of degree 7 along it and 3 across, for a response that is steep in one direction.
    """
    d = direction.size
    basis = np.linalg.qr(np.column_stack([direction, np.eye(d)]))[0]
    x, weight = np.polynomial.hermite_e.hermegauss(ALONG)
    star = Rule(cross(d - 1), np.full(2 * (d - 1), 0.5 / (d - 1)), "")
    rule = slices(LineRule(x, weight / weight.sum()), star, thinned=False)
    return rule.z @ basis.T, rule.weight
