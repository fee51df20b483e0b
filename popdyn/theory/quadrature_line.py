"""The Gauss rule of a response: nodes and positive weights along one standard-normal coordinate.

    minimise  | sum_j w_j F(x_j) - <F> |^2,   <F> = int F(x) phi(x) dx

over nodes and weights, F the features of the response, from the Gauss rule of the coordinate, which does the same for
polynomials. With 5 nodes it is 2 to 5 times as accurate as that (tests/verification/heterogeneity.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.optimize import least_squares

Array = NDArray[np.float64]

REACH = 4.5
GRID: Array = np.linspace(-REACH, REACH, 91)
DENSITY: Array = np.exp(-0.5 * GRID**2) / np.exp(-0.5 * GRID**2).sum()
PULL = 1e-5  # towards the Gauss rule, where the features leave a choice


@dataclass(frozen=True)
class LineRule:
    """Nodes x and weights, (node,)."""

    x: Array
    weight: Array


def gauss(points: Array, weight: Array, count: int) -> LineRule:
    """Gauss rule of a discrete measure (points and weights of sum 1) with fewer nodes than it has points.

    Source: discretised Stieltjes procedure and Golub and Welsch 1969, Math Comput 23:221.
    """
    diagonal, off = np.zeros(count), np.zeros(count)
    before, now = np.zeros_like(points), np.ones_like(points)
    for k in range(count):
        diagonal[k] = weight @ (points * now**2)
        after = (points - diagonal[k]) * now - off[k - 1] * before
        off[k] = np.sqrt(weight @ after**2)
        before, now = now, after / off[k]
    x, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(off[:-1], 1) + np.diag(off[:-1], -1))
    return LineRule(x, vectors[0] ** 2)


class Line:
    """Features along a coordinate whose measure is `points` with `weight`.

    table : features on GRID, (grid, feature); mean : theirs over the measure, (feature,); both scaled to error 1
    """

    def __init__(self, points: Array, weight: Array, table: Array, mean: Array) -> None:
        self._points, self._weight = points, weight
        self._spline, self._mean = CubicSpline(GRID, table), mean
        self._slope = self._spline.derivative()

    def rules(self, most: int) -> list[LineRule]:
        """Rules of 1, 2, ..., `most` nodes; the measure itself where it has no more points than that."""
        whole = self._points.size
        found = [self._rule(count) for count in range(1, min(most, whole - 1) + 1)]
        return [*found, LineRule(self._points, self._weight)] if whole <= most else found

    def _rule(self, count: int) -> LineRule:
        """The best rule found from the Gauss rule of the measure."""
        start = gauss(self._points, self._weight, count)
        q0 = np.concatenate([start.x, np.log(start.weight)])

        def residual(q: Array) -> Array:
            x, w = _split(q)
            return np.concatenate([w @ self._spline(x) - self._mean, PULL * (q - q0)])

        def jacobian(q: Array) -> Array:
            x, w = _split(q)
            F = self._spline(x)
            by_node, by_weight = w[:, None] * self._slope(x), w[:, None] * (F - w @ F)
            return np.vstack([np.concatenate([by_node, by_weight]).T, PULL * np.eye(q.size)])

        found = least_squares(residual, q0, jacobian, method="lm", max_nfev=200)
        x, weight = _split(found.x)
        better = found.cost < 0.5 * float(np.sum(residual(q0) ** 2))
        within = self._points.min() <= x.min() and x.max() <= self._points.max()
        return LineRule(x, weight) if better and within else start


def _split(q: Array) -> tuple[Array, Array]:
    """Nodes and weights that sum to 1."""
    x, log_weight = np.split(q, 2)
    weight = np.exp(log_weight - log_weight.max())
    return x, weight / weight.sum()
