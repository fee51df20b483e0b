"""Exponential integrate-and-fire neuron."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.neurons._common import (
    EXPONENTIAL,
    MEMBRANE,
    MEMBRANE_TIME,
    PEAK_WITHIN_RANGE,
    RESET_BELOW_PEAK,
    THRESHOLD_BELOW_PEAK,
)
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.parameters import Parameters


def drift(V: NDArray[np.float64], p: Parameters) -> NDArray[np.float64]:
    """(g_L / C_m) (E_L - V + Delta_T exp((V - V_th)/Delta_T))  [V/s]."""
    return (p["g_L"] / p["C_m"]) * (p["E_L"] - V + p["Delta_T"] * np.exp((V - p["V_th"]) / p["Delta_T"]))


MODEL = NeuronModel(
    name="eif",
    title="exponential integrate-and-fire",
    parameters=MEMBRANE + EXPONENTIAL,
    constraints=(MEMBRANE_TIME, RESET_BELOW_PEAK, THRESHOLD_BELOW_PEAK, PEAK_WITHIN_RANGE),
    drift=drift,
    barrier="V_peak",
    hard_threshold=False,
    adaptation=False,
    equations=(
        "C_m dV/dt = -g_L (V - E_L) + g_L Delta_T exp((V - V_th)/Delta_T) + I_e + C_m (mu + sigma xi)",
        "V > V_peak: spike, V -> V_reset for t_ref",
    ),
    brian2=Brian2Text(
        model=(
            "dV/dt = (g_L*(E_L - V) + g_L*Delta_T*exp((clip(V, V - Delta_T, V_limit) - V_th)/Delta_T) + I_e)/C_m"
            " + mu_t + sigma_t*xi : volt (unless refractory)"
        ),
        threshold="V > V_barrier",
        reset="V = V_reset",
    ),
    source="Fourcaud-Trocme et al. 2003, J Neurosci 23:11628",
)
