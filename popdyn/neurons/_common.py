"""Parameters and constraints that several integrate-and-fire models share."""

from __future__ import annotations

from popdyn.parameters import Constraint, Parameter

MEMBRANE = (
    Parameter("C_m", "F", "membrane capacitance", 200e-12, 1e-15, 1e-6),
    Parameter("g_L", "S", "leak conductance", 10e-9, 1e-12, 1e-3),
    Parameter("E_L", "V", "leak reversal potential", -65e-3, -0.5, 0.5),
    Parameter("V_th", "V", "threshold (hard for lif, soft for eif and adex)", -50e-3, -0.5, 0.5),
    Parameter("V_reset", "V", "potential after a spike", -70e-3, -0.5, 0.5),
    Parameter("t_ref", "s", "refractory time, V held at V_reset", 0.0, 0.0, 0.1),
    Parameter("I_e", "A", "constant bias current", 0.0, -1e-6, 1e-6),
)

EXPONENTIAL = (
    Parameter("Delta_T", "V", "sharpness of spike initiation", 1.5e-3, 1e-5, 0.05),
    Parameter("V_peak", "V", "spike cut-off, where V is reset", -40e-3, -0.5, 0.5),
)

MEMBRANE_TIME = Constraint(
    "0.1 ms <= C_m / g_L <= 10 s",
    lambda p: 1e-4 * (1 - 1e-9) <= p["C_m"] / p["g_L"] <= 10.0 * (1 + 1e-9),
    "check the units of C_m and g_L: their quotient is the membrane time constant",
)
RESET_BELOW_THRESHOLD = Constraint("V_reset < V_th", lambda p: p["V_reset"] < p["V_th"], "lower V_reset or raise V_th")
RESET_BELOW_PEAK = Constraint("V_reset < V_peak", lambda p: p["V_reset"] < p["V_peak"], "lower V_reset or raise V_peak")
THRESHOLD_BELOW_PEAK = Constraint(
    "V_th < V_peak", lambda p: p["V_th"] < p["V_peak"], "raise V_peak: it is the spike cut-off"
)
PEAK_WITHIN_RANGE = Constraint(
    "V_peak <= V_th + 40 Delta_T",
    lambda p: p["V_peak"] <= p["V_th"] + 40 * p["Delta_T"],
    "lower V_peak: beyond 40 Delta_T the exponential overflows and changes nothing",
)
