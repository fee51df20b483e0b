"""All roots of x = F(x) in a box x >= 0: a path of continuation, then Newton's method with the found roots deflated.

Path: ln x against ln s along x = s F(x), by steps of arc length; every crossing of s = 1 is a root. Deflation: Newton
on eta(x) (x - F(x)), eta = prod_k (1 + 1/d_k^2), d_k the distance to root k in units of (x_k + 1); the deflated step is
the plain step dx times 1 / (1 - grad ln eta . dx).

F maps the box into itself when rates saturate, and then sum over all roots of sign det(1 - DF) = +1: the check of
completeness. It cannot see pairs of roots of opposite index.
Source: Farrell, Birkisson and Funke 2015, SIAM J Sci Comput 37:A2026; Hofbauer and Sigmund 1998 (index theorem).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Map = Callable[[Array], tuple[Array, Array]]
"""x (unknown,) -> F (unknown,), DF (unknown, unknown)."""

TOLERANCE = 1e-8
ITERATIONS = 60
SMALLEST = 0.05  # x is measured from here in the logarithms of the path
LEAST_STEP, FIRST_STEP, LONGEST_STEP = 1e-4, 0.05, 0.4
PATH_STEPS = 600
ALIKE = 1e-4  # roots nearer than this, in units of (x + 1), are one


@dataclass(frozen=True)
class Root:
    """x = F(x), DF there, and its index sign det(1 - DF)."""

    x: Array
    slope: Array
    index: int


def find_roots(F: Map, bounds: Array, starts: int = 24, rounds: int = 4) -> tuple[list[Root], bool]:
    """Roots in 0 <= x <= bounds, least first, and whether their indices sum to +1.

    `starts` quasi-random starts in ln x, after each root found again from the same; more rounds while incomplete.
    """
    found: list[Root] = []
    for x in path_roots(F, bounds):
        _keep(found, newton(F, x, [], bounds))
    low, high = np.log(SMALLEST), np.log(bounds)
    begin = [np.zeros(bounds.size), 0.95 * bounds]
    for turn in range(rounds):
        points = _scattered(starts, bounds.size, turn * starts)
        for start in (*begin, *(np.exp(low + p * (high - low)) for p in points)):
            while _keep(found, newton(F, start, [root.x for root in found], bounds)):
                pass
        begin = []
        if sum(root.index for root in found) == 1:
            break
    found.sort(key=lambda root: float(root.x.sum()))
    return found, sum(root.index for root in found) == 1


def _keep(found: list[Root], root: Root | None) -> bool:
    new = root is not None and all(np.max(np.abs(root.x - k.x) / (k.x + 1.0)) > ALIKE for k in found)
    if new and root is not None:
        found.append(root)
    return new


def newton(F: Map, start: Array, deflated: list[Array], bounds: Array) -> Root | None:
    """The root that (deflated) Newton reaches from `start`, or None; steps are bounded and stay in the box."""
    x = np.clip(start, 0.0, bounds)
    one = np.eye(x.size)
    for _ in range(ITERATIONS):
        value, slope = F(x)
        try:
            move = np.linalg.solve(one - slope, value - x)
        except np.linalg.LinAlgError:
            return None
        plain = float(np.max(np.abs(move) / (x + 0.1)))
        if plain < TOLERANCE:
            return Root(x, slope, int(np.sign(np.linalg.det(one - slope))))
        scale = 1.0 - float(_slope_of_eta(x, deflated) @ move)
        move = move / scale if abs(scale) > 1e-12 else move
        longest = float(np.max(np.abs(move) / (0.5 * (x + 4.0))))
        x = np.clip(x + move / max(longest, 1.0), 0.0, bounds)
        if not np.all(np.isfinite(x)):
            return None
    return None


def _slope_of_eta(x: Array, deflated: list[Array]) -> Array:
    """Gradient of ln eta."""
    total = np.zeros_like(x)
    for root in deflated:
        u = (x - root) / (root + 1.0)
        square = max(float(u @ u), 1e-30)
        total -= 2.0 * u / (root + 1.0) / (square * (1.0 + square))
    return total


def path_roots(F: Map, bounds: Array) -> list[Array]:
    """Points near s = 1 on the path x = s F(x) from small s until x leaves the box or `PATH_STEPS` are spent."""
    n, found = bounds.size, []
    s = -8.0
    y = np.append(np.log(SMALLEST + np.exp(s) * F(np.zeros(n))[0]), s)
    tangent, step = np.zeros(n + 1), FIRST_STEP
    tangent[-1] = 1.0
    for _ in range(PATH_STEPS):
        tangent = _tangent(F, y, tangent)
        ahead = _corrected(F, y + step * tangent, tangent)
        if ahead is None or np.max(np.abs(ahead - y)) > 3.0 * step + 1e-3:
            step *= 0.5
            if step < LEAST_STEP:
                break
            continue
        if y[-1] * ahead[-1] <= 0.0:
            part = y[-1] / (y[-1] - ahead[-1]) if ahead[-1] != y[-1] else 0.0
            found.append(_rates(y + part * (ahead - y)))
        y, step = ahead, min(1.4 * step, LONGEST_STEP)
        if np.any(_rates(y) > bounds) or y[-1] > 12.0 or y[-1] < -9.0:
            break
    return found


def _rates(y: Array) -> Array:
    return np.asarray(np.maximum(np.exp(y[:-1]) - SMALLEST, 0.0))


def _system(F: Map, y: Array) -> tuple[Array, Array]:
    """Residual of ln(x + c) = ln(s F(x) + c) and its derivative by (ln(x + c), ln s); c = SMALLEST."""
    x, s = np.exp(y[:-1]) - SMALLEST, np.exp(y[-1])
    value, slope = F(np.maximum(x, 0.0))
    top = s * value + SMALLEST
    by_x = np.eye(x.size) - s * slope * (x + SMALLEST) / top[:, None]
    return y[:-1] - np.log(top), np.column_stack([by_x, -s * value / top])


def _tangent(F: Map, y: Array, before: Array) -> Array:
    jacobian = np.vstack([_system(F, y)[1], before])
    right = np.zeros(y.size)
    right[-1] = 1.0
    try:
        tangent = np.linalg.solve(jacobian, right)
    except np.linalg.LinAlgError:
        return before
    return np.asarray(tangent / np.linalg.norm(tangent))


def _corrected(F: Map, guess: Array, tangent: Array) -> Array | None:
    """Back to the path, across the tangent."""
    y = guess.copy()
    for _ in range(6):
        residual, jacobian = _system(F, y)
        whole = np.vstack([jacobian, tangent])
        right = -np.append(residual, tangent @ (y - guess))
        try:
            move = np.linalg.solve(whole, right)
        except np.linalg.LinAlgError:
            return None
        size = float(np.max(np.abs(move)))
        if not np.isfinite(size) or size > 1.0:
            return None
        y = y + move
        if size < 1e-6:
            return y
    return None


def _scattered(count: int, dimensions: int, first: int) -> Array:
    """Points of the unit cube, (count, dimension), from `first` on, by the additive recurrence of Roberts 2018."""
    root = 2.0
    for _ in range(30):
        root = (1.0 + root) ** (1.0 / (dimensions + 1))
    alpha = (1.0 / root) ** np.arange(1, dimensions + 1)
    return np.asarray((0.5 + np.outer(first + np.arange(1, count + 1), alpha)) % 1.0)
