"""A sparse network of escape-noise neurons, spike by spike: what the density rung of such networks is compared with."""

from __future__ import annotations

import numpy as np
from numba import njit

from popdyn.theory.gif_population import gif_problem
from popdyn.theory.projections import projections


@njit(cache=True, error_model="numpy")
def simulate(
    steps,
    dt,
    first,
    tau_m,
    E_L,
    V_reset,
    dead,
    lambda_0,
    Delta_V,
    V_T,
    mu,
    tau,
    q_sfa,
    current,
    sources,
    targets_of,
    start_of,
    J,
    tau_syn,
    delay,
    seed,
):
    """Spikes (population, step). Neurons first[a]:first[a + 1] are population a; edges sorted by source neuron."""
    np.random.seed(seed)
    populations, size, traces = first.size - 1, first[-1], tau.shape[1]
    owner = np.zeros(size, np.int64)
    for a in range(populations):
        owner[first[a] : first[a + 1]] = a
    V, wait, a = E_L[owner], np.zeros(size, np.int64), np.zeros((size, traces))
    y, ring = np.zeros((populations, size)), np.zeros((populations, delay + 1, size))
    leak, keep, filt = np.exp(-dt / tau_m), np.exp(-dt / tau), np.exp(-dt / tau_syn)
    counts = np.zeros((populations, steps))
    for t in range(steps):
        slot = t % (delay + 1)
        for n in range(size):
            p = owner[n]
            push = 0.0
            for b in range(populations):
                if tau_syn[p, b] > 0.0:
                    mixed = (filt[p, b] - leak[p]) / (1.0 / tau_m[p] - 1.0 / tau_syn[p, b])
                    push += y[b, n] * mixed
                    y[b, n] = y[b, n] * filt[p, b] + ring[b, slot, n]
                    ring[b, slot, n] = 0.0
            if wait[n] > 0:
                wait[n] -= 1
                for j in range(traces):
                    a[n, j] *= keep[p, j]
                V[n] = V_reset[p]
                continue
            V[n] = E_L[p] + leak[p] * (V[n] - E_L[p]) + tau_m[p] * (1.0 - leak[p]) * mu[p] + push
            threshold = V_T[p]
            for j in range(traces):
                if current[p, j] != 0.0:
                    V[n] += current[p, j] * (keep[p, j] - leak[p]) / (1.0 / tau_m[p] - 1.0 / tau[p, j]) * a[n, j]
                a[n, j] *= keep[p, j]
                threshold += q_sfa[p, j] * a[n, j]
            if np.random.random() < -np.expm1(-lambda_0[p] * dt * np.exp((V[n] - threshold) / Delta_V[p])):
                counts[p, t] += 1.0
                V[n], wait[n] = V_reset[p], dead[p]
                for j in range(traces):
                    a[n, j] += 1.0
                for e in range(start_of[n], start_of[n + 1]):
                    m = targets_of[e]
                    ring[p, (t + delay) % (delay + 1), m] += J[owner[m], p] / tau_syn[owner[m], p]
    return counts


def spikes(network, seconds, dt, seed):
    """Spikes (population, step) of a network of gif populations, fixed_indegree or pairwise_bernoulli, one delay."""
    rng, names = np.random.default_rng(seed), list(network.populations)
    problems = [gif_problem(p) for p in network.populations.values()]
    sizes = [p.size for p in network.populations.values()]
    first = np.concatenate([[0], np.cumsum(sizes)])
    count, most = len(names), max(len(p.tau_sfa) + len(p.tau_stc) for p in problems)
    tau, q_sfa, current = np.ones((count, most)), np.zeros((count, most)), np.zeros((count, most))
    for a, p in enumerate(problems):
        n, m = len(p.tau_sfa), len(p.tau_stc)
        tau[a, : n + m], q_sfa[a, :n] = (*p.tau_sfa, *p.tau_stc), p.q_sfa
        current[a, n : n + m] = -np.array(p.q_stc) / p.C_m
    J, tau_syn, edges = np.zeros((count, count)), np.zeros((count, count)), []
    for p, c in zip(projections(network), network.connections, strict=True):
        post, pre = names.index(p.post), names.index(p.pre)
        J[post, pre], tau_syn[post, pre] = p.J, p.synapse.tau_syn
        degrees = np.full(sizes[post], round(p.K))
        if c.rule == "pairwise_bernoulli":
            degrees = rng.binomial(sizes[pre], c.p, sizes[post])
        for k, degree in enumerate(degrees):
            chosen = rng.choice(sizes[pre], degree, replace=False)
            edges.append(np.stack([chosen + first[pre], np.full(degree, k + first[post])]))
    edge = np.concatenate(edges, axis=1)
    edge = edge[:, np.argsort(edge[0], kind="stable")]
    start_of = np.searchsorted(edge[0], np.arange(first[-1] + 1))
    delay = round(network.connections[0].synapse.delay / dt)
    every = {k: np.array([getattr(p, k) for p in problems]) for k in
             ("tau_m", "E_L", "V_reset", "lambda_0", "Delta_V", "V_T_star", "mu")}  # fmt: skip
    dead = np.array([round(p.t_ref / dt) for p in problems])
    return simulate(
        round(seconds / dt), dt, first, every["tau_m"], every["E_L"], every["V_reset"], dead, every["lambda_0"],
        every["Delta_V"], every["V_T_star"], every["mu"], tau, q_sfa, current, edge[0], edge[1], start_of, J, tau_syn,
        delay, seed,
    )  # fmt: skip
