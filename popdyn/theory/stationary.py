"""Stationary states of an adapting population: the mean closure by a scalar root, the others from there by Newton."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from popdyn.errors import NumericsError
from popdyn.kernels import hierarchy as kernel
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.theory.grid import frozen_state
from popdyn.theory.hierarchy import StationaryState, stationary_state

HALVED = 6


def mean_adaptation(op: Operator, h: Hierarchy, mu: float, D: float) -> float:
    """W of the `mean` closure (in the hierarchy's unit of w): the root of its own balance."""
    if h.a == 0.0 and h.b == 0.0:
        return 0.0
    decay = np.exp(-h.t_ref / h.tau_w)

    def balance(W: float) -> float:
        rate, p = frozen_state(op, mu - W / h.C_m, D, h.t_ref)
        active = float(p @ op.width)
        jump = decay * (W + h.b) + (1.0 - decay) * h.a * (h.V_reset - h.E_w) - W
        return float(h.a * (float(p @ (op.width * op.centre)) / active - h.E_w) - W + h.tau_w * jump * rate / active)

    low = h.a * (op.centre[0] - h.E_w) - h.b
    high = h.a * (op.centre[-1] - h.E_w) + h.b + h.C_m * 10.0 * (abs(mu) + np.sqrt(D))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for _ in range(HALVED):  # so far below its reference the affine operator may not be one
            if balance(high) <= 0.0:
                break
            high = low + 0.5 * (high - low)
    while balance(high) > 0.0:
        high *= 2.0
        if not np.isfinite(high):
            raise NumericsError("the mean adaptation has no balance; is the drive far out of range?")
    return float(brentq(balance, low, high, xtol=1e-14, rtol=1e-12))


def _mean_start(op: Operator, h: Hierarchy, mu: float, D: float) -> tuple[np.ndarray, np.ndarray]:
    """Fields and scalars to start Newton from: the mean closure, with the shot-noise variance of w."""
    W = mean_adaptation(op, h, mu, D)
    rate, p = frozen_state(op, mu - W / h.C_m, D, h.t_ref)
    variance = 0.5 * rate * h.tau_w * h.b**2 + 1e-6 * (abs(W) + 1e-3) ** 2
    fields = np.zeros((op.width.size, h.order + 1))
    fields[:, 0] = p
    if h.order >= 2:
        fields[:, 2] = variance * p
    if h.order >= 4:
        fields[:, 4] = 3.0 * variance**2 * p
    s = np.zeros(kernel.R + h.order + 2)
    active = float(p @ op.width)
    s[kernel.W], s[kernel.P], s[kernel.PV] = W, active, float(p @ (op.width * op.centre))
    s[kernel.J] = h.b * rate
    s[kernel.S] = variance if h.order == 1 else (3.0 * variance**2 if h.order == 3 else 0.0)
    s[kernel.I_2] = active * variance if h.order >= 2 else 0.0
    s[kernel.I_M] = (active, 0.0, active * variance, 0.0, 3.0 * active * variance**2)[h.order]
    s[kernel.R] = rate
    if h.order >= 2:
        s[kernel.R + 2] = variance * rate
    return fields, s


def find_stationary(
    op: Operator, h: Hierarchy, mu: float, D: float, near: StationaryState | None = None
) -> StationaryState:
    """Stationary state at (mu, D), from a neighbouring one where given.

    Raises NumericsError where Newton's method fails from both starts.
    """
    if near is not None:
        try:
            return stationary_state(op, h, mu, D, near.fields, near.scalars)
        except NumericsError:
            pass
    fields, scalars = _mean_start(op, h, mu, D)
    return stationary_state(op, h, mu, D, fields, scalars)
