"""The map F whose fixed points are a network's stationary rates, with its derivative, anywhere in the box of rates.

    x = (nu_a),  or (nu_a, rms_a) where nodes sit in a quenched Gaussian:   F(x) = means over nodes of rate(mu(x), D(x))

with thresholds shifted by the colour of filtered input (NetworkProblem.colour).
The rate of a node is that of the `mean` closure by threshold integration on two uniform grids, extrapolated: good to
1e-4 wherever the density has a bulk, and safe where it has none (0) and at vanishing noise (D is held at a floor). That
of a population of escape noise comes from a table of its cohorts' rates (theory.escape_table).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from popdyn.errors import NumericsError
from popdyn.kernels.threshold import stationary
from popdyn.theory.escape_table import EscapeTable
from popdyn.theory.grid import bulk
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.problem import DensityProblem

Array = NDArray[np.float64]
Rates = Callable[[int, Array, Array], Array]
"""(node, mu (drive,) [V/s], D (drive,) [V^2/s]) -> rates (drive,) [1/s]; neighbouring drives."""

RUNAWAY = 1000.0  # [1/s] bound of the rates without a refractory time
MOST = 1500  # cells of a grid
LEAST_SPREAD = 0.01  # of V_th - V_reset: width of V below which D is held
STEP = 1e-3  # relative, of the differences that give the slopes


def node_rates(problem: DensityProblem, mu: Array, D: Array) -> Array:
    """Stationary rate of the `mean` closure (drive,) [1/s] at neighbouring drives, on the grid of the first."""
    held = np.maximum(D, floor(problem))
    grids = _grids(problem, float(mu[0]), float(held[0]))
    return np.array([_mean_rate(problem, grids, m, d) for m, d in zip(mu, held, strict=True)])


def floor(problem: DensityProblem) -> float:
    """D [V^2/s] below which V is as good as free of noise."""
    span = problem.barrier - problem.V_reset
    return (LEAST_SPREAD * span) ** 2 * _leak(problem)


def _leak(problem: DensityProblem) -> float:
    """Slope of the drift below V_reset [1/s]."""
    step = 0.1 * (problem.barrier - problem.V_reset)
    high, low = problem.drift(np.array([problem.V_reset - step, problem.V_reset]))
    return max(float(high - low) / step, 1.0)


def _bulk(problem: DensityProblem, mu: float, D: float) -> tuple[float, float]:
    """`theory.grid.bulk`; a rest point too far down for it is that of the leak alone."""
    try:
        return bulk(problem, mu, D)
    except NumericsError:
        leak = _leak(problem)
        push = float(problem.drift(np.array([problem.V_reset]))[0]) + mu
        return problem.V_reset + push / leak, float(np.sqrt(D / leak))


@dataclass(frozen=True)
class _Grid:
    drift: Array
    width: Array
    V: Array


def _grids(problem: DensityProblem, mu: float, D: float) -> tuple[_Grid, _Grid]:
    """From the barrier down through V_reset, V counted from there; the second with half the cells' width."""
    rest, spread = _bulk(problem, mu, D)
    bottom = min(rest, problem.V_reset) - 7.0 * spread
    span, below = problem.barrier - problem.V_reset, problem.V_reset - bottom
    h = min(spread / 4.0, span / 40.0)
    h = max(h, (span + below) / MOST)
    counts = max(int(np.ceil(span / h)), 10), max(int(np.ceil(below / h)), 10)
    made = []
    for refine in (1, 2):
        upper = np.linspace(span, 0.0, counts[0] * refine + 1)
        V = np.concatenate([upper[:-1], np.linspace(0.0, -below, counts[1] * refine + 1)])
        middle = 0.5 * (V[1:] + V[:-1]) + problem.V_reset
        made.append(_Grid(problem.drift(middle), -np.diff(V), V))
    return made[0], made[1]


def _integrals(grids: tuple[_Grid, _Grid], u: float, D: float) -> tuple[float, float]:
    """int p/r and int (V - V_reset) p/r at drift offset u; infinite where nothing fires."""
    found = []
    for grid in grids:
        with np.errstate(all="ignore"):
            _, mass, first = stationary(grid.drift + u, grid.width, grid.V, 1e-9 * grid.V[0], D)
        if not np.isfinite(mass) or mass > 1e150:
            return np.inf, 0.0
        found.append((mass, first))
    (mass, first), (fine_mass, fine_first) = found
    return fine_mass + (fine_mass - mass) / 3.0, fine_first + (fine_first - first) / 3.0


def _mean_rate(problem: DensityProblem, grids: tuple[_Grid, _Grid], mu: float, D: float) -> float:
    if not problem.adapts:
        return 1.0 / (problem.t_ref + _integrals(grids, mu, D)[0])
    decay = np.exp(-problem.t_ref / problem.tau_w)
    a, b, rest = problem.a, problem.b, problem.a * (problem.V_reset - problem.E_w)

    def excess(W: float) -> float:
        mass, first = _integrals(grids, mu - W / problem.C_m, D)
        if not np.isfinite(mass):
            return rest - W
        jump = decay * (W + b) + (1.0 - decay) * rest - W
        return float(rest + a * first / mass - W + problem.tau_w * jump / mass)

    low = min(problem.a * (grids[0].V[-1] + problem.V_reset - problem.E_w), rest) - b
    high = rest + a * float(grids[0].V[0]) + b
    while excess(high) > 0.0:
        high += abs(high) + b
    W = float(brentq(excess, low, high, xtol=1e-18, rtol=1e-10))
    return 1.0 / (problem.t_ref + _integrals(grids, mu - W / problem.C_m, D)[0])


@dataclass(frozen=True)
class RateMap:
    """F and DF of a network. `factor` (node,): a finer theory's rate over that of the mean closure."""

    problem: NetworkProblem
    factor: Array = field(default_factory=lambda: np.ones(1))
    rates: Rates | None = None

    @cached_property
    def _tables(self) -> list[EscapeTable]:
        return [EscapeTable(one.problem) for one in self.problem.escaping]

    @property
    def quenched(self) -> bool:
        """Whether mean square rates are unknowns, too."""
        return any(node.z != 0.0 for node in self.problem.nodes)

    @property
    def bounds(self) -> Array:
        """Largest rate that each unknown can have [1/s]: 1/t_ref, or RUNAWAY."""
        by_name = dict.fromkeys(self.problem.names, 0.0)
        for node in self.problem.everyone:
            most = 1.0 / node.problem.t_ref if node.problem.t_ref > 1.0 / RUNAWAY else RUNAWAY
            by_name[node.population] = max(by_name[node.population], most)
        return np.array(list(by_name.values()) * (2 if self.quenched else 1))

    def unpack(self, x: Array) -> tuple[Array, Array]:
        """Rates and mean square rates of the populations."""
        n = len(self.problem.names)
        return x[:n], x[n:] ** 2 if self.quenched else x[:n] ** 2

    def __call__(self, x: Array) -> tuple[Array, Array]:
        """F (unknown,) and DF (unknown, unknown) at x >= 0."""
        mu, D = self._inputs(x)
        found, to_mu, to_D = np.array([self._node(q, mu[q], D[q]) for q in range(mu.size)]).T
        value = self._means(found)
        slope = np.empty((x.size, x.size))
        for b in range(x.size):
            step = 1e-4 * (x[b] + 1.0)
            moved = x.copy()
            moved[b] += step
            mu_b, D_b = self._inputs(moved)
            slope[:, b] = self._means(found, to_mu * (mu_b - mu) + to_D * (D_b - D)) / step
        return value, slope

    def _inputs(self, x: Array) -> tuple[Array, Array]:
        """mu and D of every node; coloured input lowers mu by leak x shift, which at a linear drift is the shift."""
        rates, squares = self.unpack(x)
        mu, D, _ = self.problem.inputs(rates, squares)
        shift = self.problem.colour(rates)
        lower = [_leak(n.problem) * n.scale * shift[n.population] for n in self.problem.nodes]
        return mu - np.array(lower + [0.0] * len(self.problem.escaping)), D

    def _node(self, q: int, mu: float, D: float) -> tuple[float, float, float]:
        count = len(self.problem.nodes)
        D = max(D, floor(self.problem.nodes[q].problem) if q < count else self._tables[q - count].floor)
        d_mu, d_D = STEP * (abs(mu) + 0.1), STEP * D
        at = self.rates or self._rates
        r = at(q, np.array([mu, mu - d_mu, mu + d_mu, mu, mu]), np.array([D, D, D, D - d_D, D + d_D]))
        r = r * (self.factor[q] if self.factor.size > 1 else self.factor[0])
        return float(r[0]), float((r[2] - r[1]) / (2 * d_mu)), float((r[4] - r[3]) / (2 * d_D))

    def _rates(self, q: int, mu: Array, D: Array) -> Array:
        if q >= len(self.problem.nodes):
            return self._tables[q - len(self.problem.nodes)](mu, D)
        return node_rates(self.problem.nodes[q].problem, mu, D)

    def _means(self, rate: Array, change: Array | None = None) -> Array:
        """The unknowns from the nodes' rates, or their change at a change of those."""
        mean, square = self.problem.means(rate)
        if change is None:
            return np.concatenate([mean, np.sqrt(square)]) if self.quenched else mean
        d_mean = self.problem.means(change)[0]
        if not self.quenched:
            return d_mean
        d_square = 2.0 * self.problem.means(rate * change)[0]
        return np.concatenate([d_mean, 0.5 * d_square / np.sqrt(np.maximum(square, 1e-18))])
