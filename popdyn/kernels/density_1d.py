"""Time stepping of the one-dimensional population density with its hierarchy of w-moments.

Fields q_n(V) = int (w - W)^n p dw, n = 0..M, are columns of one array of `WIDTH` columns, so that one tridiagonal
factorisation serves all of them and the compiler vectorises over columns. The equations are those of
`popdyn.theory.hierarchy`: BDF2, implicit in V, with second-order extrapolation of what couples the columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.closures import CUMULANT, close_fields, linear_closure
from popdyn.kernels.jumps import Jumps, fill_matrix, no_jumps, solve_band
from popdyn.kernels.operators import WIDTH, Hierarchy, Operator, assemble, assemble_positive, solve_columns

RESET, SHIFT = 5, 6  # columns of the right-hand side: response to reinjection, and to a shift of the frame
W, S, J, Q, X, P, PV, I_2, I_3, PEAK, LEAST, SCALARS = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11  # scalar state
FIELDS = 5  # columns that can hold q_0..q_4
FLUXES = 6  # R_0..R_5
AFFINE, POSITIVE = 0, 1
UNDERSHOOT = 1e-6
SCHEMES = {"affine": AFFINE, "positive": POSITIVE}
OUTPUTS = 8  # rate, int V q_0, P, W, Q, X, least q_0 over the largest, 1 where the positive scheme stepped

Array = NDArray[np.float64]


class State(NamedTuple):
    """Three rotating levels of fields, scalars and fluxes, the past of the fluxes, and work space."""

    fields: Array  # (3, cell, WIDTH)
    scalars: Array  # (3, SCALARS)
    past: Array  # (lag, FLUXES + 1): R_0..R_5 and W at earlier steps, a ring
    work: Array  # (5, cell): up, down, inverse diagonal, conditional mean of w - W at the faces, firing per q [V/s]
    star: Array  # (cell, WIDTH) extrapolated fields
    done: NDArray[np.int64]  # (1,) steps


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _make_nonnegative(width: Array, q: Array) -> None:
    """Empty the negative cells of q_0 and scale the others so that the mass stays."""
    total, kept = 0.0, 0.0
    for i in range(width.shape[0]):
        total += width[i] * q[i, 0]
        kept += width[i] * max(q[i, 0], 0.0)
    for i in range(width.shape[0]):
        q[i, 0] = max(q[i, 0], 0.0) * total / kept


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def late_moment(m: int, decay: float, jump: float, late: Array) -> float:
    """Part of R_m^in that lower moments bring: sum over k < m of C(m, k) decay^k jump^(m-k) R_k(t - t_ref)."""
    total, binomial = 0.0, 1.0
    for k in range(m):
        total += binomial * decay**k * jump ** (m - k) * late[k]
        binomial = binomial * (m - k) / (k + 1)
    return total


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def measure(op: Operator, order: int, q: Array, s: Array) -> tuple[float, float]:
    """Integrals over V of the fields (P, V q_0, q_2, q_3), largest and least q_0, into s; returns those of q_M, V q_M.

    LEAST is -1 where a field is not finite, or w has no variance.
    """
    mass, mean_V, second, third, top, top_V = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    peak, least, total = 0.0, 0.0, 0.0
    for i in range(op.width.shape[0]):
        width, V = op.width[i], op.centre[i]
        weight = width * q[i, 0]
        mass += weight
        mean_V += V * weight
        second += width * q[i, 2]
        third += width * q[i, 3]
        top += width * q[i, order]
        top_V += width * V * q[i, order]
        total += q[i, 1] + q[i, 4]
        peak = max(peak, q[i, 0])
        least = min(least, q[i, 0])
    s[P], s[PV], s[I_2], s[I_3], s[PEAK] = mass, mean_V, second, third, peak
    finite = np.isfinite(mass + mean_V + second + third + total) and peak > 0.0
    s[LEAST] = least / peak if finite and second > -1e-9 else -1.0
    return top, top_V


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _right_hand_sides(
    op: Operator, h: Hierarchy, now: Array, old: Array, star: Array, face: Array, c_now: float, c_old: float,
    step: float, mean_V: float, shift: float, mass: float, first: int, x: Array, edge: Array,
) -> None:  # fmt: skip
    """Fill x with cell width times (history + step * explicit terms).

    q_n is carried by the drift of w - W: flux -(q_(n+1) - face q_n)/C_m through the same faces as mu, where `face` is
    the part of w - W that the implicit operator carries already (zero, or each cell's mean; then first = 1). `edge`
    ends as its outflow.
    """
    n = op.width.shape[0]
    rate, speed = 1.0 / h.tau_w, -1.0 / h.C_m
    for k in range(FIELDS):
        edge[k] = 0.0
    for i in range(n):
        width = op.width[i]
        pull = h.a * (op.centre[i] - mean_V) * rate
        for k in range(FIELDS):
            x[i, k] = width * (c_now * now[i, k] + c_old * old[i, k])
        x[i, RESET] = op.reset[i]
        x[i, SHIFT] = step * width * star[i, 0] / mass
        x[i, 7] = 0.0
        if h.order == 0:
            continue
        j = min(i + 1, n - 1)
        above, below, carried = speed * op.up[1, i], speed * op.down[1, i], face[i]
        if first == 0:
            flux = above * star[i, 1] - below * star[j, 1]
            x[i, 0] += step * (edge[0] - flux)
            edge[0] = flux
        for k in range(1, h.order + 1):
            flux = above * (star[i, k + 1] - carried * star[i, k]) - below * (star[j, k + 1] - carried * star[j, k])
            lower = pull if k == 1 else pull - shift
            x[i, k] += step * (width * k * (lower * star[i, k - 1] - rate * star[i, k]) + edge[k] - flux)
            edge[k] = flux


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _delayed(state: State, lag: float, column: int) -> tuple[float, float]:
    """Weight of the present, and the known rest, of a flux `lag` steps ago (linear interpolation)."""
    whole = int(lag)
    part = lag - whole
    length = state.past.shape[0]
    present = state.done[0]
    known = part * state.past[(present - whole - 1) % length, column]
    if whole == 0:
        return 1.0 - part, known
    return 0.0, known + (1.0 - part) * state.past[(present - whole) % length, column]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _solve(op: Operator, jumps: Jumps, jump_rate: Array, state: State, step: float, x: Array) -> int:
    """Solve the implicit system in place; fills work[4], the firing per q, and returns its first cell that fires."""
    n = op.width.shape[0]
    up, down, firing = state.work[0], state.work[1], state.work[4]
    if jump_rate.shape[0] == 0:
        solve_columns(op.width, up, down, step, x, state.work[2])
        firing[n - 1] = up[n - 1]
        return n - 1
    first = n - 1
    for i in range(n):
        firing[i] = 0.0
        for c in range(jump_rate.shape[0]):
            firing[i] += jump_rate[c] * jumps.out[c, i]
        if firing[i] != 0.0:
            first = min(first, i)
    firing[n - 1] += up[n - 1]
    fill_matrix(jumps, jump_rate, op.width, up, down, step)
    solve_band(jumps.matrix, jumps.below[0], x, state.work[2])
    return first


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _close_fluxes(
    h: Hierarchy, state: State, x: Array, edge: Array, step: float, lag: float,
    W_star: float, moments: tuple[float, float, float], outgoing: Array, inflow: Array, first_firing: int,
) -> float:  # fmt: skip
    """Outgoing fluxes R_n and reinjected R_n^in, implicit; completes the fields in x. Returns J = R_1^in - R_1."""
    n, M = x.shape[0], h.order
    fired = np.zeros(WIDTH)
    for i in range(first_firing, n):
        for k in range(WIDTH):
            fired[k] += state.work[4, i] * x[i, k]
    zeta, eta = step * fired[RESET], fired[SHIFT]
    decay = np.exp(-h.t_ref / h.tau_w)
    present_W, W_past = _delayed(state, lag, FLUXES)
    jump = decay * (W_past + present_W * W_star + h.b) + (1.0 - decay) * h.a * (h.V_reset - h.E_w) - W_star
    late = np.zeros(FLUXES)
    J_new = 0.0
    for m in range(M + 2):
        present, known = _delayed(state, lag, m)
        gain = decay**m
        rest = gain * known + late_moment(m, decay, jump, late)
        if m > M:  # the moment above: by the closure, which holds for fluxes as for fields
            r = 0.0
            if M > 0 and h.closure != CUMULANT:
                r = linear_closure(M, moments[0], moments[1], moments[2], outgoing[0], outgoing[1], outgoing[2])
        elif m == 1:
            base = fired[1] + edge[1]
            r = (base + (zeta - eta) * rest) / (1.0 - eta - (zeta - eta) * gain * present)
        else:
            base = fired[m] + edge[m]
            r = (base + zeta * rest) / (1.0 - zeta * gain * present)
        outgoing[m] = r
        late[m] = present * r + known
        inflow[m] = rest + gain * present * r
        if m == 1:
            J_new = inflow[1] - r
    for i in range(n):
        for m in range(M + 1):
            x[i, m] += step * inflow[m] * x[i, RESET]
        if M > 0:
            x[i, 1] -= J_new * x[i, SHIFT]
    return J_new


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _advance_scalars(
    op: Operator, h: Hierarchy, s_now: Array, s_old: Array, s: Array, x: Array, c_now: float, c_old: float,
    step: float, mean_V: float, mass: float, outgoing: Array, inflow: Array, J_new: float,
) -> None:  # fmt: skip
    """Frame W, moment S_(M+1), refractory pool Q and its w content X at the new time; P and int V q_0."""
    rate, M = 1.0 / h.tau_w, h.order
    s[J] = J_new
    drive = h.a * (mean_V - h.E_w) * rate + J_new / mass
    s[W] = (c_now * s_now[W] + c_old * s_old[W] + step * drive) / (1.0 + step * rate)
    lower, pull = measure(op, M, x, s)
    P_new, PV_new = s[P], s[PV]
    n = M + 1
    gain = n * (h.a * (pull - PV_new / P_new * lower) * rate - J_new * lower / P_new) / P_new
    gain += (inflow[n] - outgoing[n]) / P_new
    loss = n * rate + (inflow[0] - outgoing[0]) / P_new
    s[S] = (c_now * s_now[S] + c_old * s_old[S] + step * gain) / (1.0 + step * loss)
    s[Q] = c_now * s_now[Q] + c_old * s_old[Q] + step * (outgoing[0] - inflow[0])
    content = outgoing[1] + (s[W] + h.b) * outgoing[0] - inflow[1] - s[W] * inflow[0]
    content += h.a * (h.V_reset - h.E_w) * rate * s[Q]
    s[X] = (c_now * s_now[X] + c_old * s_old[X] + step * content) / (1.0 + step * rate)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def advance(
    op: Operator, h: Hierarchy, state: State, mu: float, D: float, dt: float, restart: bool, scheme: int,
    jumps: Jumps, jump_rate: Array,
) -> float:  # fmt: skip
    """One step of length dt to the drive (mu [V/s], D [V^2/s]) at its end; returns the rate R_0 [1/s].

    AFFINE: BDF2; `restart` takes one backward-Euler step instead (start of a run, and after a jump of the drive).
    POSITIVE: backward Euler with upwinded faces; q_0 stays non-negative.
    """
    new, now, old = state.done[0] % 3, (state.done[0] + 2) % 3, (state.done[0] + 1) % 3
    x, s = state.fields[new], state.scalars[new]
    s_now, s_old = state.scalars[now], state.scalars[old]
    step, c_now, c_old, e_now, e_old = 2.0 * dt / 3.0, 4.0 / 3.0, -1.0 / 3.0, 2.0, -1.0
    if restart or scheme == POSITIVE:
        step, c_now, c_old, e_now, e_old = dt, 1.0, 0.0, 1.0, 0.0
    if scheme == POSITIVE:
        _make_nonnegative(op.width, state.fields[now])
        measure(op, h.order, state.fields[now], s_now)
    for i in range(x.shape[0]):
        for k in range(FIELDS):
            state.star[i, k] = e_now * state.fields[now, i, k] + e_old * state.fields[old, i, k]
    W_star = e_now * s_now[W] + e_old * s_old[W]
    S_star = e_now * s_now[S] + e_old * s_old[S]
    mass = e_now * s_now[P] + e_old * s_old[P]
    mean_V = (e_now * s_now[PV] + e_old * s_old[PV]) / mass
    S_2 = S_star if h.order == 1 else (e_now * s_now[I_2] + e_old * s_old[I_2]) / mass
    S_3 = S_star if h.order == 2 else (e_now * s_now[I_3] + e_old * s_old[I_3]) / mass
    shift = (e_now * s_now[J] + e_old * s_old[J]) / mass
    edge, outgoing, inflow = np.zeros(FIELDS), np.zeros(FLUXES), np.zeros(FLUXES)
    up, down, face = state.work[0], state.work[1], state.work[3]
    u, first = mu - W_star / h.C_m, 0
    if scheme == POSITIVE:
        limit = 12.0 * np.sqrt(max(S_2, 0.0))
        assemble_positive(op, u, D, h.C_m, state.star, limit, up, down, face)
        first = 1
    else:
        assemble(op, u, D, up, down)
        face[:] = 0.0
    if h.order > 0:
        close_fields(h.closure, h.order, state.star, S_2, S_3, S_star, s_now[PEAK])
    _right_hand_sides(
        op, h, state.fields[now], state.fields[old], state.star, face, c_now, c_old, step, mean_V, shift, mass, first,
        x, edge,
    )  # fmt: skip
    first_firing = _solve(op, jumps, jump_rate, state, step, x)
    moments = (S_2, S_3, S_star)
    lag = h.t_ref / dt
    J_new = _close_fluxes(h, state, x, edge, step, lag, W_star, moments, outgoing, inflow, first_firing)
    _advance_scalars(op, h, s_now, s_old, s, x, c_now, c_old, step, mean_V, mass, outgoing, inflow, J_new)
    row = state.done[0] % state.past.shape[0]
    for m in range(FLUXES):
        state.past[row, m] = outgoing[m]
    state.past[row, FLUXES] = s[W]
    state.done[0] += 1
    return outgoing[0]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(
    op: Operator, h: Hierarchy, state: State, mu: Array, D: Array, restart: NDArray[np.bool_], dt: float,
    scheme: int, out: Array,
) -> int:  # fmt: skip
    """Advance through mu, D (step,), writing the OUTPUTS of each step to out (step, OUTPUTS).

    A step of the affine scheme that undershoots by more than UNDERSHOOT is taken again by the positive one.
    Returns the number of steps done: fewer than asked when a value is not finite.
    """
    jumps, no_rate = no_jumps(op.width.shape[0]), np.zeros(0)
    for t in range(mu.shape[0]):
        rate = advance(op, h, state, mu[t], D[t], dt, restart[t], scheme, jumps, no_rate)
        s = state.scalars[(state.done[0] - 1) % 3]
        fell_back = scheme == POSITIVE
        if scheme == AFFINE and s[LEAST] < -UNDERSHOOT:
            state.done[0] -= 1
            rate = advance(op, h, state, mu[t], D[t], dt, restart[t], POSITIVE, jumps, no_rate)
            fell_back = True
        out[t, 0], out[t, 1], out[t, 2], out[t, 3], out[t, 4], out[t, 5] = rate, s[PV], s[P], s[W], s[Q], s[X]
        out[t, 6], out[t, 7] = s[LEAST], 1.0 if fell_back else 0.0
        if not np.isfinite(rate):
            return t
    return mu.shape[0]
