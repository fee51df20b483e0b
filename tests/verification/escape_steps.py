"""Neurons with escape noise one by one in steps of `STEP`, fast: what cohorts of large populations are compared with.

V, currents and thresholds move exactly over each step; the hazard is integrated as one that grows exponentially, until
it reaches an exponential number drawn after the last spike. The spike has its time inside the step, and the neuron is
back t_ref later, inside a step again: the error is of second order. Against `hazard_driven`: test_escape_steps.py.
Units: ms and mV, as there; nothing of the library is used.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hazard_driven import Neuron, neuron
from numba import njit

STEP = 0.5  # [ms]

__all__ = ["STEP", "Neuron", "Spread", "inhibited", "neuron", "same", "simulate"]


class Spread(NamedTuple):
    """Of each neuron (neuron,): its tau, V_reset and V_T, drive gain * drive + more [mV], the factor on its jumps."""

    tau: np.ndarray
    V_reset: np.ndarray
    V_T: np.ndarray
    gain: np.ndarray
    more: np.ndarray
    scale: np.ndarray


def same(n: Neuron, neurons: int) -> Spread:
    """Neurons that do not differ."""
    zero = np.zeros(neurons)
    return Spread(zero + n.tau, zero + n.V_reset, zero + n.V_T, zero + 1.0, zero, zero + 1.0)


class _State(NamedTuple):
    """V, ln hazard, what is left of the exponential number; step and what is left of it; traces (neuron, k)."""

    V: np.ndarray
    exponent: np.ndarray
    wait: np.ndarray
    step: np.ndarray
    left: np.ndarray
    x: np.ndarray


def _begin(n: Neuron, spread: Spread, rng: np.random.Generator) -> _State:
    """At V_reset with empty traces."""
    size = spread.tau.size
    exponent = np.log(n.lambda_0) + (spread.V_reset - spread.V_T) / n.Delta
    wait, one = rng.standard_exponential(size), np.ones(size)
    traces = np.zeros((size, n.trace_tau.size))
    return _State(spread.V_reset.copy(), exponent, wait, np.zeros(size, np.int64), one, traces)


@njit(error_model="numpy", fastmath=True)
def _factors(n, tau, s, keep, push):  # type: ignore[no-untyped-def]
    """Of a time s: decay of the traces, what each moves V by; the membrane's decay."""
    fall = np.exp(-s / tau)
    for k in range(keep.size):
        own = n.trace_tau[k]
        keep[k] = np.exp(-s / own)
        push[k] = 0.0
        if n.trace_kind[k] == 1:
            near = abs(own - tau) < 1e-6 * tau
            push[k] = -s / tau * fall if near else -own / (own - tau) * (keep[k] - fall)
    return fall


@njit(error_model="numpy", fastmath=True)
def _jump(x, n, u, scale):  # type: ignore[no-untyped-def]
    """Traces of a neuron at the end of its dead time, a time u + t_ref later; the shift of its threshold then."""
    theta = 0.0
    for k in range(x.size):
        jumped = x[k] * np.exp(-u / n.trace_tau[k]) + n.trace_jump[k] * scale
        x[k] = jumped * np.exp(-n.t_ref / n.trace_tau[k])
        if n.trace_kind[k] == 0:
            theta += x[k]
    return theta


@njit(error_model="numpy", fastmath=True)
def _all(n, spread, state, drive, first, counts, every, rng, factors):  # type: ignore[no-untyped-def]
    """Move all neurons to the end of `drive`, which begins at step `first`; their spikes go into the bins of `counts`.

    Attributes are taken outside the loop: each costs a count of references.
    """
    X, last, log_lambda, sharp = state.x, first + drive.size, np.log(n.lambda_0), 1.0 / n.Delta
    keep, push, part_keep, part_push, known = factors
    Vs, es, waits, ts, lefts = state.V, state.exponent, state.wait, state.step, state.left
    taus, V_Ts, gains, mores, kinds, resets = (
        spread.tau,
        spread.V_T,
        spread.gain,
        spread.more,
        n.trace_kind,
        spread.V_reset,
    )
    for i in range(Vs.size):
        if known[0] != taus[i]:
            known[0], known[1] = taus[i], _factors(n, taus[i], STEP, keep, push)
        fall, V, e, wait, t, left = known[1], Vs[i], es[i], waits[i], ts[i], lefts[i]
        hazard = np.exp(e)
        while t < last:
            aim, leak, k_, p_ = gains[i] * drive[t - first] + mores[i], fall, keep, push
            if left < 1.0:
                leak, k_, p_ = _factors(n, taus[i], left * STEP, part_keep, part_push), part_keep, part_push
            V_s, theta = aim + (V - aim) * leak, V_Ts[i]
            for k in range(X.shape[1]):
                V_s += p_[k] * X[i, k]
                if kinds[k] == 0:
                    theta += X[i, k] * k_[k]
            e_s, s = log_lambda + (V_s - theta) * sharp, left * STEP
            after = np.exp(e_s)
            grown = 0.5 * s * (hazard + after) / (1.0 + (e_s - e) ** 2 / 12.0)
            if grown < wait:
                for k in range(X.shape[1]):
                    X[i, k] *= k_[k]
                V, e, hazard, t, left, wait = V_s, e_s, after, t + 1, 1.0, wait - grown
                continue
            u = 2.0 * wait / (hazard + np.sqrt(max(hazard**2 + 2.0 * (after - hazard) / s * wait, 0.0)))
            counts[t // every] += 1.0
            theta = V_Ts[i] + _jump(X[i], n, u, spread.scale[i])
            back = t + 1.0 - left + (u + n.t_ref) / STEP
            t, V, wait = int(back), resets[i], rng.standard_exponential()
            left, e = t + 1.0 - back, log_lambda + (V - theta) * sharp
            hazard = np.exp(e)
        Vs[i], es[i], waits[i], ts[i], lefts[i] = V, e, wait, t, left


def _scratch(n: Neuron) -> tuple[np.ndarray, ...]:
    """Room for the factors of a whole and of a part of a step, and the membrane that the former are for."""
    return (*np.zeros((4, n.trace_tau.size)), np.zeros(2))


def simulate(n: Neuron, spread: Spread, drive: np.ndarray, every: int, seed: int) -> np.ndarray:
    """Spikes of all neurons in bins of `every` steps (bin,), under `drive` (step,) [mV]."""
    rng = np.random.default_rng(seed)
    counts = np.zeros(-(-drive.size // every))
    _all(n, spread, _begin(n, spread, rng), drive, 0, counts, every, rng, _scratch(n))
    return counts


@njit(error_model="numpy", fastmath=True)
def _inhibited(n, spread, state, mu, blocks, delay, rise, counts, rng, factors):  # type: ignore[no-untyped-def]
    """Blocks of one delay; rise: what a spike does to the filtered activity in its step, in the next, and the decay."""
    size, y, drive = spread.tau.size, 0.0, np.empty(delay)
    for block in range(blocks):
        for j in range(delay):
            heard = counts[(block - 1) * delay + j] / size if block > 0 else 0.0
            drive[j] = mu + rise[0] * heard + y
            y = rise[2] * y + rise[1] * heard
        _all(n, spread, state, drive, block * delay, counts, 1, rng, factors)


def inhibited(
    n: Neuron, neurons: int, mu: float, J: float, tau_syn: float, delay: float, length: float, seed: int
) -> np.ndarray:
    """Spikes (step,) where all hear all: tau dV/dt = -V + mu + J s, tau_syn ds/dt = -s + activity.

    mu [mV], J [mV ms]; a spike counts as uniform in its step, s as its mean over each step.
    """
    rng, spread = np.random.default_rng(seed), same(n, neurons)
    late, a = round(delay / STEP), STEP / tau_syn
    mean = -np.expm1(-a) / a
    rise = J / tau_syn * np.array([(1.0 - mean) / a, mean**2, 0.0]) + np.array([0.0, 0.0, np.exp(-a)])
    blocks = int(np.ceil(length / delay))
    counts = np.zeros(blocks * late)
    _inhibited(n, spread, _begin(n, spread, rng), mu, blocks, late, rise, counts, rng, _scratch(n))
    return counts
