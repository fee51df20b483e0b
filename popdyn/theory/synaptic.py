"""Static and filtered input of one projection: what a presynaptic rate becomes.

A spike releases a charge J q: q = 1 for linear synapses, alpha (1 - s) for a saturating gate, u x for Tsodyks-Markram.
The mean input is K J u [V/s] with u = q nu in the stationary state, its variance rate K <J^2> v with v = q^2 nu.
Tsodyks-Markram, mean field (Tsodyks, Pawelzik, Markram 1998), spikes Poisson and u, x uncorrelated:
    u- = U tau_fac nu / (1 + U tau_fac nu),   u = u- + U (1 - u-),   x = 1 / (1 + u tau_rec nu).
Saturating gate: s = alpha tau nu / (1 + alpha tau nu), q = alpha (1 - s).
"""

from __future__ import annotations

import math

from popdyn.spec.network import Synapse

KINDS = {"delta": 0, "exponential": 1, "conductance": 1, "alpha": 2, "saturating": 3, "tsodyks_markram": 4}
"""Number of each kind in the kernels."""


def release(synapse: Synapse, nu: float) -> float:
    """q, the charge released at a spike over J, at a stationary presynaptic rate nu [1/s]."""
    if synapse.kind == "saturating":
        return synapse.alpha / (1.0 + synapse.alpha * synapse.tau_syn * nu)
    if synapse.kind == "tsodyks_markram":
        before = synapse.U * synapse.tau_fac * nu / (1.0 + synapse.U * synapse.tau_fac * nu)
        use = before + synapse.U * (1.0 - before)
        return use / (1.0 + use * synapse.tau_rec * nu)
    return 1.0


def delay_lags(synapse: Synapse, dt: float) -> list[float]:
    """Share of the synapses whose delay is 0, 1, 2 ... steps of dt [s], a delay between two steps shared linearly."""
    if synapse.delays is None:
        values = [synapse.delay]
    else:
        values = [float(x) for x in synapse.delays.quantile([(i + 0.5) / 400 for i in range(400)])]
    shares = [0.0] * (math.ceil(max(values) / dt - 1e-9) + 1)
    for value in values:
        place = max(value / dt, 0.0)
        low = min(int(place + 1e-9), len(shares) - 1)
        part = max(place - low, 0.0)
        shares[low] += (1.0 - part) / len(values)
        if part > 1e-9:
            shares[low + 1] += part / len(values)
    return shares
