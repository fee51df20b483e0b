"""Spiking neurons of analysed_networks.inhibitory, in one loop: the truth of its spectrum."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def inhibitory_activity(N, K, J, mu, sigma, delay, dt, duration, warm, seed):
    """Rate of the population [1/s] in every step; LIF of analysed_networks.LIF, K sources each, drawn with replacement.

    mu [V/s], sigma [V/sqrt(s)], J [V]; exact decay and Gaussian increment, threshold lowered by 0.5826 sigma sqrt(dt).
    """
    np.random.seed(seed)
    tau, t_ref, V_th, V_reset = 20e-3, 2e-3, 20e-3, 10e-3
    sources = np.random.randint(0, N, (N, K))
    first = np.zeros(N + 1, np.int64)
    for i in range(N):
        for k in range(K):
            first[sources[i, k] + 1] += 1
    first = np.cumsum(first)
    target, place = np.empty(N * K, np.int32), first[:-1].copy()
    for i in range(N):
        for k in range(K):
            target[place[sources[i, k]]] = i
            place[sources[i, k]] += 1
    decay = np.exp(-dt / tau)
    rest, kick = mu * tau, sigma * np.sqrt(tau * (1.0 - decay**2) / 2.0)
    barrier, dead, late = V_th - 0.5826 * sigma * np.sqrt(dt), round(t_ref / dt), round(delay / dt)
    V, held = np.random.rand(N) * 12e-3, np.zeros(N, np.int64)
    arriving = np.zeros((late + 1, N))
    skip = round(warm / dt)
    activity = np.zeros(round(duration / dt))
    for t in range(skip + activity.size):
        now, later, spikes = arriving[t % (late + 1)], arriving[(t + late) % (late + 1)], 0
        for i in range(N):
            if held[i] > 0:
                held[i] -= 1
            else:
                V[i] = rest + (V[i] - rest) * decay + kick * np.random.standard_normal() + now[i]
                if V[i] >= barrier:
                    V[i], held[i], spikes = V_reset, dead, spikes + 1
                    for k in range(first[i], first[i + 1]):
                        later[target[k]] += J
            now[i] = 0.0
        if t >= skip:
            activity[t - skip] = spikes / (N * dt)
    return activity
