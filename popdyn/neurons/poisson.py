"""Inhomogeneous Poisson neuron: a hazard of the free membrane potential, which a spike leaves as it is."""

from __future__ import annotations

from popdyn.neurons import lif
from popdyn.neurons._common import MEMBRANE_TIME
from popdyn.neurons._escape import AGAIN, HAZARD, SHARED, SPIKE, STEP
from popdyn.neurons.base import Brian2Text, NeuronModel

MODEL = NeuronModel(
    name="poisson",
    title="Poisson neuron with an exponential hazard (no reset, no dead time)",
    parameters=(*SHARED, *HAZARD),
    constraints=(MEMBRANE_TIME,),
    drift=lif.drift,
    barrier="V_T_star",
    hard_threshold=False,
    adaptation=False,
    equations=(
        "C_m dV/dt = -g_L (V - E_L) + I_e + C_m (mu + sigma xi)",
        "hazard lambda_0 exp((V - V_T_star)/Delta_V); a spike changes nothing",
    ),
    brian2=Brian2Text(
        model=f"span = dt\n{STEP}",
        threshold=SPIKE,
        reset=f"patience -= {AGAIN}",
    ),
    source="Gerstner et al. 2014, Neuronal Dynamics, section 9.1; the limit of gif without reset",
    density="escape",
)
