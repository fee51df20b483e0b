"""Peak of the postsynaptic potential of a passive membrane, per unit of charge: what `psp_peak` is converted with."""

from __future__ import annotations

import math


def peak_of_exponential(tau_syn: float, tau_m: float) -> float:
    """Peak of V over J, for the current J/tau_syn exp(-t/tau_syn) into dV/dt = -V/tau_m + s.

    r^(r/(1 - r)) with r = tau_syn/tau_m: 1 for r -> 0, 1/e for r = 1. Example: peak_of_exponential(5e-3, 20e-3) ==
    0.6299605...
    """
    r = tau_syn / tau_m
    x = r - 1.0
    return math.exp(-r * (math.log1p(x) / x if abs(x) > 1e-9 else 1.0))


def peak_of_alpha(tau_syn: float, tau_m: float) -> float:
    """Peak of V over J for the current J t/tau_syn^2 exp(-t/tau_syn): where tau_m s(t) has fallen to V(t).

    V lags behind s, so that it lies after the peak of s at tau_syn. Bisection.
    """
    r = tau_syn / tau_m
    early, late = 1.0, 2.0
    while _alpha_current(late, r) > _alpha_response(late, r):
        early, late = late, 2.0 * late
    for _ in range(80):
        middle = 0.5 * (early + late)
        if _alpha_current(middle, r) > _alpha_response(middle, r):
            early = middle
        else:
            late = middle
    return _alpha_response(early, r)


def _alpha_current(y: float, r: float) -> float:
    """tau_m s/J at time y tau_syn."""
    return y * math.exp(-y) / r


def _alpha_response(y: float, r: float) -> float:
    """V/J at time y tau_syn; a series where tau_syn and tau_m are nearly equal."""
    x = (1.0 - r) * y
    if abs(x) < 1e-2:
        return y * y * math.exp(-r * y) * (1 / 2 - x / 3 + x**2 / 8 - x**3 / 30 + x**4 / 144)
    return (math.exp(-r * y) - math.exp(-y) * (1.0 + x)) / (1.0 - r) ** 2
