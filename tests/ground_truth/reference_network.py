"""Networks of deterministic LIF neurons written out as plain loops: what the simulated network must do, spike by spike.

Heun steps; a spike of step k arrives `steps` later, after the integration and before the threshold of that step.
"""

import numpy as np


def spikes(p, mu, V, edges, dt, count, tau_syn=0.0, w_jump=None):
    """(step, neuron) of every spike. `edges`: arrays source, target, jump [V], steps. tau_syn > 0: exponential currents
    of that charge. t_ref = 0 keeps the jumps of a step in which the neuron integrates across the threshold."""
    source, target, jump, steps = edges
    V, current, dead = V.copy(), np.zeros_like(V), np.zeros(len(V), dtype=int)
    dead_steps, tau_m = round(p["t_ref"] / dt), p["C_m"] / p["g_L"]
    found, fired = [], [np.empty(0, dtype=int)] * (count + 1)

    def rate(V, held):
        return (p["E_L"] - V) / tau_m + mu + held

    for k in range(count):
        free = dead == 0
        held = current * (1 - np.exp(-dt / tau_syn)) * tau_syn / dt if tau_syn else 0.0
        slope = dt * rate(V, held)
        V = np.where(free, V + 0.5 * (slope + dt * rate(V + slope, held)), V)
        arrived = np.zeros_like(V)
        for late in np.unique(steps):
            if k >= late:
                for neuron in fired[k - late]:
                    own = (source == neuron) & (steps == late)
                    np.add.at(arrived, target[own], jump[own])
        if tau_syn:
            current = current * np.exp(-dt / tau_syn) + arrived / tau_syn
            arrived[:] = 0
        crossed = free & ((p["V_th"] < V) | (V + arrived > p["V_th"]))
        kept = np.where((p["V_th"] < V) & (dead_steps == 0), arrived, 0.0)
        V = np.where(crossed, p["V_reset"] + kept, np.where(free, V + arrived, V))
        dead = np.maximum(dead - 1, 0)
        dead[crossed] = dead_steps
        fired[k] = np.flatnonzero(crossed)
        found += [(k, neuron) for neuron in fired[k]]
    return found
