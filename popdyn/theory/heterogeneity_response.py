"""Stationary rates and linear responses of many different neurons at once, w held, to about 0.2 % of a rate.

    J = (f(V) + u) p - D dp/dV,   J = r above V_reset, 0 below,   p(barrier) = 0,   r (t_ref + int p/r dV) = 1
    i omega p_1 = -dJ_1/dV,   J_1 = (f + u) p_1 + p - D dp_1/dV       (response to u, without the conversion of w)

Source: threshold integration, Richardson 2007, Phys Rev E 76:021919.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.neurons import NeuronModel

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Values = Mapping[str, Any]  # of arrays (neuron, 1): models are written for floats

CELLS = 80  # above V_reset, and as many below
COARSE = 50  # where only <w> is asked for
DEPTH = 6.0  # standard deviations of V below rest or reset where the density ends
UPSTROKE = 11.0  # Delta_T above V_th: the rest of the upstroke takes no time
HIGHEST = 1e200  # of p/r: a rate of 1e-200 is none
SILENT = 1e-6  # [1/s]: below, a neuron has no response
ITERATIONS = 12
NEAREST = 1e-6  # [V]: tails of a spread that put V_reset above the barrier spike at once

Cell = tuple[float, Array, Array, Array, Array]


def frozen_rates(model: NeuronModel, p: Values, u: Array, D: Array, cells: int = CELLS) -> tuple[Array, Array]:
    """Rate [1/s] and mean V of the active [V], each (neuron, drive), at drift offset u [V/s] and D [V^2/s].

    `p`: parameters, (neuron, 1) each.
    """
    density, mass, moment = np.zeros_like(u), np.zeros_like(u), np.zeros_like(u)
    with np.errstate(over="ignore"):
        for flux, h, V, growth, gain in _sweep(model, p, u, D, cells):
            below = np.minimum(density * growth + flux * gain, HIGHEST)
            half = 0.5 * h * (density + below)
            mass += half
            moment += half * V
            density = below
    return 1.0 / (p["t_ref"] + mass), moment / mass


def frozen_responses(
    model: NeuronModel, p: Values, u: Array, D: Array, frequencies: Array, cells: int = CELLS
) -> tuple[Array, Complex]:
    """Rate [1/s] (neuron, drive) and d rate/d u [(1/s)/(V/s)] (neuron, drive, frequency)."""
    omega = 2j * np.pi * frequencies
    density, mass = np.zeros_like(u), np.zeros_like(u)
    driven, own = np.zeros((*u.shape, omega.size), complex), np.zeros((*u.shape, omega.size), complex)
    J_driven, J_own = np.zeros_like(driven), np.ones_like(own)
    above = True
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for flux, h, _, growth, gain in _sweep(model, p, u, D, cells):
            if above and flux == 0.0:
                above, J_own = False, J_own - np.exp(-omega * p["t_ref"][..., None])
            below = np.minimum(density * growth + flux * gain, HIGHEST)
            e, g, leak = growth[..., None], gain[..., None], 0.5 * omega * h[..., None]
            middle = 0.5 * (density + below)[..., None]
            driven_below = driven * e + g * (J_driven + leak * driven - middle)
            own_below = own * e + g * (J_own + leak * own)
            J_driven, J_own = J_driven + leak * (driven + driven_below), J_own + leak * (own + own_below)
            mass += 0.5 * h * (density + below)
            density, driven, own = below, driven_below, own_below
        rate = 1.0 / (p["t_ref"] + mass)
        return rate, np.where(rate[..., None] > SILENT, -rate[..., None] * J_driven / J_own, 0.0)


def _sweep(model: NeuronModel, p: Values, u: Array, D: Array, cells: int) -> Iterator[Cell]:
    """Cells from the barrier down: flux there, height h, middle V, and p(V - h/2) = growth p(V + h/2) + J gain."""
    top = p[model.barrier]
    if "Delta_T" in p:
        top = np.minimum(top, np.maximum(p["V_th"], p["V_reset"]) + UPSTROKE * p["Delta_T"])
    top = np.broadcast_to(top, u.shape)
    reset = np.minimum(p["V_reset"], top - NEAREST)
    for bottom, flux in ((reset, 1.0), (_lowest(model, p, u, D), 0.0)):
        h = (top - bottom) / cells
        scale = h / D
        for cell in range(cells):
            V = top - (cell + 0.5) * h
            z = -scale * (model.drift(V, p) + u)
            z = np.where(np.abs(z) < 1e-9, 1e-9, np.minimum(z, 300.0))
            change = np.expm1(z)
            yield flux, h, V, 1.0 + change, scale * change / z
        top = bottom


def _lowest(model: NeuronModel, p: Values, u: Array, D: Array) -> Array:
    """Where the density ends below, from the drift's value and slope at V_reset."""
    V, step = p["V_reset"], 1e-3
    here, deeper = model.drift(V, p), model.drift(V - step, p)
    tau = step / np.maximum(deeper - here, 1e-3 * step)
    return np.asarray(np.minimum(V + tau * (here + u), V) - DEPTH * np.sqrt(D * tau))


def mean_adaptation(model: NeuronModel, p: Values, mu: Array, D: Array) -> Array:
    """Mean w [A], (neuron, drive), of the `mean` closure in its stationary state: a bracketed secant (Illinois)."""
    if not model.adaptation:
        return np.zeros_like(mu)
    decay = np.exp(-p["t_ref"] / p["tau_w"])

    def excess(W: Array) -> Array:
        rate, V = frozen_rates(model, p, mu - W / p["C_m"], D, COARSE)
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
