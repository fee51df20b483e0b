"""Firing and reinjection of the density at the end of a step, implicit, with dead time; and the scalars that follow."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.closures import CUMULANT, linear_closure
from popdyn.kernels.density_state import (
    FIRED,
    FLUXES,
    LATE,
    PV,
    RESET,
    SHIFT,
    J,
    P,
    Q,
    S,
    State,
    W,
    X,
    measure,
)  # fmt: skip
from popdyn.kernels.operators import WIDTH, Hierarchy, Operator

Array = NDArray[np.float64]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def late_moment(m: int, decay: float, jump: float, late: Array) -> float:
    """Part of R_m^in that lower moments bring: sum over k < m of C(m, k) decay^k jump^(m-k) R_k(t - t_ref)."""
    total, binomial = 0.0, 1.0
    for k in range(m):
        total += binomial * decay**k * jump ** (m - k) * late[k]
        binomial = binomial * (m - k) / (k + 1)
    return total


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def delayed(state: State, lag: float, column: int) -> tuple[float, float]:
    """Weight of the present, and the known rest, of a flux `lag` steps ago (linear interpolation)."""
    whole = int(lag)
    part = lag - whole
    length = state.past.shape[0]
    present = state.done[0]
    known = part * state.past[(present - whole - 1) % length, column]
    if whole == 0:
        return 1.0 - part, known
    return 0.0, known + (1.0 - part) * state.past[(present - whole) % length, column]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def close_fluxes(
    h: Hierarchy, state: State, x: Array, edge: Array, step: float, lag: float,
    W_star: float, moments: tuple[float, float, float], outgoing: Array, inflow: Array, first_firing: int,
) -> float:  # fmt: skip
    """Outgoing fluxes R_n and reinjected R_n^in, implicit; completes the fields in x. Returns J = R_1^in - R_1.

    `outgoing` holds the finite-size noise of the fluxes on entry.
    """
    n, M = x.shape[0], h.order
    fired, late = state.sums[FIRED], state.sums[LATE]
    for i in range(first_firing, n):
        for k in range(WIDTH):
            fired[k] += state.work[4, i] * x[i, k]
    zeta, eta = step * fired[RESET], fired[SHIFT]
    decay = np.exp(-h.t_ref / h.tau_w)
    present_W, W_past = delayed(state, lag, FLUXES)
    jump = decay * (W_past + present_W * W_star + h.b) + (1.0 - decay) * h.a * (h.V_reset - h.E_w) - W_star
    J_new = 0.0
    for m in range(M + 2):
        present, known = delayed(state, lag, m)
        gain = decay**m
        rest = gain * known + late_moment(m, decay, jump, late)
        if m > M:  # the moment above: by the closure, which holds for fluxes as for fields
            r = 0.0
            if M > 0 and h.closure != CUMULANT:
                r = linear_closure(M, moments[0], moments[1], moments[2], outgoing[0], outgoing[1], outgoing[2])
        elif m == 1:
            base = fired[1] + edge[1] + outgoing[1]
            r = (base + (zeta - eta) * rest) / (1.0 - eta - (zeta - eta) * gain * present)
        else:
            base = fired[m] + edge[m] + outgoing[m]
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def advance_scalars(
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
