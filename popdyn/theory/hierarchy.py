"""Stationary state and linear response of the moment hierarchy, from its own linearised operator.

    q_n' = L(W) q_n + (1/C_m) d_V q_(n+1) + n [(a (V - <V>) q_(n-1) - q_n)/tau_w - (J/P) q_(n-1)]
           + delta(V - V_reset) R_n^in
    W'   = (a (<V> - E_w) - W)/tau_w + J/P,   J = R_1^in - R_1
    R_n^in = sum_k C(n,k) eps^k c^(n-k) R_k(t - t_ref),   eps = exp(-t_ref/tau_w)
    c    = eps (W(t - t_ref) + b) + (1 - eps) a (V_reset - E_w) - W

q_n = int (w - W)^n p dw, W the mean w of the active neurons, P their share, R_n the outgoing flux of q_n. A stationary
state is found by Newton's method with mass P + t_ref R_0 = 1; the response to mu or D solves
(i omega E - F_x - exp(-i omega t_ref) F_late) x_1 = F_mu.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_banded

from popdyn.errors import NumericsError
from popdyn.kernels import hierarchy as kernel
from popdyn.kernels.operators import Hierarchy, Operator

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

THIN, HELD = 1e-6, 1e-2  # relative density below which conditional cumulants are held: first and second try
SLOW_START = 300.0  # [1/s]: first pseudo-time step of 3 ms
UNDERSHOOT = 1e-6  # least q_0 over its largest value that a state may have, negative
RESIDUAL = 1e-4  # largest imbalance of a cell over the rate that a state may have


@dataclass(frozen=True)
class StationaryState:
    """Fields (cell, M + 1) and scalars (popdyn.kernels.hierarchy order) at a constant drive.

    SI but for w, which is in the hierarchy's unit: W, w_mean and the moments (`theory.problem.W_UNIT`).
    """

    mu: float
    D: float
    fields: Array
    scalars: Array
    V_mean: float
    w_mean: float

    @property
    def rate(self) -> float:
        return float(self.scalars[kernel.R])


@dataclass(frozen=True)
class _Linear:
    """Jacobian in blocks: fields (banded), fields by scalars, scalars by fields, scalars by scalars."""

    band: Array  # (2 k + 1, field) in LAPACK's layout, k = 2 (M + 1) - 1
    width: Array  # (field,) cell width: what multiplies the time derivative
    right: Array  # (field, x), x over scalars, late values, mu, D
    below: Array  # (scalar, field)
    corner: Array  # (scalar, x)
    residual: Array  # (field,)
    residual_s: Array  # (scalar,)


def linearise(
    op: Operator, h: Hierarchy, mu: float, D: float, fields: Array, scalars: Array, thin: float = THIN
) -> _Linear:
    """F and its derivatives at a point whose past equals its present."""
    n, m, n_s = op.width.size, h.order + 1, scalars.size
    late = np.append(scalars[kernel.R :], scalars[kernel.W])
    blocks, edge, border, corner, r, r_s = kernel.jacobian(op, h, mu, D, fields, scalars, late, thin)
    k, n_f = 2 * m - 1, n * m
    band = np.zeros((2 * k + 1, n_f))
    cell, out, into = np.meshgrid(np.arange(n), np.arange(m), np.arange(m), indexing="ij")
    for offset in (-1, 0, 1):
        keep = (cell + offset >= 0) & (cell + offset < n)
        row, column = (cell * m + out)[keep], ((cell + offset) * m + into)[keep]
        band[k + row - column, column] = blocks[:, offset + 1][keep]
    below = np.zeros((n_s, n_f))
    below[:, n_f - m :] = edge
    for row, field, weight in _integrals(op, h.order):
        below[row, field::m] = weight
    return _Linear(band, np.repeat(op.width, m), border.reshape(n_f, -1), below, corner, r.ravel(), r_s)


def _integrals(op: Operator, order: int) -> list[tuple[int, int, Array]]:
    """(scalar row, field column, weights) of the unknowns that are integrals over V."""
    rows = [(kernel.P, 0, op.width), (kernel.PV, 0, op.width * op.centre)]
    if order >= 2:
        rows.append((kernel.I_2, 2, op.width))
    if order >= 3:
        rows.append((kernel.I_3, 3, op.width))
    return [*rows, (kernel.I_M, order, op.width), (kernel.VI_M, order, op.width * op.centre)]


def solve_linearised(
    lin: _Linear, rate: complex, t_ref: float, source: NDArray[Any], source_s: NDArray[Any], damping: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Solve (F_x + exp(-rate t_ref) F_late - rate E) x = source, rate = i omega, by eliminating the fields.

    The equation of R_0 repeats the sum of the cells' equations; conservation of mass takes its place, with
    source_s[R_0] its right-hand side. `damping` [1/s] adds -damping E: one step of pseudo-time 1/damping.
    """
    n_s = source_s.size
    real = rate == 0.0
    phase = 1.0 if real else np.exp(-rate * t_ref)
    late_into = np.append(kernel.R + np.arange(n_s - kernel.R), kernel.W)
    right = lin.right[:, :n_s].astype(complex) if not real else lin.right[:, :n_s].copy()
    corner = lin.corner[:, :n_s].astype(right.dtype)
    n_l = late_into.size
    right[:, late_into] += phase * lin.right[:, n_s : n_s + n_l]
    corner[:, late_into] += phase * lin.corner[:, n_s : n_s + n_l]
    corner[[kernel.W, kernel.S], [kernel.W, kernel.S]] -= damping if real else rate
    below = lin.below.copy()
    corner[kernel.R], below[kernel.R] = 0.0, 0.0
    corner[kernel.R, kernel.P] = 1.0
    corner[kernel.R, kernel.R] = t_ref if abs(rate) * t_ref < 1e-9 else (1.0 - phase) / rate
    k = (lin.band.shape[0] - 1) // 2
    band = lin.band.astype(right.dtype)
    band[k] -= (damping if real else rate) * lin.width
    inner = solve_banded((k, k), band, np.column_stack([right, source]), check_finite=False)
    schur, rest = corner - below @ inner[:, :n_s], source_s - below @ inner[:, n_s]
    scale = np.abs(schur).max(axis=0)
    scale[scale == 0] = 1.0
    schur = schur / scale
    rows = np.abs(schur).max(axis=1)
    x_s = np.linalg.solve(schur / rows[:, None], rest / rows) / scale
    return inner[:, n_s] - inner[:, :n_s] @ x_s, x_s


def stationary_state(
    op: Operator, h: Hierarchy, mu: float, D: float, fields: Array, scalars: Array, tolerance: float = 1e-9
) -> StationaryState:
    """Newton's method from a guess; where that fails, implicit steps of growing pseudo-time (Kelley and Keyes 1998).

    Raises NumericsError where neither converges.
    """
    for thin, damping, most in ((THIN, 0.0, 20), (HELD, 0.0, 40), (HELD, SLOW_START, 150)):
        found = _newton(op, h, mu, D, fields, scalars, tolerance, thin, damping, most)
        if found is not None:
            return _finish(h, mu, D, *found)
    raise NumericsError(
        f"no stationary state found at mu = {mu:.6g} V/s, sigma = {np.sqrt(2 * D):.6g} V/sqrt(s) "
        f"(order {h.order}); try {'the `mean` closure, or ' if h.order else ''}a drive nearer to the spec's"
    )


def _newton(
    op: Operator, h: Hierarchy, mu: float, D: float, fields: Array, scalars: Array, tolerance: float,
    thin: float, damping: float, most: int,
) -> tuple[Array, Array] | None:  # fmt: skip
    """Fields and scalars at the root, or None; large steps are shortened, damping falls as they shrink."""
    x, s = fields.astype(float), scalars.astype(float)
    watched = [kernel.W, kernel.P, kernel.R]
    floor = np.array([1e-2, 1e-9, 1e-6])
    before = np.inf
    for _ in range(most):
        lin = linearise(op, h, mu, D, x, s, thin)
        source_s = -lin.residual_s
        source_s[kernel.R] = 1.0 - s[kernel.P] - h.t_ref * s[kernel.R]
        try:
            move, move_s = solve_linearised(lin, 0.0, h.t_ref, -lin.residual, source_s, damping)
        except (np.linalg.LinAlgError, ValueError):
            return None
        size = float(np.max(np.abs(move_s[watched]) / (np.abs(s[watched]) + floor)))
        if not np.isfinite(size):
            return None
        part = min(1.0, 0.5 / size) if size > 1.0 else 1.0
        x, s = x + part * move.reshape(x.shape), s + part * move_s
        if size < tolerance and damping < 1.0:
            left = np.abs(lin.residual).max() / (s[kernel.R] + 1e-6)  # of flux balance, beside the rate
            real = x[:, 0].min() > -UNDERSHOOT * x[:, 0].max()
            return (x, s) if left < RESIDUAL and real else None
        if damping > 0.0:
            damping *= 0.6 if size < 0.3 and size < 2.0 * before else 1.5
            damping = 0.0 if damping < 0.3 else damping
        before = size
    return None


def _finish(h: Hierarchy, mu: float, D: float, fields: Array, s: Array) -> StationaryState:
    pool = h.t_ref * s[kernel.R]
    decay = np.exp(-h.t_ref / h.tau_w)
    jump = decay * (s[kernel.W] + h.b) + (1.0 - decay) * h.a * (h.V_reset - h.E_w) - s[kernel.W]
    inflow_1 = decay * s[kernel.R + 1] + jump * s[kernel.R]
    content = h.tau_w * (s[kernel.R + 1] + h.b * s[kernel.R] - inflow_1) + h.a * (h.V_reset - h.E_w) * pool
    V_mean = s[kernel.PV] + pool * h.V_reset
    return StationaryState(mu, D, fields, s, float(V_mean), float(s[kernel.P] * s[kernel.W] + content))


def linear_response(op: Operator, h: Hierarchy, state: StationaryState, omega: Array, target: str) -> Complex:
    """Complex d rate/d mu [(1/s)/(V/s)] or d rate/d D [(1/s)/(V^2/s)] at angular frequencies omega [1/s]."""
    return response_at(op, h, state, 1j * np.asarray(omega), (target,))[0]


def response_at(
    op: Operator, h: Hierarchy, state: StationaryState, lambdas: NDArray[Any], targets: tuple[str, ...] = ("mu", "D")
) -> Complex:
    """(target, lambda): d rate/d target for changes that go as exp(lambda t), lambda [1/s] complex.

    Units as `linear_response`, which it is at lambda = i omega. Valid right of the population's own modes.
    """
    lin = linearise(op, h, state.mu, state.D, state.fields, state.scalars)
    found = np.empty((len(targets), len(lambdas)), dtype=complex)
    for row, target in enumerate(targets):
        column = -2 if target == "mu" else -1
        source, source_s = -lin.right[:, column], -lin.corner[:, column]
        source_s[kernel.R] = 0.0
        for k, rate in enumerate(lambdas):
            found[row, k] = solve_linearised(lin, rate, h.t_ref, source, source_s)[1][kernel.R]
    return found


def after_spike(op: Operator, h: Hierarchy, state: StationaryState, lambdas: NDArray[Any]) -> Complex:
    """(lambda,): int_0^inf exp(-lambda t) m(t) dt, m(t) [1/s] the rate of a neuron that spiked at t = 0; Re > 0 or i w.

    A neuron just fired is one more unit of the late fluxes R_k, at the moments of the stationary outflow; what it adds
    to the population's rate, through the linearised hierarchy, is its own m. Exact without adaptation.
    """
    lin = linearise(op, h, state.mu, state.D, state.fields, state.scalars)
    n_s, s = state.scalars.size, state.scalars
    fluxes = s[kernel.R :] / s[kernel.R]
    late = slice(n_s, n_s + fluxes.size)
    into, into_s = lin.right[:, late] @ fluxes, lin.corner[:, late] @ fluxes
    found = np.empty(len(lambdas), dtype=complex)
    for k, rate in enumerate(lambdas):
        back = np.exp(-rate * h.t_ref)
        source_s = -back * into_s
        source_s[kernel.R] = back / rate
        found[k] = solve_linearised(lin, rate, h.t_ref, -back * into, source_s)[1][kernel.R]
    return found
