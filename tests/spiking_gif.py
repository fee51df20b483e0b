"""Escape-noise neurons one by one, V between spikes exact: what cohorts are compared with."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def simulate(
    mu, size, dt, tau_m, E_L, V_reset, t_ref, lambda_0, Delta_V, V_T, tau, q_sfa, current, sigma, frozen, seed
):
    """Spikes of each step (step,) of `size` neurons under mu (step,) [V/s] held over each step.

    frozen (neuron, 4): V_T [V], mu [V/s], gain, adaptation of each neuron beside the common ones. current: -q_stc/C_m.
    """
    np.random.seed(seed)
    traces = tau.size
    V, wait, a = np.full(size, E_L), np.zeros(size, np.int64), np.zeros((size, traces))
    keep, leak = np.exp(-dt / tau), np.exp(-dt / tau_m)
    push = np.empty(traces)
    for j in range(traces):
        push[j] = 0.0
        if current[j] != 0.0:
            push[j] = current[j] * (keep[j] - leak) / (1.0 / tau_m - 1.0 / tau[j])
    spread, drive = sigma * np.sqrt(0.5 * tau_m * (1.0 - leak**2)), tau_m * (1.0 - leak)
    dead = int(np.ceil(t_ref / dt - 1e-9))
    counts = np.zeros(mu.size)
    for t in range(mu.size):
        for n in range(size):
            threshold = V_T + frozen[n, 0]
            if wait[n] > 0:
                wait[n] -= 1
                for j in range(traces):
                    a[n, j] *= keep[j]
                V[n] = V_reset
                continue
            V[n] = E_L + leak * (V[n] - E_L) + drive * (mu[t] * (1.0 + frozen[n, 2]) + frozen[n, 1])
            for j in range(traces):
                V[n] += push[j] * a[n, j]
                a[n, j] *= keep[j]
                threshold += q_sfa[j] * a[n, j]
            if sigma > 0.0:
                V[n] += spread * np.random.standard_normal()
            if np.random.random() < -np.expm1(-lambda_0 * dt * np.exp((V[n] - threshold) / Delta_V)):
                counts[t] += 1.0
                V[n], wait[n] = V_reset, dead
                for j in range(traces):
                    a[n, j] += 1.0 + frozen[n, 3]
    return counts


def spikes(problem, mu, size, dt, seed, frozen=None):
    """The same for a GifProblem; traces of thresholds and currents apart. t_ref must be a multiple of dt."""
    tau = np.array([*problem.tau_sfa, *problem.tau_stc])
    none = np.zeros(len(problem.tau_sfa)), np.zeros(len(problem.tau_stc))
    q_sfa = np.concatenate([np.array(problem.q_sfa), none[1]])
    current = np.concatenate([none[0], -np.array(problem.q_stc) / problem.C_m])
    return simulate(
        np.asarray(mu, dtype=float), size, dt, problem.tau_m, problem.E_L, problem.V_reset, problem.t_ref,
        problem.lambda_0, problem.Delta_V, problem.V_T_star, tau, q_sfa, current, problem.sigma,
        np.zeros((size, 4)) if frozen is None else frozen, seed,
    )  # fmt: skip
