"""Stationary rates of many different neurons at many drives at once: what a rule over a heterogeneous population is
chosen by. Cheap and a little coarse (about 0.3 % of a rate), w held.

    J = (f(V) + u) p - D dp/dV,   J = r above V_reset, 0 below,   p(barrier) = 0,   r (t_ref + int p/r dV) = 1
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from popdyn.neurons import NeuronModel

Array = NDArray[np.float64]
Values = Mapping[str, Array]

CELLS = 120  # above V_reset, and as many below
DEPTH = 6.0  # standard deviations of V below rest or reset where the density ends
UPSTROKE = 11.0  # Delta_T above V_th: the rest of the upstroke takes no time
HIGHEST = 1e250  # of p/r: a rate of 1e-250 is none
ITERATIONS = 12


def frozen_rates(model: NeuronModel, p: Values, u: Array, D: Array, cells: int = CELLS) -> tuple[Array, Array]:
    """Rate [1/s] and mean V of the active [V], each (neuron, drive), at drift offset u [V/s] and D [V^2/s].

    `p`: parameters, (neuron, 1) each. Source: threshold integration, Richardson 2007, Phys Rev E 76:021919.
    """
    barrier = p[model.barrier]
    if "Delta_T" in p:
        barrier = np.minimum(barrier, np.maximum(p["V_th"], p["V_reset"]) + UPSTROKE * p["Delta_T"])
    lowest = _lowest(model, p, u, D)
    density, mass, moment = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    top = np.broadcast_to(barrier, u.shape)
    for bottom, flux in ((np.broadcast_to(p["V_reset"], u.shape), 1.0), (lowest, 0.0)):
        h = (top - bottom) / cells
        source, scale = flux * h / D, -h / D
        for cell in range(cells):
            V = top - (cell + 0.5) * h
            z = scale * (model.drift(V, p) + u)
            z = np.where(np.abs(z) < 1e-9, 1e-9, np.minimum(z, 300.0))
            growth = np.expm1(z)
            below = np.minimum(density * (1.0 + growth) + source * growth / z, HIGHEST)
            half = 0.5 * h * (density + below)
            mass += half
            moment += half * V
            density = below
        top = bottom
    return 1.0 / (p["t_ref"] + mass), moment / mass


def _lowest(model: NeuronModel, p: Values, u: Array, D: Array) -> Array:
    """Where the density ends below, from the drift's value and slope at V_reset."""
    V, step = p["V_reset"], 1e-3
    here, deeper = model.drift(V, p), model.drift(V - step, p)
    tau = step / np.maximum(deeper - here, 1e-3 * step)
    return np.asarray(np.minimum(V + tau * (here + u), V) - DEPTH * np.sqrt(D * tau))


def adaptation_at(model: NeuronModel, p: Values, mu: Array, D: Array, cells: int = CELLS // 2) -> Array:
    """Mean w [A], (neuron, drive), of the `mean` closure in its stationary state: a bracketed secant (Illinois)."""
    if not model.adaptation:
        return np.zeros_like(mu)
    decay = np.exp(-p["t_ref"] / p["tau_w"])

    def excess(W: Array) -> Array:
        rate, V = frozen_rates(model, p, mu - W / p["C_m"], D, cells)
        active = 1.0 - rate * p["t_ref"]
        jump = decay * (W + p["b"]) + (1.0 - decay) * p["a"] * (p["V_reset"] - p["E_w"]) - W
        return np.asarray(p["a"] * (V - p["E_w"]) - W + p["tau_w"] * jump * rate / active)

    low = np.broadcast_to(p["a"] * (p["V_reset"] - 0.1 - p["E_w"]), mu.shape)
    at_low = excess(low)
    high = low + at_low
    at_high = excess(high)
    for _ in range(ITERATIONS):
        W = high - at_high * (high - low) / np.where(at_high == at_low, 1.0, at_high - at_low)
        at_W = excess(W)
        crossed = at_W * at_high < 0
        low, at_low = np.where(crossed, high, low), np.where(crossed, at_high, 0.5 * at_low)
        high, at_high = W, at_W
    return np.asarray(high)
