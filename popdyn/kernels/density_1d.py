"""Time stepping of the one-dimensional population density with its hierarchy of w-moments.

Fields q_n(V) = int (w - W)^n p dw, n = 0..M, are columns of one array of `WIDTH` columns, so that one tridiagonal
factorisation serves all of them and the compiler vectorises over columns. The equations are those of
`popdyn.theory.hierarchy`: BDF2, implicit in V, with second-order extrapolation of what couples the columns.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.closures import close_fields
from popdyn.kernels.density_fluxes import advance_scalars, close_fluxes
from popdyn.kernels.density_state import (
    AFFINE,
    BELOW,
    BETA,
    EDGE,
    FIELDS,
    FITTED,
    FLUXES,
    I_2,
    I_3,
    INFLOW,
    LEAST,
    OUTGOING,
    OUTPUTS,
    PAST,
    PEAK,
    POSITIVE,
    PV,
    RESET,
    SCALARS,
    SCHEMES,
    SECOND,
    SECOND_STAR,
    SHIFT,
    SUMS,
    TRAIN,
    TRAINS,
    UNDERSHOOT,
    J,
    P,
    Q,
    S,
    State,
    W,
    X,
    make_nonnegative,
    measure,
)
from popdyn.kernels.density_train import carries_second, close_trains, train_fluxes
from popdyn.kernels.edge_noise import Noise, add_noise, no_noise
from popdyn.kernels.edge_noise_train import add_regular_noise
from popdyn.kernels.jumps import Jumps, fill_matrix, no_jumps, solve_band
from popdyn.kernels.operators import (
    Hierarchy,
    Operator,
    assemble,
    assemble_fitted,
    assemble_positive,
    solve_columns,
)

Array = NDArray[np.float64]

__all__ = [
    "AFFINE",
    "FIELDS",
    "FLUXES",
    "I_2",
    "I_3",
    "LEAST",
    "OUTPUTS",
    "PAST",
    "PEAK",
    "POSITIVE",
    "PV",
    "SCALARS",
    "SCHEMES",
    "SUMS",
    "UNDERSHOOT",
    "J",
    "P",
    "Q",
    "S",
    "State",
    "W",
    "X",
    "advance",
    "integrate",
    "measure",
]  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _extrapolate(now: Array, old: Array, e_now: float, e_old: float, second: bool, star: Array) -> None:
    """Fields at the new time, those of regular trains in columns of their own."""
    for i in range(star.shape[0]):
        for k in range(FIELDS):
            star[i, k] = e_now * now[i, k] + e_old * old[i, k]
        star[i, TRAIN] = e_now * now[i, TRAIN] + e_old * old[i, TRAIN]
        star[i, SECOND_STAR] = star[i, SECOND] if second else 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _faces(
    op: Operator, h: Hierarchy, state: State, u: float, D: float, shunt: Array, scheme: int, limit: float
) -> int:
    """Face coefficients of the scheme into work[0], work[1]; returns 1 where they carry the mean of w - W, else 0."""
    up, down, face = state.work[0], state.work[1], state.work[3]
    if scheme == POSITIVE:
        assemble_positive(op, u, D, shunt, h.V_reset, h.C_m, state.star, limit, up, down, face)
        return 1
    if scheme == FITTED:
        assemble_fitted(op, u, D, shunt, h.V_reset, up, down)
    else:
        assemble(op, u, D, shunt, up, down)
    face[:] = 0.0
    return 0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def advance(
    op: Operator, h: Hierarchy, state: State, mu: float, D: float, dt: float, restart: bool, scheme: int,
    jumps: Jumps, jump_rate: Array, noise: Noise, profile: Array, train: Array, shunt: Array,
) -> float:  # fmt: skip
    """One step of length dt to the drive (mu [V/s], D [V^2/s]) at its end; returns the rate R_0 [1/s].

    AFFINE: BDF2; `restart` takes one backward-Euler step instead (start of a run, and after a jump of the drive).
    FITTED: the same with faces that are fitted to the drive at every step.
    POSITIVE: backward Euler with upwinded faces; q_0 stays non-negative.
    With noise.neurons > 0 the step's finite-size noise is added, its variances from profile (cell, column). train: BETA
    (0: none), CROSS and SPREAD of the noise that regular trains bring. shunt: of conductances, or empty.
    """
    new, now, old = state.done[0] % 3, (state.done[0] + 2) % 3, (state.done[0] + 1) % 3
    x, s = state.fields[new], state.scalars[new]
    s_now, s_old = state.scalars[now], state.scalars[old]
    step, c_now, c_old, e_now, e_old = 2.0 * dt / 3.0, 4.0 / 3.0, -1.0 / 3.0, 2.0, -1.0
    if restart or scheme == POSITIVE:
        step, c_now, c_old, e_now, e_old = dt, 1.0, 0.0, 1.0, 0.0
    if scheme == POSITIVE:
        make_nonnegative(op.width, state.fields[now])
        measure(op, h.order, state.fields[now], s_now)
    _extrapolate(state.fields[now], state.fields[old], e_now, e_old, carries_second(h.order), state.star)
    W_star = e_now * s_now[W] + e_old * s_old[W]
    S_star = e_now * s_now[S] + e_old * s_old[S]
    mass = e_now * s_now[P] + e_old * s_old[P]
    mean_V = (e_now * s_now[PV] + e_old * s_old[PV]) / mass
    S_2 = S_star if h.order == 1 else (e_now * s_now[I_2] + e_old * s_old[I_2]) / mass
    S_3 = S_star if h.order == 2 else (e_now * s_now[I_3] + e_old * s_old[I_3]) / mass
    shift = (e_now * s_now[J] + e_old * s_old[J]) / mass
    state.sums[:] = 0.0
    edge, outgoing, inflow = state.sums[EDGE], state.sums[OUTGOING], state.sums[INFLOW]
    up, down, face = state.work[0], state.work[1], state.work[3]
    first = _faces(op, h, state, mu - W_star / h.C_m, D, shunt, scheme, 12.0 * np.sqrt(max(S_2, 0.0)))
    if h.order > 0:
        close_fields(h.closure, h.order, state.star, S_2, S_3, S_star, s_now[PEAK])
    _right_hand_sides(
        op, h, state.fields[now], state.fields[old], state.star, face, c_now, c_old, step, mean_V, shift, mass, first,
        x, edge,
    )  # fmt: skip
    if train[BETA] > 0.0:
        train_fluxes(
            op, jumps, h.order, state.fields[now], state.fields[old], state.star, train, c_now, c_old, step, x, edge,
            state.sums[BELOW], state.work[2],
        )  # fmt: skip
    drawn = 0.0
    if noise.neurons[0] > 0.0 and train[BETA] > 0.0 and h.order == 0:
        drawn = add_regular_noise(
            op, jumps, jump_rate, up, down, profile, noise, train, D, dt, c_old, x, outgoing, step
        )
    elif noise.neurons[0] > 0.0:
        add_noise(op, h, jumps, jump_rate, up, down, profile, noise, dt, c_old, x, outgoing, step)
    first_firing = _solve(op, jumps, jump_rate, state, step, x)
    moments = (S_2, S_3, S_star)
    lag = h.t_ref / dt
    J_new = close_fluxes(h, state, x, edge, step, lag, W_star, moments, outgoing, inflow, first_firing)
    row = state.done[0] % state.past.shape[0]
    if train[BETA] > 0.0:
        close_trains(h, state, x, edge, drawn, step, lag, train[BETA], first_firing)
    advance_scalars(op, h, s_now, s_old, s, x, c_now, c_old, step, mean_V, mass, outgoing, inflow, J_new)
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
    jumps, no_rate, noise = no_jumps(op.width.shape[0]), np.zeros(0), no_noise()
    train, shunt = np.zeros(TRAINS), np.zeros(0)
    for t in range(mu.shape[0]):
        rate = advance(
            op, h, state, mu[t], D[t], dt, restart[t], scheme, jumps, no_rate, noise, state.star, train, shunt
        )
        s = state.scalars[(state.done[0] - 1) % 3]
        fell_back = scheme == POSITIVE
        if scheme == AFFINE and s[LEAST] < -UNDERSHOOT:
            state.done[0] -= 1
            rate = advance(
                op, h, state, mu[t], D[t], dt, restart[t], POSITIVE, jumps, no_rate, noise, state.star, train, shunt
            )
            fell_back = True
        out[t, 0], out[t, 1], out[t, 2], out[t, 3], out[t, 4], out[t, 5] = rate, s[PV], s[P], s[W], s[Q], s[X]
        out[t, 6], out[t, 7] = s[LEAST], 1.0 if fell_back else 0.0
        if not np.isfinite(rate):
            return t
    return mu.shape[0]
