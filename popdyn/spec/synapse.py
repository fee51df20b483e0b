"""Synapses: their kinds and parameters as data."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from popdyn.parameters import Parameter
from popdyn.spec.psp import peak_of_alpha, peak_of_exponential

TAU_SYN = Parameter("tau_syn", "s", "synaptic time constant", None, 1e-5, 10.0)
E_REV = Parameter("E_rev", "V", "reversal potential", None, -0.5, 0.5)
ALPHA = Parameter("alpha", "1", "share of the closed gate that a spike opens", None, 0.0, 1.0, lower_open=True)
UTILISATION = Parameter("U", "1", "share of the resources that a spike uses, at rest", None, 0.0, 1.0, lower_open=True)
TAU_REC = Parameter("tau_rec", "s", "recovery time of the resources", None, 1e-4, 100.0)
TAU_FAC = Parameter("tau_fac", "s", "facilitation time constant; 0: none", 0.0, 0.0, 100.0)

J = Parameter("J", "V", "charge of one spike over C_m: the jump of V that a delta synapse gives", None, -0.1, 0.1)
J_CURRENT = Parameter("J", "A", "amplitude of the current of one spike", None, -1e-6, 1e-6)
J_CONDUCTANCE = Parameter("J", "S", "peak conductance of one spike", None, 0.0, 1e-6, lower_open=True)
PSP_PEAK = Parameter("psp_peak", "V", "peak of the potential that one spike causes at rest", None, -0.1, 0.1)
DELAY = Parameter("delay", "s", "time from a spike to its effect", 1e-3, 0.0, 1.0, lower_open=True)


@dataclass(frozen=True)
class SynapseKind:
    """A kind of synapse: its parameters, charge per amplitude of its current over tau_syn, peak of the PSP per charge.

    `charge`: None where J is no current; `peak(tau_syn, tau_m)`: None where the PSP depends on more than that.
    `per_source`: every source has a state of its own, so that sources cannot be lumped.
    """

    doc: str
    parameters: tuple[Parameter, ...] = ()
    charge: float | None = None
    peak: Callable[[float, float], float] | None = None
    conductance: bool = False
    per_source: bool = False


SYNAPSES: dict[str, SynapseKind] = {
    "delta": SynapseKind("V jumps by J", peak=lambda _tau_syn, _tau_m: 1.0),
    "exponential": SynapseKind(
        "current: tau_syn s' = -s, s += J/tau_syn at a spike, dV/dt += s", (TAU_SYN,), 1.0, peak_of_exponential
    ),
    "alpha": SynapseKind("current: s = J t/tau_syn^2 exp(-t/tau_syn), dV/dt += s", (TAU_SYN,), math.e, peak_of_alpha),
    "conductance": SynapseKind(
        "tau_syn g' = -g, g += J at a spike, dV/dt += g (E_rev - V)/C_m", (TAU_SYN, E_REV), conductance=True
    ),
    "saturating": SynapseKind(
        "current J s/tau_syn of a gate: tau_syn s' = -s, s += alpha (1 - s) at a spike",
        (TAU_SYN, ALPHA),
        1.0,
        per_source=True,
    ),
    "tsodyks_markram": SynapseKind(
        "exponential current of charge J u x: u' = -u/tau_fac, x' = (1 - x)/tau_rec; at a spike "
        "u += U (1 - u), then x -= u x",
        (TAU_SYN, UTILISATION, TAU_REC, TAU_FAC),
        1.0,
        per_source=True,
    ),
}

EVERY = (TAU_SYN, E_REV, ALPHA, UTILISATION, TAU_REC, TAU_FAC)
