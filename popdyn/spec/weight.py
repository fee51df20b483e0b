"""J of a synapse: in volts or siemens, from a potential, a current, a conductance or the peak of a PSP."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from popdyn.neurons import MODELS
from popdyn.parameters import Parameter
from popdyn.quantities import UNITS, unit_of
from popdyn.spec.network import Neuron
from popdyn.spec.section import Section, show
from popdyn.spec.spread import Value, fit, read_value
from popdyn.spec.synapse import J_CONDUCTANCE, J_CURRENT, PSP_PEAK, SYNAPSES, J, SynapseKind

WRONG_SIGN = 1e-3
"""Share of a distribution of weights that may have the other sign than the declared type: it is cut at zero."""
SIGNS = {"excitatory": 1, "inhibitory": -1}

Constants = Mapping[str, float | None]


def read_weight(
    section: Section, kind: SynapseKind, constants: Constants, post: Neuron | None, *, optional: bool = False
) -> Value | None:
    """J in V (the jump of a delta synapse of equal charge) or S, with its sign checked against `type`.

    `optional`: it may be absent and is zero then.
    """
    sign = _declared_sign(section, kind, constants, post)
    unit = None if section.resolved else _unit(section.data.get("J"))
    parameter, factor = weight_parameter(kind, unit, constants.get("tau_syn"), post)
    given = [key for key in ("J", "psp_peak") if section.given(key)]
    from_peak = given == ["psp_peak"]
    found = None if from_peak else read_value(section, parameter)
    section.take("psp_peak")
    if len(given) == 2:
        section.fault("psp_peak", "both J and psp_peak", "one of them", "remove psp_peak")
    elif from_peak:
        found, factor = _from_peak(section, kind, constants, post), 1.0
    elif not given and optional:
        return Value(0.0)
    elif not given:
        section.fault("J", "nothing", 'a jump of V such as "0.1 mV" or a current such as "40 pA"', "add J = …")
    if found is None or len(given) != 1:
        return None
    if found.number == 0 and found.spread is None:
        section.fault(given[0], "0", "a weight that is not zero", "remove the table")
        return None
    return None if factor is None else _with_sign(section, given[0], _converted(section, found, factor), sign)


def weight_parameter(
    kind: SynapseKind, unit: str | None, tau_syn: float | None, post: Neuron | None
) -> tuple[Parameter, float | None]:
    """The parameter that a weight in that SI unit is read with, and its factor to V or S.

    The factor is None where it depends on something faulty.
    """
    if kind.conductance:
        return J_CONDUCTANCE, 1.0
    if kind.charge is None or unit != "A":
        return J, 1.0
    if tau_syn is None or post is None:
        return J_CURRENT, None
    return J_CURRENT, kind.charge * tau_syn / post.parameters["C_m"]


def _unit(value: Any) -> str | None:
    """The SI unit of a quantity or of a distribution's first number."""
    if isinstance(value, Mapping):
        if isinstance(value.get("unit"), str):
            return UNITS[value["unit"]][0] if value["unit"] in UNITS else None
        first = next((v[0] for v in value.values() if isinstance(v, (list, tuple)) and v), None)
        return None if isinstance(first, Mapping) else _unit(first)
    return unit_of(value) if isinstance(value, str) else None


def _converted(section: Section, found: Value, factor: float) -> Value | None:
    """Times the factor, within the bounds of a jump of V."""
    if factor == 1.0:
        return found
    if found.spread is not None:
        spread = fit(section, "J", found.spread.scaled(factor), J)
        return None if spread is None else Value(spread.centre, spread)
    number = factor * found.number
    if abs(number) > J.upper:
        got = f"a current whose charge makes V jump by {number * 1e3:.4g} mV"
        section.fault("J", got, "jumps of at most 100 mV", "check tau_syn and C_m of the target")
        return None
    return Value(number)


def _from_peak(section: Section, kind: SynapseKind, constants: Constants, post: Neuron | None) -> Value | None:
    """J of which the passive membrane (at the centre of C_m and g_L) has that peak."""
    if kind.peak is None or section.resolved:
        usable = ", ".join(name for name, entry in SYNAPSES.items() if entry.peak is not None)
        where = "in a resolved document" if section.resolved else "for this synapse"
        section.fault("psp_peak", f"psp_peak {where}", f"psp_peak for {usable}", "give J")
        return None
    found = read_value(section, PSP_PEAK)
    if found is None or post is None or None in constants.values():
        return None
    tau_m = post.parameters["C_m"] / post.parameters["g_L"]
    return _converted(section, found, 1.0 / kind.peak(constants.get("tau_syn") or 0.0, tau_m))


def _declared_sign(section: Section, kind: SynapseKind, constants: Constants, post: Neuron | None) -> int:
    """+1 or -1 of `type`, 0 without it; a conductance declares by its reversal potential."""
    if section.resolved:
        return 0
    if not section.given("type"):
        section.take("type")
        return 0
    declared = section.text("type", list(SIGNS))
    sign = SIGNS.get(declared or "", 0)
    if not kind.conductance:
        return sign
    E_rev = constants.get("E_rev")
    threshold = "" if post is None else MODELS[post.model].threshold
    if E_rev is not None and post is not None and sign * (E_rev - post.parameters[threshold]) < 0:
        side = "above" if sign > 0 else "below"
        got = f"{E_rev * 1e3:.6g} mV, while type = {show(declared)}"
        section.fault("E_rev", got, f"{side} {threshold} of the target", "correct E_rev or type")
    return 0


def _with_sign(section: Section, key: str, found: Value | None, sign: int) -> Value | None:
    """The weight if its sign is the declared one; a distribution with next to nothing beyond zero is cut there."""
    if found is None or sign == 0:
        return found
    allowed = f"{'positive' if sign > 0 else 'negative'} weights, as type says"
    if found.spread is None:
        if sign * found.number > 0:
            return found
        section.fault(key, f"a weight of {found.number * 1e3:.6g} mV", allowed, "correct the sign or type")
        return None
    below = found.spread.share_below(0.0)
    wrong = below if sign > 0 else 1.0 - below
    if wrong > (0.0 if found.spread.family == "empirical" else WRONG_SIGN):
        cut = 'low = "0 mV"' if sign > 0 else 'high = "0 mV"'
        fix = f"cut the distribution with {cut}, or use lognormal"
        section.fault(key, f"a distribution with {wrong:.2g} of its weights of the other sign", allowed, fix)
        return None
    cut_there = found.spread.cut(*((0.0, math.inf) if sign > 0 else (-math.inf, 0.0)))
    return found if wrong <= 0 else Value(cut_there.centre, cut_there)
