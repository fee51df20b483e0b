"""Neurons with escape noise one by one, in continuous time: an implementation that shares nothing with the library.

V and all traces are sums of exponentials between the spikes; the hazard is integrated along them by Gauss-Legendre
quadrature over pieces of at most `H`, until it reaches an exponential number that was drawn after the last spike; the
spike's time is found inside its piece. Under white noise V takes exact Ornstein-Uhlenbeck steps of `H_NOISY` and the
hazard is integrated by the trapezoid.

Units: ms and mV; spike-triggered currents as the potential (q_stc/g_L) that they would move V by if they lasted. The
drive is mu tau_m [mV], constant on bins. Nothing of the library is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

H, H_NOISY = 0.5, 0.02  # [ms]
NODES = (0.5 - 0.15**0.5, 0.5, 0.5 + 0.15**0.5)
WEIGHTS = (5 / 18, 8 / 18, 5 / 18)


class Neuron(NamedTuple):
    """tau, V_reset, V_T, Delta, t_ref; lambda_0 [1/ms]; tau and jump of each trace; kind 0: threshold, 1: current."""

    tau: float
    V_reset: float
    V_T: float
    Delta: float
    t_ref: float
    lambda_0: float
    trace_tau: np.ndarray
    trace_jump: np.ndarray
    trace_kind: np.ndarray


def neuron(tau=15.0, V_reset=0.0, V_T=15.0, Delta=3.0, t_ref=4.0, lambda_0=0.01, sfa=(), stc=()) -> Neuron:
    """`sfa`, `stc`: pairs (time constant [ms], jump [mV])."""
    traces = [(*pair, 0) for pair in sfa] + [(*pair, 1) for pair in stc]
    columns = np.array(traces, dtype=float).reshape(-1, 3).T.copy()
    return Neuron(tau, V_reset, V_T, Delta, t_ref, lambda_0, columns[0], columns[1], columns[2].astype(np.int64))


@njit
def _potential(n, V, x, drive, s):  # type: ignore[no-untyped-def]
    """(V, threshold shift) a time s later: each current decays from x and is filtered by the membrane."""
    fall = np.exp(-s / n.tau)
    V_s, theta = drive + (V - drive) * fall, 0.0
    for k in range(n.trace_tau.size):
        tau = n.trace_tau[k]
        own = np.exp(-s / tau)
        if n.trace_kind[k] == 0:
            theta += x[k] * own
        elif abs(tau - n.tau) < 1e-9 * tau:
            V_s -= x[k] * s / tau * own
        else:
            V_s -= x[k] * tau / (tau - n.tau) * (own - fall)
    return V_s, theta


@njit
def _hazard(n, V, theta):  # type: ignore[no-untyped-def]
    return n.lambda_0 * np.exp((V - n.V_T - theta) / n.Delta)


@njit
def _integral(n, V, x, drive, s):  # type: ignore[no-untyped-def]
    total = 0.0
    for node, weight in zip(NODES, WEIGHTS):  # noqa: B905 (numba)
        total += weight * _hazard(n, *_potential(n, V, x, drive, node * s))
    return total * s


@njit
def _moment(n, V, x, drive, s, wanted):  # type: ignore[no-untyped-def]
    """When within s the integral is `wanted`: regula falsi on the quadrature."""
    low, high = 0.0, s
    for _ in range(30):
        middle = 0.5 * (low + high)
        if _integral(n, V, x, drive, middle) < wanted:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


@njit
def _advance(n, x, s):  # type: ignore[no-untyped-def]
    for k in range(x.size):
        x[k] *= np.exp(-s / n.trace_tau[k])


@njit
def _one(n, drive, bin, sigma, counts, rng):  # type: ignore[no-untyped-def]
    """Spikes of one neuron, added to the counts of the bins of `drive`."""
    t, end = 0.0, drive.size * bin
    V, x, wait = n.V_reset, np.zeros(n.trace_tau.size), rng.standard_exponential()
    longest = H if sigma == 0.0 else H_NOISY
    while t < end - 1e-9:
        now = min(int((t + 1e-9) / bin), drive.size - 1)
        s = min(longest, (now + 1) * bin - t)
        V_s, theta = _potential(n, V, x, drive[now], s)
        if sigma == 0.0:
            hazard = _integral(n, V, x, drive[now], s)
        else:
            V_s += sigma * np.sqrt(0.5 * n.tau * -np.expm1(-2.0 * s / n.tau)) * rng.standard_normal()
            before = _hazard(n, *(V, _potential(n, V, x, drive[now], 0.0)[1]))
            hazard = 0.5 * s * (before + _hazard(n, V_s, theta))
        if hazard < wait:
            wait -= hazard
            t, V = t + s, V_s
            _advance(n, x, s)
            continue
        s = s * wait / hazard if sigma > 0.0 else _moment(n, V, x, drive[now], s, wait)
        t += s
        if t < end:
            counts[min(int(t / bin), drive.size - 1)] += 1
        _advance(n, x, s)
        x += n.trace_jump
        _advance(n, x, n.t_ref)
        t, V, wait = t + n.t_ref, n.V_reset, rng.standard_exponential()


def simulate(n: Neuron, drive: np.ndarray, bin: float, sigma: float, neurons: int, seed: int) -> np.ndarray:
    """Spike counts (neuron, bin) under `drive` [mV], constant on bins [ms], from V_reset and empty traces at t = 0."""
    counts = np.zeros((neurons, drive.size))
    rng = np.random.default_rng(seed)
    for own in counts:
        _one(n, drive, bin, sigma, own, rng)
    return counts
