"""Time stepping of a density's modes: linear dynamics gated by the input, in the scheme of the density itself.

    x'  = (R_0 + u R_1 + D R_2 + s R_3) x + sum_m E_m R_m^in,   R_m = (c_m0 + u c_m1 + D c_m2) . x,   u = mu - W/C_m
    W'  = (a (<V> - E_w) - W)/tau_w + J/P,   s = a <V>/tau_w + J/P,   P = x_0,   <V> = v.x/P,   J = R_1^in - R_1
    R_m^in = sum_k C(m, k) eps^k c^(m-k) R_k(t - t_ref),   eps and c as in popdyn.theory.hierarchy

BDF2, implicit in x, with second-order extrapolation of W and s: the steps of `density_1d`, so that modes differ from
the density by what was left out and not by how they are stepped.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

C_M, A, B, TAU_W, E_W, V_RESET, T_REF, NUMBERS = range(8)
W, J, Q, X, SCALARS = range(5)  # frame, J, refractory neurons and their content of w
RATE, MEAN_V, MEAN_W, DEFECT, LEAST_RATE, OUTPUTS = range(6)

Array = NDArray[np.float64]


class Modes(NamedTuple):
    """Matrices of one population with K modes and the moments 0..M of w."""

    R: Array  # (4, K, K): constant, per u, per D, per s
    E: Array  # (M + 1, K): what reinjected moments enter
    c: Array  # (M + 1, 3, K): outgoing fluxes, constant, per u, per D
    v: Array  # (K,): int V q_0 [V]
    numbers: Array  # (NUMBERS,)


class State(NamedTuple):
    """Two levels of x and scalars, the past of the fluxes, and work space."""

    x: Array  # (2, K), now and before
    scalars: Array  # (2, SCALARS)
    past: Array  # (lag, M + 2): R_0..R_M and W, a ring
    matrix: Array  # (K, K)
    work: Array  # (M + 4, K): fluxes' rows, extrapolated x, right-hand side, spare
    fluxes: Array  # (3, M + 2): late R_0..R_M and W; outgoing; reinjected
    done: NDArray[np.int64]  # (1,)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def solve_dense(matrix: Array, x: Array) -> None:
    """Gaussian elimination with partial pivoting, in place; x holds the right-hand side on entry."""
    n = x.shape[0]
    for k in range(n - 1):
        pivot = k
        for i in range(k + 1, n):
            if abs(matrix[i, k]) > abs(matrix[pivot, k]):
                pivot = i
        if pivot != k:
            for j in range(k, n):
                matrix[k, j], matrix[pivot, j] = matrix[pivot, j], matrix[k, j]
            x[k], x[pivot] = x[pivot], x[k]
        inverse, top = 1.0 / matrix[k, k], matrix[k, k + 1 :]
        for i in range(k + 1, n):
            factor, row = matrix[i, k] * inverse, matrix[i, k + 1 :]
            for j in range(row.shape[0]):
                row[j] -= factor * top[j]
            x[i] -= factor * x[k]
    for i in range(n - 1, -1, -1):
        total = x[i]
        for j in range(i + 1, n):
            total -= matrix[i, j] * x[j]
        x[i] = total / matrix[i, i]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _late(state: State, lag: float) -> float:
    """Known parts of the fluxes `lag` steps ago into fluxes[0]; returns the weight of the present in them."""
    whole = int(lag)
    part = lag - whole
    length, columns = state.past.shape
    now = state.done[0]
    for m in range(columns):
        state.fluxes[0, m] = part * state.past[(now - whole - 1) % length, m]
        if whole > 0:
            state.fluxes[0, m] += (1.0 - part) * state.past[(now - whole) % length, m]
    return 0.0 if whole > 0 else 1.0 - part


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _assemble(modes: Modes, state: State, u: float, D: float, s: float, step: float) -> None:
    """1 - step (R_0 + u R_1 + D R_2 + s R_3) into matrix, rows of the fluxes into work."""
    M, K = modes.E.shape[0] - 1, modes.v.shape[0]
    for i in range(K):
        for j in range(K):
            value = modes.R[0, i, j] + u * modes.R[1, i, j] + D * modes.R[2, i, j]
            state.matrix[i, j] = -step * value
        if M > 0:
            for j in range(K):
                state.matrix[i, j] -= step * s * modes.R[3, i, j]
        state.matrix[i, i] += 1.0
    for m in range(M + 1):
        for j in range(K):
            state.work[m, j] = modes.c[m, 0, j] + u * modes.c[m, 1, j] + D * modes.c[m, 2, j]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _reinject(modes: Modes, state: State, jump: float, decay: float, present: float, step: float) -> None:
    """Add step E_m R_m^in: its known part to the right-hand side, what the present contributes to the matrix."""
    M, K = modes.E.shape[0] - 1, modes.v.shape[0]
    right = M + 2
    for m in range(M + 1):
        term = step
        for k in range(m, -1, -1):
            factor = term * decay**k
            for i in range(K):
                state.work[right, i] += factor * state.fluxes[0, k] * modes.E[m, i]
                if present > 0.0:
                    weight = factor * present * modes.E[m, i]
                    for j in range(K):
                        state.matrix[i, j] -= weight * state.work[k, j]
            term = term * jump * k / (m - k + 1)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def advance(modes: Modes, state: State, mu: float, D: float, dt: float, restart: bool) -> float:
    """One step to the drive (mu [V/s], D [V^2/s]) at its end; returns the rate [1/s]. `restart`: backward Euler."""
    M, K = modes.E.shape[0] - 1, modes.v.shape[0]
    n, now, old = modes.numbers, state.scalars[0], state.scalars[1]
    star, right = M + 1, M + 2
    step, c_now, c_old, e_now, e_old = 2.0 * dt / 3.0, 4.0 / 3.0, -1.0 / 3.0, 2.0, -1.0
    if restart:
        step, c_now, c_old, e_now, e_old = dt, 1.0, 0.0, 1.0, 0.0
    content = 0.0
    for i in range(K):
        state.work[star, i] = e_now * state.x[0, i] + e_old * state.x[1, i]
        state.work[right, i] = c_now * state.x[0, i] + c_old * state.x[1, i]
        content += modes.v[i] * state.work[star, i]
    P = state.work[star, 0]
    mean_V, rate = content / P, 1.0 / n[TAU_W]
    W_star = e_now * now[W] + e_old * old[W]
    J_star = e_now * now[J] + e_old * old[J]
    decay = np.exp(-n[T_REF] * rate) if n[T_REF] > 0.0 else 1.0
    present = _late(state, n[T_REF] / dt)
    late_W = state.fluxes[0, M + 1] + present * W_star
    jump = decay * (late_W + n[B]) + (1.0 - decay) * n[A] * (n[V_RESET] - n[E_W]) - W_star
    _assemble(modes, state, mu - W_star / n[C_M], D, n[A] * mean_V * rate + J_star / P, step)
    _reinject(modes, state, jump, decay, present, step)
    solve_dense(state.matrix, state.work[right])
    _finish(modes, state, (c_now, c_old, step), (jump, decay, present), mean_V, P)
    return float(state.fluxes[1, 0])


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _finish(
    modes: Modes, state: State, scheme: tuple[float, float, float], late: tuple[float, float, float], mean_V: float,
    P: float,
) -> None:  # fmt: skip
    """Fluxes, frame and refractory pool at the new time; the levels move on."""
    M, K = modes.E.shape[0] - 1, modes.v.shape[0]
    c_now, c_old, step = scheme
    jump, decay, present = late
    n, now, old = modes.numbers, state.scalars[0], state.scalars[1]
    right, rate = M + 2, 1.0 / n[TAU_W]
    for m in range(M + 1):
        flux = 0.0
        for j in range(K):
            flux += state.work[m, j] * state.work[right, j]
        state.fluxes[1, m] = flux
        state.fluxes[0, m] += present * flux
    for m in range(max(M, 1) + 1):
        term, total = 1.0, 0.0
        for k in range(m, -1, -1):
            if k <= M:
                total += term * decay**k * state.fluxes[0, k]
            term = term * jump * k / (m - k + 1)
        state.fluxes[2, m] = total
    R_1 = state.fluxes[1, 1] if M > 0 else 0.0
    J_new = state.fluxes[2, 1] - R_1
    drive = n[A] * (mean_V - n[E_W]) * rate + J_new / P
    W_new = (c_now * now[W] + c_old * old[W] + step * drive) / (1.0 + step * rate)
    Q_new = c_now * now[Q] + c_old * old[Q] + step * (state.fluxes[1, 0] - state.fluxes[2, 0])
    content = R_1 + (W_new + n[B]) * state.fluxes[1, 0] - state.fluxes[2, 1] - W_new * state.fluxes[2, 0]
    content += n[A] * (n[V_RESET] - n[E_W]) * rate * Q_new
    X_new = (c_now * now[X] + c_old * old[X] + step * content) / (1.0 + step * rate)
    for i in range(K):
        state.x[1, i], state.x[0, i] = state.x[0, i], state.work[right, i]
    for k in range(SCALARS):
        old[k] = now[k]
    now[W], now[J], now[Q], now[X] = W_new, J_new, Q_new, X_new
    row = state.done[0] % state.past.shape[0]
    for m in range(M + 1):
        state.past[row, m] = state.fluxes[1, m]
    state.past[row, M + 1] = W_new
    state.done[0] += 1


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def means(modes: Modes, state: State) -> tuple[float, float]:
    """<V> [V] and <w> (in the unit of w) of all neurons, refractory ones included."""
    total = modes.numbers[V_RESET] * state.scalars[0, Q]
    for i in range(modes.v.shape[0]):
        total += modes.v[i] * state.x[0, i]
    return total, state.x[0, 0] * state.scalars[0, W] + state.scalars[0, X]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def defect(missing: Array, modes: Modes, state: State, mu: float, D: float) -> float:
    """Norm of what the modes leave out of the density's rate of change, seen by the rate; missing (4, r, K)."""
    n, now, P = modes.numbers, state.scalars[0], state.x[0, 0]
    mean_V = 0.0
    for i in range(modes.v.shape[0]):
        mean_V += modes.v[i] * state.x[0, i] / P
    u, s = mu - now[W] / n[C_M], n[A] * mean_V / n[TAU_W] + now[J] / P
    total = 0.0
    for i in range(missing.shape[1]):
        row = 0.0
        for j in range(modes.v.shape[0]):
            value = missing[0, i, j] + u * missing[1, i, j] + D * missing[2, i, j] + s * missing[3, i, j]
            row += value * state.x[0, j]
        total += row * row
    return float(np.sqrt(total))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(
    modes: Modes, state: State, missing: Array, mu: Array, D: Array, restart: NDArray[np.bool_], dt: float, out: Array
) -> int:
    """Advance through mu, D (step,); out (bin, OUTPUTS) has means over each bin, the defect at its end, the least rate.

    Returns the number of steps done: fewer than asked when a value is not finite.
    """
    per_bin = mu.shape[0] // out.shape[0]
    last, (last_V, last_w) = 0.0, means(modes, state)
    for b in range(out.shape[0]):
        out[b] = 0.0
        out[b, LEAST_RATE] = np.inf
        for k in range(per_bin):
            t = b * per_bin + k
            rate = advance(modes, state, mu[t], D[t], dt, restart[t])
            V, w = means(modes, state)
            out[b, RATE] += 0.5 * (last + rate) if t > 0 else rate
            out[b, MEAN_V] += 0.5 * (last_V + V)
            out[b, MEAN_W] += 0.5 * (last_w + w)
            out[b, LEAST_RATE] = min(out[b, LEAST_RATE], rate)
            last, last_V, last_w = rate, V, w
        out[b, RATE : MEAN_W + 1] /= per_bin
        if not np.isfinite(out[b, RATE]):
            return b * per_bin
        if missing.shape[1] > 0:
            out[b, DEFECT] = defect(missing, modes, state, mu[t], D[t])
    return mu.shape[0]
