"""The table [populations.NAME.neuron]: model, parameters under any of their names, defaults, constraints."""

from __future__ import annotations

import math
from functools import cache

from popdyn.neurons import MODELS, NeuronModel
from popdyn.parameters import Parameter
from popdyn.quantities import format_quantity
from popdyn.spec.names import NOT_YET_MODELS, NOT_YET_NEURON, aliases_of
from popdyn.spec.network import Neuron
from popdyn.spec.section import Section, bounds, did_you_mean, show

TAU_M = Parameter("tau_m", "s", "membrane time constant C_m/g_L, instead of one of the two", None, 1e-4, 10.0)
AGREEMENT = 1e-6
"""Relative difference up to which tau_m, C_m and g_L are said to agree."""


def resolve_neuron(section: Section) -> Neuron | None:
    """All parameters of the model, SI; None when something in the table is wrong."""
    before = len(section.faults)
    model = _resolve_model(section)
    if model is None:
        return None
    given = {p.name: section.quantity(p, aliases_of(p.name)) for p in model.parameters}
    tau_m = section.quantity(TAU_M, aliases_of("tau_m"))
    section.close(NOT_YET_NEURON, _keys_of_other_models(model.name))
    faulty = {p.name for p in model.parameters if given[p.name] is None and section.given(p.name, aliases_of(p.name))}
    values = {name: value for name, value in given.items() if value is not None}
    if tau_m is not None and not faulty & {"C_m", "g_L"}:
        _use_tau_m(section, model, values, tau_m)
    elif tau_m is None and section.given("tau_m", aliases_of("tau_m")):
        faulty |= {"C_m", "g_L"}
    parameters = _complete(model, values)
    _check(section, model, parameters, faulty)
    return Neuron(model.name, parameters) if len(section.faults) == before else None


def _resolve_model(section: Section) -> NeuronModel | None:
    _, name = section.take("model")
    if isinstance(name, str) and name in MODELS:
        return MODELS[name]
    supported = ", ".join(MODELS)
    if name is None:
        section.fault("model", "nothing", supported, 'add model = "adex"')
    elif isinstance(name, str) and name.lower() in NOT_YET_MODELS:
        section.fault("model", f"{show(name)}, which is not derived yet", supported, "use one of these")
    else:
        hint = did_you_mean(name, list(MODELS)) if isinstance(name, str) else ""
        section.fault("model", show(name), supported, hint or "use one of these")
    return None


@cache
def _keys_of_other_models(model: str) -> dict[str, str]:
    own = {p.name for p in MODELS[model].parameters}
    others: dict[str, list[str]] = {}
    for other in MODELS.values():
        for name in {p.name for p in other.parameters} - own:
            for key in (name, *aliases_of(name)):
                others.setdefault(key, []).append(other.name)
    return {key: "model " + " and ".join(names) for key, names in others.items()}


def _use_tau_m(section: Section, model: NeuronModel, values: dict[str, float], tau_m: float) -> None:
    """Of C_m, g_L and tau_m, two determine the third and three have to agree."""
    if "C_m" in values and "g_L" in values:
        quotient = values["C_m"] / values["g_L"]
        if not math.isclose(quotient, tau_m, rel_tol=AGREEMENT):
            got = f"{format_quantity(tau_m, 's')}, while C_m/g_L = {quotient * 1e3:.6g} ms"
            section.fault("tau_m", got, "any two of C_m, g_L, tau_m, or three that agree", "remove one of the three")
    elif "g_L" in values:
        values["C_m"] = values["g_L"] * tau_m
    else:
        values["g_L"] = values.setdefault("C_m", float(model.parameter("C_m").default or 0)) / tau_m


def _complete(model: NeuronModel, values: dict[str, float]) -> dict[str, float]:
    """Every parameter in the model's order; a default that is a name is the value of that parameter."""
    numbers = {p.name: p.default for p in model.parameters if isinstance(p.default, float)} | values
    return {p.name: numbers[p.name if p.name in numbers else str(p.default)] for p in model.parameters}


def _check(section: Section, model: NeuronModel, parameters: dict[str, float], faulty: set[str]) -> None:
    """Bounds once more (C_m or g_L may come from tau_m), then the relations between parameters that are not faulty."""
    for p in model.parameters:
        if p.name not in faulty and not p.lower <= parameters[p.name] <= p.upper:
            got = f"{format_quantity(parameters[p.name], p.unit)} (from tau_m)"
            section.fault(p.name, got, bounds(p), "give C_m and g_L")
    for constraint in model.constraints:
        named = [name for name in constraint.names() if name in parameters]
        if not faulty & set(named) and not constraint.holds(parameters):
            got = ", ".join(f"{n} = {format_quantity(parameters[n], model.parameter(n).unit)}" for n in named)
            section.fault(named[0], got, constraint.text, constraint.fix)
