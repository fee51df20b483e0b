"""A population of escape-noise neurons in few coordinates: its gate, derivatives of a step, stationary state, response.

A neuron whose last spike is long ago has the hazard lambda_0 exp((h + sum_j Delta_V slope_j abar_j ...)/Delta_V) but for
what its traces deviate from their means: with g that factor, known at all times, a distribution of neurons changes as

    x' = (R_0 + g R_1 + g^2 R_2 + A R_3) x + phi . E A(t - t_ref),   A = (g c_0 + g^2 c_1) . x     (popdyn.kernels.gated)

linear in x: R_0 what goes on without spikes, R_1 and R_2 who fires in a step, R_3 the means moving on as A goes into them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from popdyn.errors import NumericsError
from popdyn.kernels import gated as kernel
from popdyn.kernels.gated import POWERS, GatedModes

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

FASTEST = 1e4  # [1/s] no stationary rate is looked for beyond


@dataclass(frozen=True)
class Gated:
    """Modes for steps of dt [s], `test` (K, 1 + feature): x of the share of active neurons and their features.

    missing (r, 4 K + POWERS + J): what the matrices leave out of the change of x, as the rate sees it.
    """

    modes: GatedModes
    dt: float
    test: Array
    missing: Array

    @property
    def count(self) -> int:
        return int(self.modes.c.shape[1])

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


def gates(numbers: Array, traces: Array, h: Array, abar: Array) -> tuple[Array, Array]:
    """g (step,) and phi (step, POWERS + J) of steps that end at h [V], their traces (step, J) being abar before."""
    decayed = abar * traces[kernel.DECAY]
    exponent = numbers[kernel.SLOPE] * h - numbers[kernel.NORM] + decayed @ traces[kernel.TRACE_SLOPE]
    q = (h + decayed @ traces[kernel.KAPPA] - numbers[kernel.CENTRE]) / numbers[kernel.WIDTH]
    own = (decayed - traces[kernel.TRACE_CENTRE]) / traces[kernel.TRACE_WIDTH]
    return np.exp(exponent), np.column_stack([q**k for k in range(POWERS)] + [own])


def derivatives(modes: GatedModes, dt: float, x: Array, h: float, abar: Array, late: float) -> tuple[Array, Array]:
    """Derivatives of a step's end to (x, abar, past rates, latest first) before it, and to h at its end.

    (N, N) and (N,), N = K + J + max(lag, 1); row K + J is that of the rate.
    """
    n, tr, K, J = modes.numbers, modes.traces, x.size, modes.traces.shape[1]
    lag = int(n[kernel.LAG])
    ones, phis = gates(n, tr, np.array([h]), abar[None])
    g, phi, q = float(ones[0]), phis[0], float(phis[0, 1])
    first, A_place = K, K + J
    to_abar, to_level = g * tr[kernel.TRACE_SLOPE] * tr[kernel.DECAY], tr[kernel.KAPPA] * tr[kernel.DECAY]
    c = g * (modes.c[0] + g * modes.c[1])
    A, by_g = float(c @ x), float((modes.c[0] + 2.0 * g * modes.c[1]) @ x)
    slope_q = np.array([k * q ** max(k - 1, 0) for k in range(POWERS)]) / n[kernel.WIDTH]
    now, enter = np.zeros((A_place + max(lag, 1),) * 2), np.zeros(A_place + max(lag, 1))
    rate = now[A_place]
    rate[:K], rate[first:A_place], enter[A_place] = c, by_g * to_abar, by_g * g * n[kernel.SLOPE]
    fired, moved = (modes.R[1] + 2.0 * g * modes.R[2]) @ x, modes.R[3] @ x
    brought = slope_q @ modes.E[:POWERS] * late
    now[:K, :K] = np.eye(K) + dt * (modes.R[0] + g * modes.R[1] + g * g * modes.R[2] + A * modes.R[3])
    now[:K, first:A_place] += dt * (np.outer(fired, to_abar) + np.outer(brought, to_level))
    now[:K, first:A_place] += dt * late * modes.E[POWERS:].T * tr[kernel.DECAY] / tr[kernel.TRACE_WIDTH]
    enter[:K] = dt * (fired * g * n[kernel.SLOPE] + brought)
    now[:K] += dt * np.outer(moved, rate)
    enter[:K] += dt * moved * enter[A_place]
    now[0], enter[0] = -dt * rate, -dt * enter[A_place]
    now[0, 0] += 1.0
    late_row = rate if lag == 0 else np.eye(len(now))[-1]
    now[:K] += dt * np.outer(np.append(1.0, (phi @ modes.E)[1:]), late_row)
    now[first:A_place] = dt * np.outer(tr[kernel.JUMP], rate)
    now[first:A_place, first:A_place] += np.diag(tr[kernel.DECAY])
    enter[first:A_place] = dt * tr[kernel.JUMP] * enter[A_place]
    if lag == 0:
        enter[:K] += dt * np.append(1.0, (phi @ modes.E)[1:]) * enter[A_place]
    for k in range(1, lag):
        now[A_place + k, A_place + k - 1] = 1.0
    return now, enter


def stationary(reduced: Gated, mu: float) -> GatedRest:
    """The state that stays at a constant drive [V/s].

    Raises NumericsError where there is none between 0 and FASTEST.
    """
    modes, dt = reduced.modes, reduced.dt
    n, tr = modes.numbers, modes.traces
    h = mu * n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY])
    kept = dt * tr[kernel.JUMP] / (1.0 - tr[kernel.DECAY])

    def at(A: float) -> tuple[float, Array]:
        g, phi = gates(n, tr, np.array([h]), (A * kept)[None])
        c = g[0] * (modes.c[0] + g[0] * modes.c[1])
        whole = modes.R[0] + g[0] * modes.R[1] + g[0] ** 2 * modes.R[2] + A * modes.R[3] + np.outer(phi[0] @ modes.E, c)
        whole[0] = np.eye(reduced.count)[0] + n[kernel.LAG] * dt * c
        x = np.linalg.solve(whole, np.eye(reduced.count)[0])
        return float(c @ x), x

    try:
        A = float(brentq(lambda r: at(r)[0] - r, 0.0, FASTEST, xtol=1e-10))
    except ValueError as error:
        raise NumericsError(f"no stationary state at mu = {mu:.6g} V/s; is it in the domain of the modes?") from error
    x, abar = at(A)[1], A * kept
    V = n[kernel.E_L] + x[0] * h + (1.0 - x[0]) * n[kernel.DROP] + modes.v @ np.concatenate([x, abar])
    return GatedRest(mu, x, abar, A, float(V), float(tr[kernel.CURRENT] @ abar))


def linearised(reduced: Gated, rest: GatedRest) -> tuple[Array, Array]:
    """`derivatives` at a stationary state."""
    n = reduced.modes.numbers
    h = rest.mu * n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY])
    return derivatives(reduced.modes, reduced.dt, rest.x, h, rest.abar, rest.rate)


def response(reduced: Gated, rest: GatedRest, frequencies: Array) -> Complex:
    """d rate/d mu [1/V] (frequency,) at a stationary state; the rate of a step counts at its middle."""
    now, enter = linearised(reduced, rest)
    n, place = reduced.modes.numbers, reduced.count + reduced.modes.traces.shape[1]
    found = np.zeros(len(frequencies), dtype=complex)
    for i, frequency in enumerate(frequencies):
        z = np.exp(2j * np.pi * frequency * reduced.dt)
        h = n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY] / z)
        found[i] = np.linalg.solve(np.eye(len(now)) - now / z, enter * h)[place]
    return found
