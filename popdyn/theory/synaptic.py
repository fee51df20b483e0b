"""Static and filtered input of one projection: what a presynaptic rate becomes.

A spike releases a charge J q: q = 1 for linear synapses, alpha (1 - s) for a saturating gate, u x for Tsodyks-Markram.
The mean input is K J u [V/s] with u = q nu in the stationary state, its variance rate K <J^2> v with v = q^2 nu.
Tsodyks-Markram, mean field (Tsodyks, Pawelzik, Markram 1998), spikes Poisson and u, x uncorrelated:
    u- = U tau_fac nu / (1 + U tau_fac nu),   u = u- + U (1 - u-),   x = 1 / (1 + u tau_rec nu).
Saturating gate: s = alpha tau nu / (1 + alpha tau nu), q = alpha (1 - s).
"""

from __future__ import annotations

import math

import numpy as np

from popdyn.spec.network import Synapse

KINDS = {"delta": 0, "exponential": 1, "conductance": 1, "alpha": 2, "saturating": 3, "tsodyks_markram": 4}
"""Number of each kind in the kernels."""
DELAYS = 400  # quantiles that stand for a distribution of delays


def release(synapse: Synapse, nu: float) -> float:
    """q, the charge released at a spike over J, at a stationary presynaptic rate nu [1/s]."""
    if synapse.kind == "saturating":
        return synapse.alpha / (1.0 + synapse.alpha * synapse.tau_syn * nu)
    if synapse.kind == "tsodyks_markram":
        before = synapse.U * synapse.tau_fac * nu / (1.0 + synapse.U * synapse.tau_fac * nu)
        use = before + synapse.U * (1.0 - before)
        return use / (1.0 + use * synapse.tau_rec * nu)
    return 1.0


def lost_in_dead_time(synapse: Synapse, t_ref: float) -> float:
    """Share of the charge of a neuron's own spike that arrives within its dead time t_ref [s] after that spike."""
    left = np.maximum(t_ref - np.array(_delays(synapse)), 0.0)
    if synapse.kind == "delta":
        return float(np.mean(left > 0.0))
    past = np.exp(-left / synapse.tau_syn)
    return float(np.mean(1.0 - past * (1.0 + left / synapse.tau_syn if synapse.kind == "alpha" else 1.0)))


def delay_lags(synapse: Synapse, dt: float) -> list[float]:
    """Share of the synapses whose delay is 0, 1, 2 ... steps of dt [s], a delay between two steps shared linearly."""
    values = _delays(synapse)
    shares = [0.0] * (math.ceil(max(values) / dt - 1e-9) + 1)
    for value in values:
        place = max(value / dt, 0.0)
        low = min(int(place + 1e-9), len(shares) - 1)
        part = max(place - low, 0.0)
        shares[low] += (1.0 - part) / len(values)
        if part > 1e-9:
            shares[low + 1] += part / len(values)
    return shares


def _delays(synapse: Synapse) -> list[float]:
    if synapse.delays is None:
        return [synapse.delay]
    return [float(x) for x in synapse.delays.quantile([(i + 0.5) / DELAYS for i in range(DELAYS)])]
