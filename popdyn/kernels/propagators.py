"""Time stepping of a density's modes by tabulated propagators (popdyn.theory.propagators): one product a step.

    (x, mean R_m, mean v.x) = (G_0 + (u - u_c) G_u + rise G_rise + (D - D_c) G_D + (s - s_c) G_s) (x, F)
    u = mu - W*/C_m
    F_m = sum_k C(m, k) eps^k c^(m-k) (mean of R_k, t_ref earlier);   W, s, eps, c of popdyn.kernels.modes

mu and D are means over the step; W* and s are extrapolated to its middle. Of second order, one-step in x: a jump of the
drive needs no restart. Nothing is allocated, so that numba need not count references (_nrt=False).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.modes import DEFECT, LEAST_RATE, MEAN_V, MEAN_W, RATE
from popdyn.kernels.tall import multiply

(
    U_LOW, U_WIDTH, PER_U, D_LOW, D_WIDTH, PER_D, S_MIDDLE, DT, LAG, DECAY, LATE, PULLED, PER_C, PER_TAU, TAU_W, A, B,
    E_W, V_RESET, NUMBERS,
) = range(20)  # fmt: skip
"""First edge and width of the cells of u and D, and 1 over the width; s of the table; step; t_ref in steps;
exp(-dt/tau_w), exp(-t_ref/tau_w), what w relaxes to while refractory times what it does so by; 1/C_m, 1/tau_w."""
MODES, TOP, COLUMNS, WITH_D, WITH_S, SEEN, U_CELLS, D_CELLS, FIRST, LAGS, ROWS, LONG, SIZES = range(13)
"""Modes, the last moment, columns of a term, whether there are slopes in D and s, rows of the defect; cells,
the first one, steps of the past that are kept; numbers in y and z."""
NOW_W, OLD_W, NOW_S, OLD_S, Q, X, P_MEAN, Q_MEAN, U, OUTSIDE, SCALARS = range(11)
"""w and s now and one step ago, refractory neurons and their content of w; shares averaged over the step, u in its
middle; steps that left the table."""

Array = NDArray[np.float64]


class Propagators(NamedTuple):
    """The table of one population at one step."""

    numbers: Array  # (NUMBERS,)
    sizes: NDArray[np.int64]  # (SIZES,)
    table: Array  # (cell, columns x rows): u cells of the first D, then of the next; padded, column after column


class State(NamedTuple):
    """x and the step's means, scalars, the past of the fluxes, work space."""

    y: Array  # (rows,): x, mean R_0..R_M, mean v.x, what is left out of x'
    z: Array  # (columns,): x and F, times every slope's factor
    scalars: Array  # (SCALARS,)
    past: Array  # (lag, M + 2 or more): means R_0..R_M and W over the steps, a ring
    late: Array  # (2, M + 2): late R_0..R_M and W; reinjected
    done: NDArray[np.int64]  # (1,)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def cell(x: float, count: int) -> int:
    """Number of the cell of a place, the nearest one where it is outside."""
    if not x > 0.0:
        return 0
    return min(int(x), count - 1)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def scaled(z: Array, at: int, columns: int, factor: float) -> int:
    """The first columns of z times a factor from place `at` on; returns the place behind them."""
    for j in range(columns):
        z[at + j] = factor * z[j]
    return at + columns


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def reinject(p: Propagators, state: State, W: float) -> None:
    """Fluxes reinjected during the step into late[1], from step means of the past."""
    lag, M = p.numbers[LAG], p.sizes[TOP]
    whole = int(lag)
    part, length, now = lag - whole, p.sizes[LAGS], state.done[0]
    late, into = state.late[0], state.late[1]
    first, second = state.past[(now - whole - 1) % length], state.past[(now - whole) % length]
    for m in range(M + 2):
        late[m] = part * first[m] + (1.0 - part) * second[m]
    eps = p.numbers[LATE]
    jump = eps * (late[M + 1] + p.numbers[B]) + p.numbers[PULLED] - W
    for m in range(max(M, 1) + 1):
        term, total, power = 1.0, 0.0, eps**m
        for k in range(m, -1, -1):
            if k <= M:
                total += term * power * late[k]
            term, power = term * jump * k / (m - k + 1), power / eps
        into[m] = total


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def advance(p: Propagators, state: State, mu: float, rise: float, D: float) -> float:
    """One step at the mean drive mu [V/s], D [V^2/s], mu rising by `rise` in half of it; the mean rate [1/s]."""
    t, s, y, z = p.numbers, state.scalars, state.y, state.z
    K, M, columns = p.sizes[MODES], p.sizes[TOP], p.sizes[COLUMNS]
    W_star = 1.5 * s[NOW_W] - 0.5 * s[OLD_W]
    s[U] = mu - W_star * t[PER_C]
    at_u, at_D = (s[U] - t[U_LOW]) * t[PER_U], (D - t[D_LOW]) * t[PER_D]
    i, j = cell(at_u, p.sizes[U_CELLS]), cell(at_D, p.sizes[D_CELLS])
    if not 0.0 <= at_u <= p.sizes[U_CELLS] or not 0.0 <= at_D <= p.sizes[D_CELLS]:
        s[OUTSIDE] += 1.0
    s[P_MEAN] = 0.5 * y[0]
    for k in range(K):
        z[k] = y[k]
    if columns > K:
        reinject(p, state, W_star)
        for m in range(M + 1):
            z[K + m] = state.late[1, m]
    at = scaled(z, columns, columns, (at_u - i - 0.5) * t[U_WIDTH])
    at = scaled(z, at, columns, rise)
    if p.sizes[WITH_D]:
        at = scaled(z, at, columns, (at_D - j - 0.5) * t[D_WIDTH])
    if p.sizes[WITH_S]:
        scaled(z, at, columns, 2.0 * s[NOW_S] - s[OLD_S] - t[S_MIDDLE])
    multiply(p.table[p.sizes[FIRST] + j * p.sizes[U_CELLS] + i], z, y)
    s[P_MEAN] += 0.5 * y[0]
    finish(p, state)
    return float(y[K])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def finish(p: Propagators, state: State) -> None:
    """Frame and refractory pool at the end of the step, from its means."""
    t, s, y = p.numbers, state.scalars, state.y
    K, M, dt, rate = p.sizes[MODES], p.sizes[TOP], p.numbers[DT], p.numbers[PER_TAU]
    back, R_0, R_1 = p.sizes[COLUMNS] > K, y[K], y[K + 1] if M > 0 else 0.0
    share = 1.0 / s[P_MEAN]
    J = (state.late[1, 1] - R_1 if back else t[B] * R_0) * share
    pulled = t[A] * y[K + M + 1] * share
    s[OLD_S], s[NOW_S] = s[NOW_S], pulled * rate + J
    target = pulled - t[A] * t[E_W] + J * t[TAU_W]
    s[OLD_W], s[NOW_W] = s[NOW_W], target + (s[NOW_W] - target) * t[DECAY]
    if back:
        W, into = 0.5 * (s[OLD_W] + s[NOW_W]), state.late[1]
        Q_new = s[Q] + dt * (R_0 - into[0])
        s[Q_MEAN] = 0.5 * (s[Q] + Q_new)
        content = R_1 + (W + t[B]) * R_0 - into[1] - W * into[0] + t[A] * (t[V_RESET] - t[E_W]) * rate * s[Q_MEAN]
        s[X] = content * t[TAU_W] + (s[X] - content * t[TAU_W]) * t[DECAY]
        s[Q] = Q_new
        row = state.past[state.done[0] % p.sizes[LAGS]]
        for m in range(M + 1):
            row[m] = y[K + m]
        row[M + 1] = W
    state.done[0] += 1


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def defect(p: Propagators, state: State) -> float:
    """Norm of what the modes leave out of the density's rate of change, seen by the rate, at the step's end."""
    first, total = p.sizes[MODES] + p.sizes[TOP] + 2, 0.0
    for k in range(first, first + p.sizes[SEEN]):
        total += state.y[k] * state.y[k]
    return float(np.sqrt(total))


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(p: Propagators, state: State, mu: Array, rise: Array, D: Array, out: Array) -> int:
    """Advance through mean drives mu, D (step,) and rises of mu; out (bin, OUTPUTS of popdyn.kernels.modes).

    The least rate is that of the steps' means, the defect that of the bin's last step. Returns the number of steps
    done: fewer than asked when a value is not finite.
    """
    per_bin = mu.shape[0] // out.shape[0]
    K, s, y = p.sizes[MODES], state.scalars, state.y
    V_at, w = K + p.sizes[TOP] + 1, y[0] * s[NOW_W] + s[X]
    for b in range(out.shape[0]):
        total, V, content, least = 0.0, 0.0, 0.5 * w, np.inf
        for t in range(b * per_bin, (b + 1) * per_bin):
            rate = advance(p, state, mu[t], rise[t], D[t])
            w = y[0] * s[NOW_W] + s[X]
            total, V, content, least = total + rate, V + y[V_at], content + w, min(least, rate)
            V += p.numbers[V_RESET] * s[Q_MEAN]
        out[b, RATE], out[b, MEAN_V] = total / per_bin, V / per_bin
        out[b, MEAN_W], out[b, LEAST_RATE] = (content - 0.5 * w) / per_bin, least
        if not np.isfinite(total):
            return b * per_bin
        out[b, DEFECT] = defect(p, state)
    return mu.shape[0]
