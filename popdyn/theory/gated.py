"""A population of escape-noise neurons in few coordinates: its gate, derivatives of a step, stationary state, response.

A neuron whose last spike is long ago has the hazard lambda_0 exp(h/Delta_V + sum_j slope_j abar_j ...) but for what its
traces deviate from their means: with g that factor, known at all times, a distribution of neurons changes as

    x' = (R_0 + g R_1 + g^2 R_2 + A R_3) x + E . psi,   A_m = (g c_m0 + g^2 c_m1) . x     (popdyn.kernels.gated)

linear in x: R_0 what goes on without spikes, R_1 and R_2 who fires in a step, R_3 the means moving on as A goes into
them, psi what those who fired a dead time ago bring back: their number, and what their traces were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from popdyn.errors import NumericsError
from popdyn.kernels import gated as kernel
from popdyn.kernels.gated import LINEAR, POWERS, GatedModes

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

FASTEST = 1e4  # [1/s] no stationary rate is looked for beyond


@dataclass(frozen=True)
class Gated:
    """Modes for steps of dt [s], `test` (K, 1 + feature): x of the share of active neurons and their features.

    missing (r, 4 K + psi): what the matrices leave out of the change of x, as the rate sees it.
    """

    modes: GatedModes
    dt: float
    test: Array
    missing: Array

    @property
    def count(self) -> int:
        return int(self.modes.c.shape[2])

    @property
    def states(self) -> int:
        """Numbers that the dynamics carry: x, h and the traces' means."""
        return self.count + 1 + int(self.modes.traces.shape[1])


@dataclass(frozen=True)
class GatedRest:
    """Stationary state at a drive mu [V/s]: x, abar (J,), the rate [1/s], <V> [V], mean spike-triggered current [A]."""

    mu: float
    x: Array
    abar: Array
    rate: float
    V_mean: float
    w_mean: float


def gates(numbers: Array, traces: Array, h: Array, abar: Array) -> tuple[Array, Array, Array]:
    """g, q (step,) and b (step, J) of steps that end at h [V], their traces (step, J) being abar before."""
    decayed = abar * traces[kernel.DECAY]
    exponent = numbers[kernel.SLOPE] * h - numbers[kernel.NORM] + decayed @ traces[kernel.TRACE_SLOPE]
    q = (h + decayed @ traces[kernel.KAPPA] - numbers[kernel.CENTRE]) / numbers[kernel.WIDTH]
    return np.exp(exponent), q, (decayed - traces[kernel.TRACE_CENTRE]) / traces[kernel.TRACE_WIDTH]


def sources(q: Array, b: Array, late: Array) -> Array:
    """psi (step, POWERS + J + LINEAR J) of late fluxes (step, 1 + J)."""
    columns = [late[:, :1] * q[:, None] ** k for k in range(POWERS)]
    own = np.stack([late[:, 1:] * q[:, None] ** k for k in range(LINEAR)], axis=2)
    return np.concatenate([*columns, late[:, :1] * b, own.reshape(len(q), -1)], axis=1)


def derivatives(modes: GatedModes, dt: float, x: Array, h: float, abar: Array, late: Array) -> tuple[Array, Array]:
    """Derivatives of a step's end to (x, abar, past of A, past of A_1, ..) before it, and to h at its end.

    (N, N) and (N,), N = K + J + (1 + J) max(lag, 1), pasts latest first; row K + J is that of the rate.
    """
    n, tr, K, J = modes.numbers, modes.traces, x.size, modes.traces.shape[1]
    lag = int(n[kernel.LAG])
    depth, first = max(lag, 1), K + J
    ones, qs, b = gates(n, tr, np.array([h]), abar[None])
    g, q = float(ones[0]), float(qs[0])
    to_abar, to_level = g * tr[kernel.TRACE_SLOPE] * tr[kernel.DECAY], tr[kernel.KAPPA] * tr[kernel.DECAY]
    flux = np.zeros((1 + J, first + (1 + J) * depth))
    flux[:, :K] = g * (modes.c[:, 0] + g * modes.c[:, 1])
    by_g = (modes.c[:, 0] + 2.0 * g * modes.c[:, 1]) @ x
    flux[:, K:first], flux_h = np.outer(by_g, to_abar), by_g * g * n[kernel.SLOPE]
    A = float(flux[0, :K] @ x)
    to_late = sources(np.full(1 + J, q), np.repeat(b, 1 + J, axis=0), np.eye(1 + J)) @ modes.E
    by_q, by_b = _by_gates(modes, q, late)
    fired, moved = (modes.R[1] + 2.0 * g * modes.R[2]) @ x, modes.R[3] @ x
    change, change_h = (
        np.zeros((K, flux.shape[1])),
        fired * g * n[kernel.SLOPE] + by_q / n[kernel.WIDTH] + moved * flux_h[0],
    )
    change[:, :K] = modes.R[0] + g * modes.R[1] + g * g * modes.R[2] + A * modes.R[3]
    change[:, K:first] = np.outer(fired, to_abar) + np.outer(by_q, to_level) / n[kernel.WIDTH]
    change[:, K:first] += by_b * tr[kernel.DECAY] / tr[kernel.TRACE_WIDTH]
    change += np.outer(moved, flux[0])
    change[0], change_h[0] = -flux[0], -flux_h[0]
    to_late[:, 0] = np.eye(1 + J)[0]
    if lag == 0:
        change, change_h = change + to_late.T @ flux, change_h + to_late.T @ flux_h
    else:
        change[:, first + depth - 1 :: depth] += to_late.T
    now, enter = np.eye(flux.shape[1], k=-1), np.zeros(flux.shape[1])
    now[:K], now[K:first] = dt * change, dt * np.outer(tr[kernel.JUMP], flux[0])
    now[:K, :K] += np.eye(K)
    now[K:first, K:first] += np.diag(tr[kernel.DECAY])
    now[first::depth] = flux
    enter[:K], enter[K:first], enter[first::depth] = dt * change_h, dt * tr[kernel.JUMP] * flux_h[0], flux_h
    return now, enter


def _by_gates(modes: GatedModes, q: float, late: Array) -> tuple[Array, Array]:
    """Derivatives of E . psi to q (K,) and to b (K, J)."""
    J = late.size - 1
    slope = np.zeros(len(modes.E))
    slope[:POWERS] = [late[0] * k * q ** max(k - 1, 0) for k in range(POWERS)]
    slope[POWERS + J + 1 :: LINEAR] = late[1:]
    return slope @ modes.E, late[0] * modes.E[POWERS : POWERS + J].T


def stationary(reduced: Gated, mu: float) -> GatedRest:
    """The state that stays at a constant drive [V/s].

    Raises NumericsError where there is none between 0 and FASTEST.
    """
    modes, dt = reduced.modes, reduced.dt
    n, tr = modes.numbers, modes.traces
    h = mu * n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY])
    kept = dt * tr[kernel.JUMP] / (1.0 - tr[kernel.DECAY])

    def at(A: float) -> tuple[float, Array]:
        g, q, b = gates(n, tr, np.array([h]), (A * kept)[None])
        c = g[0] * (modes.c[:, 0] + g[0] * modes.c[:, 1])
        J = len(c) - 1
        back = sources(np.repeat(q, 1 + J), np.repeat(b, 1 + J, axis=0), np.eye(1 + J)) @ modes.E
        whole = modes.R[0] + g[0] * modes.R[1] + g[0] ** 2 * modes.R[2] + A * modes.R[3] + back.T @ c
        whole[0] = np.eye(reduced.count)[0] + n[kernel.LAG] * dt * c[0]
        x = np.linalg.solve(whole, np.eye(reduced.count)[0])
        return float(c[0] @ x), x

    try:
        A = float(brentq(lambda r: at(r)[0] - r, 0.0, FASTEST, xtol=1e-10))
    except ValueError as error:
        raise NumericsError(f"no stationary state at mu = {mu:.6g} V/s; is it in the domain of the modes?") from error
    x, abar = at(A)[1], A * kept
    V = n[kernel.E_L] + x[0] * h + (1.0 - x[0]) * n[kernel.DROP] + modes.v @ np.concatenate([x, abar])
    return GatedRest(mu, x, abar, A, float(V), float(tr[kernel.CURRENT] @ abar))


def linearised(reduced: Gated, rest: GatedRest) -> tuple[Array, Array]:
    """`derivatives` at a stationary state."""
    modes, n = reduced.modes, reduced.modes.numbers
    h = rest.mu * n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY])
    g = float(gates(n, modes.traces, np.array([h]), rest.abar[None])[0][0])
    fluxes = g * (modes.c[:, 0] + g * modes.c[:, 1]) @ rest.x
    return derivatives(modes, reduced.dt, rest.x, h, rest.abar, fluxes)


def response(reduced: Gated, rest: GatedRest, frequencies: Array) -> Complex:
    """d rate/d mu [1/V] (frequency,) at a stationary state; rates are at ends of steps, the drive in their middle."""
    now, enter = linearised(reduced, rest)
    n, place = reduced.modes.numbers, reduced.count + reduced.modes.traces.shape[1]
    found = np.zeros(len(frequencies), dtype=complex)
    for i, frequency in enumerate(frequencies):
        z = np.exp(2j * np.pi * frequency * reduced.dt)
        h = n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY] / z)
        found[i] = np.linalg.solve(np.eye(len(now)) - now / z, enter * h)[place] / np.sqrt(z)
    return found
