"""Exact one-dimensional theory by threshold integration: rate, <V>, linear response, interval spectrum.

For neurons without adaptation, or with adaptation replaced by its mean (the `mean` closure). Second-order cells,
extrapolated from two grids: relative error about 1e-7 (rate) and 1e-6 (response to 1 kHz).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq

from popdyn.errors import UsageError
from popdyn.kernels import threshold
from popdyn.neurons import NeuronModel
from popdyn.theory.diffusion_problem import Problem, make_problem, need_lower_boundary
from popdyn.theory.grid_2d import make_voltage_grid
from popdyn.theory.spike_chain_2d import relaxed_after_spike

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

CELLS = 2000
STATIC = 1e-5  # [1/s] stands for frequency 0, where the equations are 0/0


@dataclass(frozen=True)
class ThresholdState:
    """Rate [1/s], <V> over all neurons and over those not refractory [V], mean w of those not refractory [A]."""

    rate: float
    V_mean: float
    V_active: float
    w_mean: float = 0.0


@dataclass(frozen=True)
class ThresholdResponse:
    """Per frequency: d rate [1/s], d <V> over all and over active neurons [V], per unit of the target."""

    rate: ComplexArray
    V_mean: ComplexArray
    V_active: ComplexArray


def threshold_state(
    neuron_parameters: Mapping[str, float], model: str | NeuronModel, mu: float, sigma: float, *, cells: int = CELLS
) -> ThresholdState:
    """Stationary state without adaptation (a, b are ignored); total drive mu [V/s], sigma [V/sqrt(s)].

    Source: Richardson 2007, Phys Rev E 76:021919, section III.
    """
    return _state(make_problem(neuron_parameters, model, mu, sigma), cells)


def threshold_response(
    neuron_parameters: Mapping[str, float],
    model: str | NeuronModel,
    mu: float,
    sigma: float,
    frequencies: ArrayLike,
    *,
    target: str = "mu",
    cells: int = CELLS,
) -> ThresholdResponse:
    """Linear response to mu [per V/s] or to D = sigma^2/2 [per V^2/s] at frequencies [1/s], without adaptation.

    Convention: input and response vary as exp(+i 2 pi f t). Source: Richardson 2007, section IV.
    """
    if target not in ("mu", "D"):
        raise UsageError(f"target: got {target!r}; allowed: 'mu', 'D'")
    problem = make_problem(neuron_parameters, model, mu, sigma)
    return _response(problem, _frequencies(frequencies), target == "D", cells)


def interval_transform(
    neuron_parameters: Mapping[str, float],
    model: str | NeuronModel,
    mu: float,
    sigma: float,
    frequencies: ArrayLike,
    *,
    cells: int = CELLS,
) -> ComplexArray:
    """Characteristic function <exp(-i 2 pi f T)> of the interval T between spikes, t_ref included.

    The spectrum of the renewal train is r (1 - |rho|^2) / |1 - rho|^2.
    """
    problem = make_problem(neuron_parameters, model, mu, sigma)
    omega = 2.0 * np.pi * _frequencies(frequencies)

    def solve(grid: _Cells) -> ComplexArray:
        no_source = np.zeros_like(grid.width)
        J = np.array(
            [
                threshold.response_fluxes(grid.velocity, grid.width, grid.V, grid.edge, problem.D, no_source, w)
                for w in omega
            ]
        )
        return np.asarray(-J[:, 1] / J[:, 0] * np.exp(-1j * omega * problem.parameters["t_ref"]))

    coarse, fine = (solve(_cells(problem, cells, refine)) for refine in (1, 2))
    return np.asarray(fine + (fine - coarse) / 3.0)


def mean_closure_state(
    neuron_parameters: Mapping[str, float], model: str | NeuronModel, mu: float, sigma: float, *, cells: int = CELLS
) -> ThresholdState:
    """Self-consistent state with every neuron's w replaced by the mean W of the active ones.

    W = a (<V>_active - E_w) + tau_w r (W_in - W) / P,   W_in = eps (W + b) + (1 - eps) a (V_reset - E_w),
    eps = exp(-t_ref/tau_w), P = 1 - r t_ref: with t_ref = 0, W = a (<V> - E_w) + b tau_w r.
    """
    problem = make_problem(neuron_parameters, model, mu, sigma)
    p = problem.parameters
    V_lower = need_lower_boundary(problem, 0.0)

    def excess(w: float) -> float:
        state = _state(_shifted(problem, w), cells)
        return p["a"] * (state.V_active - p["E_w"]) + p["tau_w"] * _arrivals(p, w, state.rate) - w

    low = p["a"] * (V_lower - p["E_w"]) - 1e-15
    high = low + max(excess(low), 0.0) + p["a"] * (problem.V_barrier - p["V_reset"]) + 1e-15
    w = float(brentq(excess, low, high, xtol=1e-20, rtol=1e-12))
    state = _state(_shifted(problem, w), cells)
    return ThresholdState(state.rate, state.V_mean, state.V_active, w)


def mean_closure_response(
    neuron_parameters: Mapping[str, float],
    model: str | NeuronModel,
    mu: float,
    sigma: float,
    frequencies: ArrayLike,
    *,
    target: str = "mu",
    cells: int = CELLS,
) -> ComplexArray:
    """Linear response of the rate with the mean adaptation in the loop; units as `threshold_response`.

    H_x + H_mu m, m = -W_1/C_m: with t_ref = 0 and target mu, H / (1 + (a G + b tau_w H) / (C_m (1 + i omega tau_w))).
    """
    state = mean_closure_state(neuron_parameters, model, mu, sigma, cells=cells)
    problem = _shifted(make_problem(neuron_parameters, model, mu, sigma), state.w_mean)
    f = _frequencies(frequencies)
    to_mu = _response(problem, f, False, cells)
    direct = to_mu if target == "mu" else _response(problem, f, True, cells)
    own = _w_response(problem.parameters, state, 2.0 * np.pi * f, to_mu)
    source = _w_response(problem.parameters, state, 2.0 * np.pi * f, direct)
    w_1 = source / (1.0 + own / problem.parameters["C_m"])
    return np.asarray(direct.rate - to_mu.rate * w_1 / problem.parameters["C_m"])


def _arrivals(p: Mapping[str, float], w: float, rate: float) -> float:
    """d W/dt caused by neurons that come back from the dead time: r (W_in - W) / P  [A/s]."""
    back = relaxed_after_spike(np.array([w]), p)[0]
    return float(rate * (back - w) / (1.0 - rate * p["t_ref"]))


def _w_response(
    p: Mapping[str, float], state: ThresholdState, omega: FloatArray, open_loop: ThresholdResponse
) -> ComplexArray:
    """W_1 that the open-loop changes of rate and <V> cause, from the linearised equation of `mean_closure_state`."""
    t_ref, active = p["t_ref"], 1.0 - state.rate * p["t_ref"]
    back = np.exp(-1j * omega * t_ref)
    step = relaxed_after_spike(np.array([state.w_mean]), p)[0] - state.w_mean
    eps = np.exp(-t_ref / p["tau_w"])
    per_rate = step * back / active + state.rate * step * (1.0 - back) / (1j * omega * active**2)
    leak = 1j * omega + 1.0 / p["tau_w"] + state.rate * (1.0 - eps * back) / active
    return np.asarray((p["a"] * open_loop.V_active / p["tau_w"] + per_rate * open_loop.rate) / leak)


def _frequencies(frequencies: ArrayLike) -> FloatArray:
    f = np.atleast_1d(np.asarray(frequencies, dtype=np.float64))
    return np.where(f == 0.0, STATIC, f)


def _shifted(problem: Problem, w: float) -> Problem:
    return replace(problem, mu=problem.mu - w / problem.parameters["C_m"])


@dataclass(frozen=True)
class _Cells:
    """From the threshold down; V counted from V_reset, which is a node."""

    velocity: FloatArray
    width: FloatArray
    V: FloatArray
    edge: float


def _cells(problem: Problem, cells: int, refine: int) -> _Cells:
    V_reset = problem.parameters["V_reset"]
    V_lower = need_lower_boundary(problem, 0.0)
    faces = make_voltage_grid(
        problem.drift, V_lower, V_reset, problem.V_barrier, problem.mu, problem.D, cells, refine
    ).faces[::-1]
    middle = 0.5 * (faces[1:] + faces[:-1])
    drift = (problem.drift(faces[1:]) + 4.0 * problem.drift(middle) + problem.drift(faces[:-1])) / 6.0
    return _Cells(drift + problem.mu, -np.diff(faces), faces - V_reset, 1e-9 * (problem.V_barrier - V_reset))


def _state(problem: Problem, cells: int) -> ThresholdState:
    coarse, fine = (np.array(_stationary(problem, _cells(problem, cells, refine))[1:]) for refine in (1, 2))
    mass, first = fine + (fine - coarse) / 3.0
    rate = 1.0 / (mass + problem.parameters["t_ref"])
    V_reset = problem.parameters["V_reset"]
    return ThresholdState(float(rate), float(V_reset + rate * first), float(V_reset + first / mass))


def _stationary(problem: Problem, grid: _Cells) -> tuple[FloatArray, float, float]:
    return threshold.stationary(grid.velocity, grid.width, grid.V, grid.edge, problem.D)


def _response(problem: Problem, f: FloatArray, to_D: bool, cells: int) -> ThresholdResponse:
    coarse, fine = (_response_on(problem, f, to_D, _cells(problem, cells, refine)) for refine in (1, 2))
    return ThresholdResponse(*(fine + (fine - coarse) / 3.0))


def _response_on(problem: Problem, f: FloatArray, to_D: bool, grid: _Cells) -> ComplexArray:
    """Rows: rate, <V> of all neurons, <V> of the active ones."""
    t_ref = problem.parameters["t_ref"]
    shape, mass, first = _stationary(problem, grid)
    rate = 1.0 / (mass + t_ref)
    source = threshold.flux_source(grid.velocity, grid.V, grid.edge, problem.D, rate * shape, rate, to_D)
    cells = (grid.velocity, grid.width, grid.V, grid.edge, problem.D, source)
    out = np.empty((3, f.size), dtype=np.complex128)
    for k, omega in enumerate(2.0 * np.pi * f):
        J = threshold.response_fluxes(*cells, omega)
        back = np.exp(-1j * omega * t_ref)
        r1 = -J[2] / (J[0] + back * J[1])
        V_all = threshold.response_voltage(*cells, r1 * back, omega)
        pool = r1 * (1.0 - back) / (1j * omega)
        out[:, k] = r1, V_all, (V_all + pool * first / mass) / (rate * mass)
    return out
