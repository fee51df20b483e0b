"""Synapses: their kinds as data, and the keys of a connection or a Poisson drive that describe one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from popdyn.parameters import Parameter
from popdyn.quantities import UNITS, unit_of
from popdyn.spec.network import Neuron, Synapse
from popdyn.spec.psp import peak_of_alpha, peak_of_exponential
from popdyn.spec.section import Section, show
from popdyn.spec.spread import OUTSIDE, Value, fit, is_distribution, read_value

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
WRONG_SIGN = 1e-3
"""Share of a distribution of weights that may have the other sign than the declared type: it is cut at zero."""


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


def read_synapse(
    section: Section, post: Neuron | None, *, external: bool = False, explicit: bool = False
) -> Synapse | None:
    """The synapse that a table's keys describe; None after a fault. `post`: None when that neuron is faulty.

    `external`: of a Poisson drive (no delay); `explicit`: weights and delays may come from an edge table, and J is
    then zero here.
    """
    before = len(section.faults)
    kinds = [name for name, kind in SYNAPSES.items() if not (external and kind.per_source)]
    name = section.text("synapse", kinds, "delta")
    if name is None:
        for key in ("J", "psp_peak", "delay", *(p.name for p in EVERY)):
            section.take(key)
        return None
    kind = SYNAPSES[name]
    constants = {p.name: _constant(section, p) for p in kind.parameters}
    delay = Value(0.0) if external else read_value(section, DELAY) or Value(float(DELAY.default or 0.0))
    weight = read_weight(section, kind, constants, post, optional=explicit)
    if len(section.faults) > before or weight is None:
        return None
    numbers = {key: value for key, value in constants.items() if value is not None}
    return Synapse(name, weight.number, delay=delay.number, weight=weight.spread, delays=delay.spread, **numbers)


def _constant(section: Section, parameter: Parameter) -> float | None:
    if parameter.default is None:
        return section.required(parameter)
    found = section.quantity(parameter)
    return float(parameter.default) if found is None else found


EVERY = (TAU_SYN, E_REV, ALPHA, UTILISATION, TAU_REC, TAU_FAC)


def keys_of_other_kinds(synapse: Synapse | None) -> dict[str, str]:
    """Keys that belong to other kinds of synapse, and to which."""
    if synapse is None:
        return {}
    own = {p.name for p in SYNAPSES[synapse.kind].parameters}
    users = {p.name: [n for n, kind in SYNAPSES.items() if p in kind.parameters] for p in EVERY if p.name not in own}
    return {key: "synapse " + " and ".join(names) for key, names in users.items()}


def read_weight(
    section: Section,
    kind: SynapseKind,
    constants: Mapping[str, float | None],
    post: Neuron | None,
    *,
    optional: bool = False,
) -> Value | None:
    """J in V (the jump of a delta synapse of equal charge) or S, with its sign checked against `type`."""
    sign = _declared_sign(section, kind, constants, post)
    parameter, factor = weight_unit(section, kind, constants, post)
    found = _psp_peak(section, kind, constants, post) if section.given("psp_peak") else read_value(section, parameter)
    if not section.given("psp_peak"):
        section.take("psp_peak")
    elif section.given("J"):
        section.take("J")
        section.fault("psp_peak", "both J and psp_peak", "one of them", "remove psp_peak")
        return None
    if found is None:
        if not section.given("J") and not section.given("psp_peak"):
            if optional:
                return Value(0.0)
            section.fault("J", "nothing", 'a jump of V such as "0.1 mV" or a current such as "40 pA"', "add J = …")
        return None
    if found.number == 0 and found.spread is None:
        section.fault("J", "0", "a weight that is not zero", "remove the table")
        return None
    if factor is None:
        return None
    return _with_sign(section, _converted(section, found, factor, kind), sign)


def weight_unit(
    section: Section, kind: SynapseKind, constants: Mapping[str, float | None], post: Neuron | None, key: str = "J"
) -> tuple[Parameter, float | None]:
    """The parameter that J is read with, and its factor to V or S; None where it depends on something faulty."""
    if kind.conductance:
        return J_CONDUCTANCE, 1.0
    if section.resolved or kind.charge is None or _unit(section.data.get(key)) != "A":
        return J, 1.0
    tau_syn = constants.get("tau_syn")
    if tau_syn is None or post is None:
        return J_CURRENT, None
    return J_CURRENT, kind.charge * tau_syn / post.parameters["C_m"]


def _unit(value: Any) -> str | None:
    """The SI unit of a quantity or of a distribution's first number."""
    if isinstance(value, Mapping):
        if isinstance(value.get("unit"), str):
            return UNITS.get(value["unit"], (None,))[0]
        inner = next((v for v in value.values() if isinstance(v, (list, tuple)) and v), None)
        return _unit(inner[0]) if inner and not isinstance(inner[0], Mapping) else None
    return unit_of(value) if isinstance(value, str) else None


def _converted(section: Section, found: Value, factor: float, kind: SynapseKind) -> Value | None:
    """In V or S, within the bounds of those."""
    if factor == 1.0 or kind.conductance:
        return found
    if found.spread is not None:
        spread = fit(section, "J", found.spread.scaled(factor), J)
        return None if spread is None else Value(spread.centre, spread)
    number = factor * found.number
    if abs(number) > J.upper:
        got = f"{show(section.data.get('J') or section.data.get('psp_peak'))}, a jump of {number * 1e3:.4g} mV"
        section.fault("J", got, "jumps of at most 100 mV", "check tau_syn and C_m of the target")
        return None
    return Value(number)


def _psp_peak(
    section: Section, kind: SynapseKind, constants: Mapping[str, float | None], post: Neuron | None
) -> Value | None:
    """J of which the passive membrane (centre of C_m/g_L) has that peak."""
    if section.resolved:
        section.fault("psp_peak", "psp_peak in a resolved document", "J", "write J")
        return None
    if kind.peak is None:
        usable = ", ".join(name for name, entry in SYNAPSES.items() if entry.peak is not None)
        section.fault("psp_peak", "psp_peak for this synapse", f"psp_peak for {usable}", "give J")
        section.take("psp_peak")
        return None
    found = read_value(section, PSP_PEAK)
    if found is None or post is None or None in constants.values():
        return None
    per_charge = kind.peak(constants.get("tau_syn") or 0.0, post.parameters["C_m"] / post.parameters["g_L"])
    return _converted(section, found, 1.0 / per_charge, kind)


def _declared_sign(
    section: Section, kind: SynapseKind, constants: Mapping[str, float | None], post: Neuron | None
) -> int:
    """+1 or -1 of `type`, 0 without it; a conductance declares by its reversal potential."""
    if section.resolved or not section.given("type"):
        section.take("type") if not section.resolved else None
        return 0
    declared = section.text("type", ["excitatory", "inhibitory"])
    sign = {"excitatory": 1, "inhibitory": -1}.get(declared or "", 0)
    E_rev = constants.get("E_rev")
    if not kind.conductance:
        return sign
    if E_rev is not None and post is not None and sign and sign * (E_rev - post.parameters["V_th"]) <= 0:
        side = "above" if sign > 0 else "below"
        got = f"{E_rev * 1e3:.6g} mV, while type = {show(declared)}"
        section.fault("E_rev", got, f"{side} V_th of the target", "correct E_rev or type")
    return 0


def _with_sign(section: Section, found: Value | None, sign: int) -> Value | None:
    """The weight if its sign is the declared one; a distribution with next to nothing beyond zero is cut there."""
    if found is None or sign == 0:
        return found
    allowed = f"{'positive' if sign > 0 else 'negative'} weights, as type says"
    if found.spread is None:
        if sign * found.number > 0:
            return found
        section.fault("J", f"a weight of {found.number * 1e3:.6g} mV", allowed, "correct the sign or type")
        return None
    below = found.spread.share_below(0.0)
    wrong = below if sign > 0 else 1.0 - below
    if wrong > (0.0 if found.spread.family == "empirical" else WRONG_SIGN):
        cut = 'low = "0 mV"' if sign > 0 else 'high = "0 mV"'
        fix = f"cut the distribution with {cut}, or use lognormal"
        section.fault("J", f"a distribution with {wrong:.2g} of its weights of the other sign", allowed, fix)
        return None
    cut_there = found.spread.cut(*((0.0, math.inf) if sign > 0 else (-math.inf, 0.0)))
    return found if wrong <= 0 else Value(cut_there.centre, cut_there)


__all__ = ["DELAY", "EVERY", "OUTSIDE", "SYNAPSES", "J", "is_distribution", "keys_of_other_kinds", "read_synapse"]
