"""The two-dimensional density on a grid, as the arrays its kernel takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from popdyn.kernels.density_2d import Operator2D, Refractory, Work2D
from popdyn.theory.diffusion_problem import Problem
from popdyn.theory.grid_2d import AdaptationGrid, VoltageGrid, interpolation_matrix, interpolation_weights
from popdyn.theory.spike_chain_2d import relaxed_after_spike

FloatArray = NDArray[np.float64]


def make_operator(problem: Problem, grid: VoltageGrid, w_grid: AdaptationGrid, flow_time: float) -> Operator2D:
    """Arrays for `density_2d.integrate`; w flows over `flow_time` [s] at a time."""
    p = problem.parameters
    flow, flow_first = _flow_bands(grid, w_grid, p["a"], p["E_w"], np.exp(-flow_time / p["tau_w"]))
    jump_first, jump = interpolation_weights(w_grid, relaxed_after_spike(w_grid.nodes, p))
    return Operator2D(
        grid.drift, grid.distance, grid.width, grid.centres, w_grid.nodes, p["C_m"], grid.i_reset,
        grid.reset_weights[0], grid.reset_weights[1], flow, flow_first, jump_first, np.ascontiguousarray(jump),
    )  # fmt: skip


def _flow_bands(
    grid: VoltageGrid, w_grid: AdaptationGrid, a: float, E_w: float, decay: float
) -> tuple[FloatArray, int]:
    """Gather weights (cell, offset, target node) of w -> w_inf + decay (w - w_inf), w_inf = a (V - E_w)."""
    nodes = np.arange(w_grid.nodes.size)
    rest = a * (grid.centres[:, None] - E_w)
    first, weights = interpolation_weights(w_grid, rest + decay * (w_grid.nodes - rest))
    target = first[..., None] + np.arange(weights.shape[-1])
    shift = nodes[None, :, None] - target
    bands = np.zeros((grid.centres.size, shift.max() - shift.min() + 1, nodes.size))
    cell = np.broadcast_to(np.arange(grid.centres.size)[:, None, None], target.shape)
    np.add.at(bands, (cell, shift - shift.min(), target), weights)
    return bands, int(-shift.min())


def make_refractory(problem: Problem, dt: float) -> Refractory:
    """Dead time in steps of dt [s]."""
    p = problem.parameters
    steps = p["t_ref"] / dt
    lag = int(np.floor(steps + 1e-9))
    rest = p["a"] * (p["V_reset"] - p["E_w"])
    return Refractory(lag, max(steps - lag, 0.0), p["V_reset"], p["b"], rest, float(np.exp(-dt / p["tau_w"])))


def make_work(cells: int, nodes: int) -> Work2D:
    """Work space of the kernel."""
    c, f, inverse, stage = np.zeros((4, cells, nodes))
    return Work2D(c, f, inverse, stage, np.zeros((8, nodes)))


def normal_masses(
    grid: VoltageGrid, w_grid: AdaptationGrid, V: tuple[float, float], w: tuple[float, float]
) -> FloatArray:
    """Masses (cell, node) of independent normal V and w, each (mean, standard deviation); V below the barrier."""
    edges = ndtr((grid.faces - V[0]) / max(V[1], grid.width.min()))
    edges[0], edges[-1] = 0.0, edges[-1] if edges[-1] > 0.0 else 1.0
    in_V = np.diff(edges) / edges[-1]
    x = np.linspace(-6.0, 6.0, 2001)
    weight = np.exp(-0.5 * x * x)
    in_w = (weight / weight.sum()) @ interpolation_matrix(w_grid, w[0] + w[1] * x)
    return np.outer(in_V, in_w)
