"""What models with escape noise share: the hazard and the exact step of the ground truth."""

from __future__ import annotations

from popdyn.neurons._common import MEMBRANE
from popdyn.parameters import Constraint, Parameter

SHARED = tuple(p for p in MEMBRANE if p.name in ("C_m", "g_L", "E_L", "I_e"))
AFTER_SPIKE = tuple(p for p in MEMBRANE if p.name in ("V_reset", "t_ref"))

HAZARD = (
    Parameter("V_T_star", "V", "threshold of the hazard without adaptation", -50e-3, -0.5, 0.5),
    Parameter("Delta_V", "V", "potential over which the hazard grows by e", 2e-3, 1e-5, 0.1),
    Parameter("lambda_0", "Hz", "hazard at the threshold", 10.0, 1e-6, 1e5),
)

RESET_NOT_FAR_ABOVE = Constraint(
    "V_reset <= V_T_star + 10 Delta_V",
    lambda p: p["V_reset"] <= p["V_T_star"] + 10 * p["Delta_V"],
    "lower V_reset: every spike would bring the next at once",
)

STEP = """\
before = (V - theta)/Delta_V
leak = g_L/C_m + leak_t
V_inf = ((g_L*E_L - w_t + I_e)/C_m + mu_t)/leak
keep = exp(-span*leak)
bow = (V_inf - V)*(span*leak)**2/12
V = V_inf + (V - V_inf)*keep + sigma_t*z*sqrt((1 - keep**2)/(2*leak))
after = (V - theta_end)/Delta_V
middle = clip(0.5*(before + after) + (bow - V_T_star)/Delta_V, -100, 50)
hazard = span*lambda_0*exp(middle)*(1 + (after - before)**2/24 + span*(sigma_t/Delta_V)**2/12)
patience -= hazard
"""
"""A step of length `span` at constant input, exact in V; `hazard` is the integral of lambda over it.

The integral is that of the exponential along the straight line between the two ends (d^2/24), corrected for the bend
of V above it (`bow`, its mean) and for the Brownian bridge about it (sigma^2 span/12 Delta_V^2). `patience` starts as a
standard exponential number: the neuron spikes where it is used up, at a probability 1 - exp(-hazard) per step and at a
known time within it.
"""

SPIKE = "patience < 0"

AGAIN = "log(1 - rand())"
"""Minus a new patience."""
