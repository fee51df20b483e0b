"""Stationary rate of the two-dimensional density (V, w): the arbiter of every closure of the adaptation.

The equation of a test function u (the reward g to come), adjoint of the Fokker-Planck equation:
(drift + mu - w/C_m) du/dV + D d2u/dV2 + (a (V - E_w) - w)/tau_w du/dw = -g,  u(barrier, w) = u(V_reset, w + b).
Eliminated cell by cell from V_lower up, it gives the transition matrix of w from spike to spike and the mean of any g
over an interval; the stationary rate is 1 / (mean interval). No density is formed: its singularities do no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.theory.grid_2d import (
    AdaptationGrid,
    VoltageGrid,
    derivative_matrices,
    interpolation_matrix,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Stationary2D:
    """Rate [1/s], means over all neurons <V> [V], <w> [A], s.d. of w in time and of w just before a spike [A]."""

    rate: float
    V_mean: float
    w_mean: float
    w_std: float
    w_spike_mean: float
    w_spike_std: float


def hop_rates(grid: VoltageGrid, velocity: FloatArray, D: float) -> tuple[FloatArray, FloatArray]:
    """Rates [1/s] of the hop up and down across the face above each cell, `velocity` (cell, node) [V/s].

    Scharfetter-Gummel flux, central with diffusion D g(x), x = velocity distance/(2 D), where g = x coth x is replaced
    by its continued fraction 1 + x^2/(3 + x^2/(5 + x^2/7)), and by 1 + |x| where that is less: never below |x|.
    The last face is absorbing.
    """
    d = grid.distance[:, None]
    x2 = (velocity * d / (2.0 * D)) ** 2
    effective = D * (1.0 + np.minimum(np.sqrt(x2), x2 * (35.0 + x2) / (105.0 + 10.0 * x2))) / d
    up = (0.5 * velocity + effective) / grid.width[:, None]
    down = (-0.5 * velocity + effective)[:-1] / grid.width[1:, None]
    return up, down


def solve_2d(
    grid: VoltageGrid, w_grid: AdaptationGrid, parameters: Mapping[str, float], mu: float, D: float
) -> Stationary2D:
    """Stationary state on one grid; `parameters` needs C_m a b tau_w E_w V_reset t_ref."""
    w = w_grid.nodes
    origin = (float(w[w.size // 2]), float(grid.centres[grid.i_reset]))
    chain, interval = _eliminate(grid, w_grid, parameters, mu, D, origin)
    jump = interpolation_matrix(w_grid, relaxed_after_spike(w, parameters))
    system = np.eye(w.size) - (jump @ chain).T
    system[-1] = 1.0
    spike = np.linalg.solve(system, np.append(np.zeros(w.size - 1), 1.0))
    time, w1, w2, V1 = spike @ (jump @ interval + _refractory_rewards(w, origin, parameters))
    spike_mean = float(spike @ w)
    return Stationary2D(
        rate=float(1.0 / time),
        V_mean=float(origin[1] + V1 / time),
        w_mean=float(origin[0] + w1 / time),
        w_std=float(np.sqrt(max(float(w2 / time - (w1 / time) ** 2), 0.0))),
        w_spike_mean=spike_mean,
        w_spike_std=float(np.sqrt(max(float(spike @ (w - spike_mean) ** 2), 0.0))),
    )


def _eliminate(
    grid: VoltageGrid,
    w_grid: AdaptationGrid,
    parameters: Mapping[str, float],
    mu: float,
    D: float,
    origin: tuple[float, float],
) -> tuple[FloatArray, FloatArray]:
    """From a start at (V_reset, node): probabilities of w at the next spike (node, node), and rewards (node, 4)."""
    n = w_grid.nodes.size
    up, down = hop_rates(grid, grid.drift[:, None] + mu - w_grid.nodes / parameters["C_m"], D)
    generator = _w_generators(grid, w_grid, parameters)
    centred = w_grid.nodes - origin[0]
    rewards = np.stack([np.ones(n), centred, centred**2, np.zeros(n)], axis=1)
    low, high = grid.reset_weights
    below = np.zeros(n)
    hop, gain = np.zeros((n, n)), np.zeros((n, 4))
    for i in range(grid.centres.size):
        rewards[:, 3] = grid.centres[i] - origin[1]
        matrix = np.diag(up[i] + below) - generator(i) - below[:, None] * hop
        right = np.hstack([np.diag(up[i]), rewards + below[:, None] * gain])
        solution = np.linalg.solve(matrix, right)
        hop, gain = solution[:, :n], solution[:, n:]
        if i == grid.i_reset - 1:
            chain, interval = low * hop, low * gain
        elif i >= grid.i_reset:
            if i == grid.i_reset:
                chain = chain + high * np.eye(n)
            interval = interval + chain @ gain
            chain = chain @ hop
        below = down[i] if i < down.shape[0] else below
    return chain, interval


def relaxed_after_spike(w: FloatArray, parameters: Mapping[str, float], t: float | None = None) -> FloatArray:
    """w a time t (default t_ref) after a spike that found it at w, V held at V_reset."""
    span: float = parameters["t_ref"] if t is None else t
    rest = parameters["a"] * (parameters["V_reset"] - parameters["E_w"])
    decay = float(np.exp(-span / parameters["tau_w"]))
    return decay * (w + parameters["b"]) + (1.0 - decay) * rest


def _refractory_rewards(w: FloatArray, origin: tuple[float, float], parameters: Mapping[str, float]) -> FloatArray:
    """Integrals of 1, w, w^2 and V (from the origin) over the dead time, per w before the spike (3-point Gauss)."""
    t_ref = parameters["t_ref"]
    result = np.zeros((w.size, 4))
    for x, weight in zip(*np.polynomial.legendre.leggauss(3), strict=True):
        at = relaxed_after_spike(w, parameters, 0.5 * t_ref * (1.0 + x)) - origin[0]
        V = np.full_like(at, parameters["V_reset"] - origin[1])
        result += 0.5 * t_ref * weight * np.stack([np.ones_like(at), at, at**2, V], axis=1)
    return result


def _w_generators(
    grid: VoltageGrid, w_grid: AdaptationGrid, parameters: Mapping[str, float]
) -> Callable[[int], FloatArray]:
    w = w_grid.nodes
    if w.size == 1:
        return lambda _: np.zeros((1, 1))
    ahead, behind = derivative_matrices(w_grid)

    def generator(i: int) -> FloatArray:
        flow = (parameters["a"] * (grid.centres[i] - parameters["E_w"]) - w) / parameters["tau_w"]
        flow[0] = max(flow[0], 0.0)
        flow[-1] = min(flow[-1], 0.0)
        return np.maximum(flow, 0.0)[:, None] * ahead + np.minimum(flow, 0.0)[:, None] * behind

    return generator
