"""Time stepping of gated modes: the few state variables of an escape-noise population.

    h'      = -h/tau_m + mu                                              what the drive alone makes of V - E_L
    abar_j' = -abar_j/tau_j + jump_j A                                   mean of trace j over all neurons
    g       = exp((h + sum_j Delta_V slope_j abar_j)/Delta_V - norm)     hazard of a neuron with these means
    A_m     = (g c_m0 + g^2 c_m1) . x                                    A_0 = A, rate; A_j: what fires, by a_j - abar_j
    x'      = (R_0 + g R_1 + g^2 R_2 + A R_3) x + E . psi                x_0: share of active neurons
    psi     = A(t - t_ref) (1, q, q^2, q^3, b_1..b_J), A_j(t - t_ref) (1, q),   b_j = (abar_j - centre_j)/width_j
    q       = (h + sum_j kappa_j abar_j - centre)/width                  how far up V comes back from V_reset

in the cohorts' own steps: h and abar exactly, x by the change over a step, so that nothing is lost to a step size. The
squares of g belong to the step, too: neurons that have fired cannot fire again before its end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.modes import DEFECT, LEAST_RATE, MEAN_V, MEAN_W, RATE

H_DECAY, H_DRIVE, SLOPE, NORM, CENTRE, WIDTH, E_L, DROP, LAG, NUMBERS = range(10)
DECAY, TRACE_SLOPE, KAPPA, JUMP, TRACE_CENTRE, TRACE_WIDTH, CURRENT, ROWS = range(8)
POWERS, LINEAR = 4, 2  # of q with A and with A_j

Array = NDArray[np.float64]


class GatedModes(NamedTuple):
    """Numbers of one population with K modes and J traces, for steps of dt."""

    R: Array  # (4, K, K) [1/s]: constant, per g, per g^2, per A (no unit)
    E: Array  # (POWERS + J + LINEAR J, K): what those who come back bring
    c: Array  # (1 + J, 2, K) [1/s]
    v: Array  # (K + J,) [V]: sum over active neurons of V - E_L - h, from x and abar
    traces: Array  # (ROWS, J): decay over a step, d exponent, kappa [V], jump, centre, width, current [A]
    numbers: Array  # (NUMBERS,): of h: decay over a step and tau_m (1 - decay), 1/Delta_V, norm, centre and width of q
    # [V], E_L [V], V_reset - E_L [V], steps of t_ref


class GatedState(NamedTuple):
    """Where a population is; work space beside it."""

    x: Array  # (K,)
    own: Array  # (1 + J,): h [V] and abar
    past: Array  # (1 + lag, 1 + J): a ring of A_m
    work: Array  # (K,)
    psi: Array  # (POWERS + J + LINEAR J,)
    terms: Array  # (2,): g and A of the last step
    done: NDArray[np.int64]  # (1,)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def advance(modes: GatedModes, state: GatedState, mu: float, dt: float) -> float:
    """One step under the drive mu [V/s], its mean; returns the rate [1/s]."""
    n, tr, x, own, psi = modes.numbers, modes.traces, state.x, state.own, state.psi
    K, J, length = x.shape[0], tr.shape[1], state.past.shape[0]
    row, late = state.done[0] % length, (state.done[0] - int(n[LAG])) % length
    own[0] = n[H_DECAY] * own[0] + n[H_DRIVE] * mu
    exponent, level = n[SLOPE] * own[0] - n[NORM], own[0]
    for j in range(J):
        own[1 + j] *= tr[DECAY, j]
        exponent += tr[TRACE_SLOPE, j] * own[1 + j]
        level += tr[KAPPA, j] * own[1 + j]
    g, q = np.exp(exponent), (level - n[CENTRE]) / n[WIDTH]
    for m in range(1 + J):
        flux = 0.0
        for k in range(K):
            flux += g * (modes.c[m, 0, k] + g * modes.c[m, 1, k]) * x[k]
        state.past[row, m] = flux
    A = state.past[row, 0]
    psi[0] = state.past[late, 0]
    for k in range(1, POWERS):
        psi[k] = psi[k - 1] * q
    for j in range(J):
        psi[POWERS + j] = psi[0] * (own[1 + j] - tr[TRACE_CENTRE, j]) / tr[TRACE_WIDTH, j]
        psi[POWERS + J + LINEAR * j] = state.past[late, 1 + j]
        psi[POWERS + J + LINEAR * j + 1] = state.past[late, 1 + j] * q
    for i in range(1, K):
        change = 0.0
        for k in range(K):
            value = modes.R[0, i, k] + g * (modes.R[1, i, k] + g * modes.R[2, i, k]) + A * modes.R[3, i, k]
            change += value * x[k]
        for k in range(psi.shape[0]):
            change += psi[k] * modes.E[k, i]
        state.work[i] = change
    state.work[0] = psi[0] - A
    state.terms[0], state.terms[1] = g, A
    for j in range(J):
        own[1 + j] += tr[JUMP, j] * A * dt
    state.done[0] += 1
    return float(A)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def defect(missing: Array, state: GatedState) -> float:
    """Norm of what the modes leave out of the change of the last step, seen by the rate; missing (r, 4 K + psi).

    To be called between `advance` and `move`.
    """
    K, g, A = state.x.shape[0], state.terms[0], state.terms[1]
    total = 0.0
    for i in range(missing.shape[0]):
        row = 0.0
        for k in range(K):
            value = missing[i, k] + g * (missing[i, K + k] + g * missing[i, 2 * K + k]) + A * missing[i, 3 * K + k]
            row += value * state.x[k]
        for k in range(state.psi.shape[0]):
            row += missing[i, 4 * K + k] * state.psi[k]
        total += row * row
    return float(np.sqrt(total))


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def move(state: GatedState, dt: float) -> None:
    """Take the step that `advance` has found."""
    for k in range(state.x.shape[0]):
        state.x[k] += dt * state.work[k]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def mean_V(modes: GatedModes, state: GatedState) -> float:
    """<V> [V] of all neurons, refractory ones included."""
    n, K = modes.numbers, state.x.shape[0]
    found = n[E_L] + state.x[0] * state.own[0] + (1.0 - state.x[0]) * n[DROP]
    for k in range(K):
        found += modes.v[k] * state.x[k]
    for j in range(modes.traces.shape[1]):
        found += modes.v[K + j] * state.own[1 + j]
    return float(found)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(modes: GatedModes, state: GatedState, missing: Array, mu: Array, dt: float, out: Array) -> int:
    """Advance through mu (step,); out (bin, OUTPUTS) has means over each bin, the defect at its end, the least rate.

    Returns the number of steps done: fewer than asked where a rate is not finite.
    """
    per_bin, last = mu.shape[0] // out.shape[0], 0.0
    for b in range(out.shape[0]):
        out[b] = 0.0
        out[b, LEAST_RATE] = np.inf
        for k in range(per_bin):
            t = b * per_bin + k
            rate = advance(modes, state, mu[t], dt)
            if missing.shape[0] > 0 and k == per_bin - 1:
                out[b, DEFECT] = defect(missing, state)
            move(state, dt)
            out[b, RATE] += 0.5 * (last + rate) if t > 0 else rate
            out[b, MEAN_V] += mean_V(modes, state)
            for j in range(modes.traces.shape[1]):
                out[b, MEAN_W] += modes.traces[CURRENT, j] * state.own[1 + j]
            out[b, LEAST_RATE] = min(out[b, LEAST_RATE], rate)
            last = rate
        for k in range(RATE, MEAN_W + 1):
            out[b, k] /= per_bin
        if not np.isfinite(out[b, RATE]):
            return b * per_bin
    return mu.shape[0]
