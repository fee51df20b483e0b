"""The bins of 1 ms that derived rungs write their results on, and the steps inside them."""

from __future__ import annotations

import numpy as np

from popdyn.errors import UsageError
from popdyn.spec.network import Protocol
from popdyn.types import FloatArray

BIN = 1e-3  # [s]


def steps_in_bin(dt: float) -> int:
    """How many steps of dt [s] a bin has. Raises UsageError where that is no whole number."""
    steps = round(BIN / dt)
    if steps < 1 or abs(steps * dt - BIN) > 1e-9 * BIN:
        raise UsageError(f"dt: got {dt:g} s; allowed: 1 ms divided by a whole number")
    return steps


def bin_centres(bins: int, transient: float) -> FloatArray:
    """Times [s] of the first `bins` bins, from -transient on."""
    return np.asarray((np.arange(bins) + 0.5) * BIN - transient)


def step_middles(protocol: Protocol, dt: float) -> FloatArray:
    """Times [s] in the middle of every step of a protocol, whole bins of them."""
    bins = round((protocol.duration + protocol.transient) / BIN)
    return np.asarray((np.arange(bins * round(BIN / dt), dtype=np.float64) + 0.5) * dt - protocol.transient)
