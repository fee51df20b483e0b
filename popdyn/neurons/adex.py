"""Adaptive exponential integrate-and-fire neuron."""

from __future__ import annotations

from popdyn.neurons import eif
from popdyn.neurons._common import (
    EXPONENTIAL,
    MEMBRANE,
    MEMBRANE_TIME,
    PEAK_WITHIN_RANGE,
    RESET_BELOW_PEAK,
    THRESHOLD_BELOW_PEAK,
)
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.parameters import Parameter

ADAPTATION = (
    Parameter("a", "S", "subthreshold adaptation", 4e-9, 0.0, 1e-6),
    Parameter("b", "A", "jump of w at a spike", 40e-12, 0.0, 1e-8),
    Parameter("tau_w", "s", "adaptation time constant", 0.2, 1e-4, 100.0),
    Parameter("E_w", "V", "reversal potential of w", "E_L", -0.5, 0.5),
)

MODEL = NeuronModel(
    name="adex",
    title="adaptive exponential integrate-and-fire",
    parameters=MEMBRANE + EXPONENTIAL + ADAPTATION,
    constraints=(MEMBRANE_TIME, RESET_BELOW_PEAK, THRESHOLD_BELOW_PEAK, PEAK_WITHIN_RANGE),
    drift=eif.drift,
    barrier="V_peak",
    hard_threshold=False,
    adaptation=True,
    equations=(
        "C_m dV/dt = -g_L (V - E_L) + g_L Delta_T exp((V - V_th)/Delta_T) - w + I_e + C_m (mu + sigma xi)",
        "tau_w dw/dt = a (V - E_w) - w",
        "V > V_peak: spike, V -> V_reset for t_ref, w -> w + b",
    ),
    brian2=Brian2Text(
        model=(
            "dV/dt = (g_L*(E_L - V) + g_L*Delta_T*exp((clip(V, V - Delta_T, V_limit) - V_th)/Delta_T) - w + I_e)/C_m"
            " + mu_t + sigma_t*xi : volt (unless refractory)\n"
            "dw/dt = (a*(V - E_w) - w)/tau_w : amp"
        ),
        threshold="V > V_barrier",
        reset="V = V_reset\nw += b",
    ),
    source="Brette and Gerstner 2005, J Neurophysiol 94:3637",
)
