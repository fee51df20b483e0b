"""Leaky integrate-and-fire neuron with a hard threshold."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.neurons._common import MEMBRANE, MEMBRANE_TIME, RESET_BELOW_THRESHOLD
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.parameters import Parameters


def drift(V: NDArray[np.float64], p: Parameters) -> NDArray[np.float64]:
    """-(V - E_L) g_L / C_m  [V/s]."""
    return -(V - p["E_L"]) * (p["g_L"] / p["C_m"])


MODEL = NeuronModel(
    name="lif",
    title="leaky integrate-and-fire",
    parameters=MEMBRANE,
    constraints=(
        MEMBRANE_TIME,
        RESET_BELOW_THRESHOLD,
    ),
    drift=drift,
    barrier="V_th",
    hard_threshold=True,
    adaptation=False,
    equations=("C_m dV/dt = -g_L (V - E_L) + I_e + C_m (mu + sigma xi)", "V > V_th: spike, V -> V_reset for t_ref"),
    brian2=Brian2Text(
        model="dV/dt = (g_L*(E_L - V) + I_e)/C_m + mu_t + sigma_t*xi : volt (unless refractory)",
        threshold="V > V_barrier",
        reset="V = V_reset",
    ),
    source="Tuckwell 1988; NEST iaf_psc_delta",
)
