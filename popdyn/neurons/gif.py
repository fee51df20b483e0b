"""Generalised integrate-and-fire neuron: escape noise, moving threshold, spike-triggered currents."""

from __future__ import annotations

from popdyn.neurons import lif
from popdyn.neurons._common import MEMBRANE_TIME
from popdyn.neurons._escape import AFTER_SPIKE, AGAIN, HAZARD, RESET_NOT_FAR_ABOVE, SHARED, SPIKE, STEP
from popdyn.neurons.base import Brian2Text, NeuronModel
from popdyn.neurons.traces import TraceKind
from popdyn.parameters import Parameter

THRESHOLD = TraceKind(
    Parameter("tau_sfa", "s", "time constants of the moving threshold (list)", None, 1e-4, 100.0),
    Parameter("q_sfa", "V", "jumps of the threshold at a spike (list)", None, -0.1, 0.1),
)
CURRENT = TraceKind(
    Parameter("tau_stc", "s", "time constants of the spike-triggered currents (list)", None, 1e-4, 100.0),
    Parameter("q_stc", "A", "jumps of these currents at a spike (list); positive: hyperpolarising", None, -1e-8, 1e-8),
)
SCALE = Parameter("adaptation_scale", "1", "factor on all jumps q_sfa and q_stc of a neuron", 1.0, 0.0, 100.0)

MODEL = NeuronModel(
    name="gif",
    title="generalised integrate-and-fire with escape noise",
    parameters=(*SHARED, *HAZARD, *AFTER_SPIKE, SCALE),
    constraints=(MEMBRANE_TIME, RESET_NOT_FAR_ABOVE),
    drift=lif.drift,
    barrier="V_T_star",
    hard_threshold=False,
    adaptation=False,
    equations=(
        "C_m dV/dt = -g_L (V - E_L) - sum_k eta_k + I_e + C_m (mu + sigma xi)",
        "hazard lambda_0 exp((V - V_T)/Delta_V), V_T = V_T_star + sum_k gamma_k; 0 during t_ref",
        "d(gamma_k)/dt = -gamma_k/tau_sfa_k, d(eta_k)/dt = -eta_k/tau_stc_k, also during t_ref",
        "spike: V -> V_reset for t_ref, gamma_k -> gamma_k + adaptation_scale q_sfa_k, "
        "eta_k -> eta_k + adaptation_scale q_stc_k",
    ),
    brian2=Brian2Text(
        model=f"span = (dt - dead)*int(dead < dt)\ndead = (dead - dt)*int(dead > dt)\n{STEP}",
        threshold=SPIKE,
        reset=f"since = -span*patience/hazard\nV = V_reset\ndead = t_ref - since\npatience = -{AGAIN}",
    ),
    source="Mensi et al. 2012, J Neurophysiol 107:1756; NEST gif_psc_exp, gif_pop_psc_exp",
    density="escape",
    traces=(THRESHOLD, CURRENT),
)
"""NEST's signs: eta_k enters dV/dt with a minus, so a positive q_stc hyperpolarises; a positive q_sfa raises V_T."""
