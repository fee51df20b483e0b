"""A population's density in few coordinates: its equations as one function, their derivatives, its stationary state.

    x' = (R_0 + u R_1 + D R_2 + s R_3) x + sum_m E_m R_m^in        (popdyn.kernels.modes has the whole system)

x_0 = P is the share of active neurons; the other coordinates have no mass. The moments of w beyond the mean, and the
closure above them, are in the coordinates and in the matrices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import modes as kernel

Array = NDArray[np.float64]
Values = NDArray[Any]

TINY = 1e-30  # complex step
STEPS, SHORTEST, SETTLED = 60, 1e-3, 1e-11


@dataclass(frozen=True)
class Reduced:
    """Matrices of the modes, and `test` (K, (M + 1) cells): coordinates of stacked fields q_0..q_M.

    missing: (4, r, K), what the matrices leave out of the rate of change, as the rate sees it; parts as those of R.
    norms: (M + 1, K, K), x' norms_m x is the squared size of the moment q_m that x stands for.
    """

    modes: kernel.Modes
    test: Array
    missing: Array
    norms: Array

    @property
    def count(self) -> int:
        return int(self.modes.v.size)

    @property
    def order(self) -> int:
        return int(self.modes.E.shape[0]) - 1

    @property
    def states(self) -> int:
        """Numbers that the dynamics carry: the modes, and w where there is adaptation."""
        n = self.modes.numbers
        return self.count + int(n[kernel.A] != 0.0 or n[kernel.B] != 0.0)


@dataclass(frozen=True)
class ReducedState:
    """Stationary coordinates and W (in the unit of w), the rate [1/s], <V> [V] and <w> of all neurons."""

    mu: float
    D: float
    x: Array
    W: float
    rate: float
    V_mean: float
    w_mean: float


def fluxes(modes: kernel.Modes, x: Values, W: Any, mu: Any, D: Any) -> Values:
    """(M + 1,) outgoing R_0..R_M."""
    u = mu - W / modes.numbers[kernel.C_M]
    return np.asarray((modes.c[:, 0] + u * modes.c[:, 1] + D * modes.c[:, 2]) @ x)


def flow(modes: kernel.Modes, x: Values, W: Any, late: Values, mu: Any, D: Any) -> tuple[Values, Any]:
    """x' and W', where `late` (M + 2,) holds R_0..R_M and W at t - t_ref; analytic, so that complex steps work."""
    n, M = modes.numbers, modes.E.shape[0] - 1
    out = fluxes(modes, x, W, mu, D)
    mean_V, rate = modes.v @ x / x[0], 1.0 / n[kernel.TAU_W]
    into = reinjected(modes, W, late)
    J = into[1] - (out[1] if M > 0 else 0.0)
    s = n[kernel.A] * mean_V * rate + J / x[0]
    u = mu - W / n[kernel.C_M]
    change = (modes.R[0] + u * modes.R[1] + D * modes.R[2]) @ x + into[: M + 1] @ modes.E
    if M > 0:
        change = change + s * (modes.R[3] @ x)
    return change, (n[kernel.A] * (mean_V - n[kernel.E_W]) - W) * rate + J / x[0]


def reinjected(modes: kernel.Modes, W: Any, late: Values) -> Values:
    """R_0^in .. R_max(M, 1)^in."""
    n, M = modes.numbers, modes.E.shape[0] - 1
    decay = np.exp(-n[kernel.T_REF] / n[kernel.TAU_W])
    pulled = n[kernel.A] * (n[kernel.V_RESET] - n[kernel.E_W])
    jump = decay * (late[M + 1] + n[kernel.B]) + (1.0 - decay) * pulled - W
    found = []
    for m in range(max(M, 1) + 1):
        term, total = 1.0, 0.0
        for k in range(m, -1, -1):
            if k <= M:
                total = total + term * decay**k * late[k]
            term = term * jump * k / (m - k + 1)
        found.append(total)
    return np.array(found)


def derivatives(modes: kernel.Modes, x: Array, W: float, mu: float, D: float) -> tuple[Array, Array, Array]:
    """Jacobians of (x', W') to (x, W) and to late (M + 2), and of (R_0..R_M, mu and D parts) beside them.

    Returns (K + 1, K + 1), (K + 1, M + 2) and (M + 1, K + 1), each at a point whose past equals its present.
    """
    K, M = x.size, modes.E.shape[0] - 1
    late = np.append(fluxes(modes, x, W, mu, D), W).astype(complex)
    now, past, out = np.zeros((K + 1, K + 1)), np.zeros((K + 1, M + 2)), np.zeros((M + 1, K + 1))
    for j in range(K + 1):
        z, w = x.astype(complex), complex(W)
        if j < K:
            z[j] += TINY * 1j
        else:
            w += TINY * 1j
        dx, dW = flow(modes, z, w, late, mu, D)
        now[:, j] = np.append(dx, dW).imag / TINY
        out[:, j] = fluxes(modes, z, w, mu, D).imag / TINY
    for j in range(M + 2):
        moved = late.copy()
        moved[j] += TINY * 1j
        dx, dW = flow(modes, x.astype(complex), complex(W), moved, mu, D)
        past[:, j] = np.append(dx, dW).imag / TINY
    return now, past, out


def to_drive(modes: kernel.Modes, state: ReducedState) -> tuple[Array, Array]:
    """Derivatives of (x', W') and of R_0 to mu and D: (K + 1, 2) and (M + 1, 2)."""
    late = np.append(fluxes(modes, state.x, state.W, state.mu, state.D), state.W)
    columns, outs = [], []
    for mu, D in ((state.mu + TINY * 1j, state.D), (state.mu, state.D + TINY * 1j)):
        dx, dW = flow(modes, state.x.astype(complex), complex(state.W), late.astype(complex), mu, D)
        columns.append(np.append(dx, dW).imag / TINY)
        outs.append(fluxes(modes, state.x.astype(complex), complex(state.W), mu, D).imag / TINY)
    return np.array(columns).T, np.array(outs).T


def through_past(out: Array) -> Array:
    """(M + 2, K + 1): derivatives of what becomes `late`, from those of the fluxes."""
    last = np.zeros((1, out.shape[1]))
    last[0, -1] = 1.0
    return np.vstack([out, last])


def stationary(modes: kernel.Modes, mu: float, D: float, x: Array, W: float) -> ReducedState:
    """Newton's method with mass P + t_ref R_0 = 1, from a guess; steps of pseudo-time where it does not contract.

    Raises NumericsError where it does not converge.
    """
    for damping in (0.0, 1.0 / SHORTEST):
        found = _newton(modes, mu, D, x, W, damping)
        if found is not None:
            return found
    raise NumericsError(f"the modes have no stationary state near mu = {mu:.6g} V/s, D = {D:.6g} V^2/s")


def _newton(modes: kernel.Modes, mu: float, D: float, x: Array, W: float, damping: float) -> ReducedState | None:
    K, t_ref = x.size, modes.numbers[kernel.T_REF]
    y = np.append(x, W).astype(float)
    scale = np.append(np.maximum(np.abs(y[:-1]), 1e-3 * np.abs(y[:-1]).max()), max(abs(W), 0.1))
    for _ in range(STEPS):
        now, past, out = derivatives(modes, y[:K], y[K], mu, D)
        matrix = now + past @ through_past(out)
        R = fluxes(modes, y[:K], y[K], mu, D)
        dx, dW = flow(modes, y[:K], y[K], np.append(R, y[K]), mu, D)
        right = -np.append(dx, dW)
        matrix = matrix - damping * np.eye(K + 1)
        matrix[0] = t_ref * out[0]
        matrix[0, 0] += 1.0
        right[0] = 1.0 - y[0] - t_ref * R[0]
        move = np.linalg.solve(matrix, right)
        size = float(np.max(np.abs(move) / scale))
        if not np.isfinite(size):
            return None
        y = y + move * min(1.0, 2.0 / size)
        if size < SETTLED and damping < 1.0:
            return _finish(modes, mu, D, y)
        damping = 0.0 if size < 1e-2 else damping * 0.7
    return None


def _finish(modes: kernel.Modes, mu: float, D: float, y: Array) -> ReducedState:
    n, x, W = modes.numbers, y[:-1], float(y[-1])
    R = fluxes(modes, x, W, mu, D)
    into = reinjected(modes, W, np.append(R, W))
    pool = n[kernel.T_REF] * R[0]
    R_1 = R[1] if modes.E.shape[0] > 1 else 0.0
    content = (
        n[kernel.TAU_W] * (R_1 + n[kernel.B] * R[0] - into[1])
        + n[kernel.A] * (n[kernel.V_RESET] - n[kernel.E_W]) * pool
    )
    V_mean = modes.v @ x + pool * n[kernel.V_RESET]
    return ReducedState(mu, D, x, W, float(R[0]), float(V_mean), float(x[0] * W + content))


def response(modes: kernel.Modes, state: ReducedState, lambdas: Values) -> NDArray[np.complex128]:
    """(2, lambda): d rate / d mu and d rate / d D for changes that go as exp(lambda t), lambda [1/s]."""
    K, t_ref = state.x.size, modes.numbers[kernel.T_REF]
    now, past, out = derivatives(modes, state.x, state.W, state.mu, state.D)
    source, direct = to_drive(modes, state)
    chain = through_past(out)
    found = np.empty((2, len(lambdas)), dtype=complex)
    for k, rate in enumerate(lambdas):
        delay = np.exp(-rate * t_ref)
        drive = source + delay * (past[:, :-1] @ direct)
        matrix = rate * np.eye(K + 1) - now - delay * (past @ chain)
        if rate == 0.0:  # mass is conserved: its equation is redundant, and replaced
            matrix[0] = t_ref * out[0]
            matrix[0, 0] += 1.0
            drive = drive.copy()
            drive[0] = -t_ref * direct[0]
        found[:, k] = out[0] @ np.linalg.solve(matrix, drive) + direct[0]
    return found
