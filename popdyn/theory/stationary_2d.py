"""Extrapolated stationary rate of an adapting neuron under white noise, with an error estimate: judges the closures.

Chooses the domain of (V, w) from the neuron, solves `spike_chain_2d` on three grids in V (the error is a series in the
square of the cell width) and two in w (fifth order), and extrapolates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from popdyn.errors import NumericsError
from popdyn.neurons import NeuronModel
from popdyn.theory.diffusion_problem import Problem, lower_boundary, make_problem, need_lower_boundary
from popdyn.theory.grid_2d import AdaptationGrid, make_voltage_grid
from popdyn.theory.spike_chain_2d import Stationary2D, solve_2d

FloatArray = NDArray[np.float64]

COARSE_CELLS = 64
W_MARGIN = 8.0  # standard deviations of w on either side
FLOOR = 3e-7  # relative error that refinement no longer shows


@dataclass(frozen=True)
class Domain:
    """Lower end of V [V] and range of w [A]; w_low == w_high: no adaptation."""

    V_lower: float
    w_low: float
    w_high: float


def stationary_rate_2d(
    neuron_parameters: Mapping[str, float],
    model: str | NeuronModel,
    mu: float,
    sigma: float,
    *,
    cells: int = 128,
    w_nodes: int = 64,
) -> tuple[float, float]:
    """Stationary rate and an estimate of its numerical error [1/s], see `stationary_2d`."""
    state, error = stationary_2d(neuron_parameters, model, mu, sigma, cells=cells, w_nodes=w_nodes)
    return state.rate, error


def stationary_2d(
    neuron_parameters: Mapping[str, float],
    model: str | NeuronModel,
    mu: float,
    sigma: float,
    *,
    cells: int = 128,
    w_nodes: int = 64,
) -> tuple[Stationary2D, float]:
    """Extrapolated stationary state and the estimated error of its rate [1/s]; total drive mu [V/s], sigma [V/sqrt(s)].

    Grids of `cells` x (1, 2, 4) in V with `w_nodes`, and of `cells` with 1.5 `w_nodes`.
    Valid when the density of V is not bimodal beyond 3 V below V_reset; measured: 1e-6 of the rate against exact cases.
    Source: adjoint of the Fokker-Planck equation, spike-to-spike chain (spike_chain_2d).
    """
    problem = make_problem(neuron_parameters, model, mu, sigma)
    domain = find_domain(problem)
    coarse, middle, fine = (solve_on(problem, domain, cells, w_nodes, refine) for refine in (1, 2, 4))
    more_w = solve_on(problem, domain, cells, w_nodes + w_nodes // 2)
    t1, t2, t4 = (np.array(astuple(state)) for state in (coarse, middle, fine))
    first, second = t2 + (t2 - t1) / 3.0, t4 + (t4 - t2) / 3.0
    best = second + (second - first) / 15.0
    error = abs(second[0] - first[0]) / 5.0 + abs(more_w.rate - coarse.rate) + FLOOR * abs(second[0])
    return Stationary2D(*best.tolist()), float(error)


def solve_on(problem: Problem, domain: Domain, cells: int, w_nodes: int, refine: int = 1) -> Stationary2D:
    """One grid of `cells` x `refine` cells of V and `w_nodes` of w on the domain."""
    p = problem.parameters
    grid = make_voltage_grid(
        problem.drift, domain.V_lower, p["V_reset"], problem.V_barrier, problem.mu, problem.D, cells, refine
    )
    nodes = np.linspace(domain.w_low, domain.w_high, w_nodes if domain.w_high > domain.w_low else 1)
    return solve_2d(grid, AdaptationGrid(nodes), p, problem.mu, problem.D)


def find_domain(problem: Problem) -> Domain:
    """Where the stationary density lives: from the mean closure first, then from a coarse two-dimensional solution."""
    p = problem.parameters
    if p["a"] == 0.0 and p["b"] == 0.0:
        return Domain(need_lower_boundary(problem, 0.0), 0.0, 0.0)
    w_mean, rate = _mean_adaptation(problem)
    spread = float(np.hypot(p["b"] * np.sqrt(0.5 * rate * p["tau_w"]), p["a"] * 0.01))
    domain = _domain(problem, w_mean, spread, w_mean, w_mean)
    for _ in range(2):
        state = solve_on(problem, domain, COARSE_CELLS, 64)
        if not state.rate > 0.0:
            raise NumericsError(f"two-dimensional density: no stationary state on {domain}")
        low = min(state.w_mean - W_MARGIN * state.w_std, state.w_spike_mean - W_MARGIN * state.w_spike_std)
        high = max(state.w_mean + W_MARGIN * state.w_std, state.w_spike_mean + W_MARGIN * state.w_spike_std)
        domain = _domain(problem, state.w_mean, state.w_std, low, high)
    return domain


def _domain(problem: Problem, w_mean: float, spread: float, low: float, high: float) -> Domain:
    p = problem.parameters
    V_lower = next(V for V in (lower_boundary(problem, w_mean + k * spread) for k in (4.0, 2.0, 0.0)) if V is not None)
    low = min(low, w_mean - W_MARGIN * spread)
    high = max(high, w_mean + W_MARGIN * spread) + 3.0 * p["b"]
    floor = min(p["a"] * (V_lower - p["E_w"]), p["a"] * (p["V_reset"] - p["E_w"]))
    return Domain(V_lower, max(low, floor), high)


def _mean_adaptation(problem: Problem) -> tuple[float, float]:
    """w = a (<V> - E_w) + b tau_w r with w frozen: the mean closure, good enough to place the grid."""
    p = problem.parameters

    def excess(w: float) -> float:
        V_mean, rate = _frozen(problem, w)
        return p["a"] * (V_mean - p["E_w"]) + p["b"] * p["tau_w"] * rate - w

    low = p["a"] * (need_lower_boundary(problem, 0.0) - p["E_w"]) - 1e-15
    high = low + max(excess(low), 0.0) + p["a"] * (problem.V_barrier - p["V_reset"]) + 1e-15
    w = brentq(excess, low, high, xtol=1e-4 * (high - low), rtol=1e-4)
    return w, _frozen(problem, w)[1]


def _frozen(problem: Problem, w: float) -> tuple[float, float]:
    V_lower = lower_boundary(problem, w)
    if V_lower is None:
        return problem.parameters["V_reset"], 0.0
    state = solve_on(problem, Domain(V_lower, w, w), COARSE_CELLS, 1)
    return state.V_mean, state.rate
