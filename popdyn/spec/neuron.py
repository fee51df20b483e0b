"""The table [populations.NAME.neuron]: model, parameters under any of their names, defaults, constraints."""

from __future__ import annotations

import itertools
import math
from functools import cache

from popdyn.distributions import Distribution
from popdyn.neurons import MODELS, NeuronModel
from popdyn.parameters import Parameter
from popdyn.quantities import format_quantity
from popdyn.spec.names import ELSEWHERE_NEURON, NOT_YET_MODELS, aliases_of
from popdyn.spec.network import Neuron
from popdyn.spec.section import Section, bounds, did_you_mean, show
from popdyn.spec.spread import is_distribution, read_value
from popdyn.spec.traces import read_traces

TAU_M = Parameter("tau_m", "s", "membrane time constant C_m/g_L, instead of one of the two", None, 1e-4, 10.0)
AGREEMENT = 1e-6
"""Relative difference up to which tau_m, C_m and g_L are said to agree."""


TAIL = 1e-3
"""Relations between parameters hold from this quantile of a distribution to one minus it."""

Spread = dict[str, Distribution]


def resolve_neuron(section: Section) -> tuple[Neuron, Spread] | None:
    """All parameters of the model, SI, and the distributions among them; None when something in the table is wrong."""
    before = len(section.faults)
    model = _resolve_model(section)
    if model is None:
        return None
    given = {p.name: read_value(section, p, aliases_of(p.name)) for p in model.parameters}
    tau_m = _resolve_tau_m(section)
    traces = {name: value for kind in model.traces for name, value in read_traces(section, kind).items()}
    section.close(elsewhere={**ELSEWHERE_NEURON, **_keys_of_other_models(model.name)})
    faulty = {p.name for p in model.parameters if given[p.name] is None and section.given(p.name, aliases_of(p.name))}
    found = {name: value for name, value in (given | traces).items() if value is not None}
    values = {name: value.number for name, value in found.items()}
    spread = {name: value.spread for name, value in found.items() if value.spread is not None}
    if tau_m is not None and not faulty & {"C_m", "g_L"}:
        _use_tau_m(section, model, values, tau_m, spread)
    elif tau_m is None and section.given("tau_m", aliases_of("tau_m")):
        faulty |= {"C_m", "g_L"}
    parameters = _complete(model, values)
    if len(section.faults) == before:
        _check_default_of_spread(section, model, parameters, values, spread)
    _check(section, model, parameters, faulty, spread)
    return (Neuron(model.name, parameters), spread) if len(section.faults) == before else None


def _resolve_tau_m(section: Section) -> float | None:
    key, value = section.take("tau_m", aliases_of("tau_m"))
    if is_distribution(value):
        fix = "distribute g_L (J stays the same for all neurons) or C_m (jumps of V go with 1/C_m)"
        section.fault(key, "a distribution", "one value: C_m and g_L are what differs between neurons", fix)
        return None
    return None if value is None else section.convert(key, value, TAU_M)


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
    own = {p.name for p in MODELS[model].keys}
    others: dict[str, list[str]] = {}
    for other in MODELS.values():
        for name in {p.name for p in other.keys} - own:
            for key in (name, *aliases_of(name)):
                others.setdefault(key, []).append(other.name)
    return {key: "model " + " and ".join(names) for key, names in others.items()}


def _use_tau_m(section: Section, model: NeuronModel, values: dict[str, float], tau_m: float, spread: Spread) -> None:
    """Of C_m, g_L and tau_m, two determine the third and three have to agree."""
    if {"C_m", "g_L"} & set(spread):
        section.fault("tau_m", "tau_m beside a distribution of C_m or g_L", "C_m and g_L", "write the two of them")
        return
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
    complete = {p.name: numbers[p.name if p.name in numbers else str(p.default)] for p in model.parameters}
    return complete | {p.name: values[p.name] for p in model.of_neuron(values)[len(complete) :]}


def _check_default_of_spread(
    section: Section, model: NeuronModel, parameters: dict[str, float], given: dict[str, float], spread: Spread
) -> None:
    """A default that is another parameter's value has to be written out when that one differs between neurons."""
    for p in model.parameters:
        if isinstance(p.default, str) and p.default in spread and p.name not in given and parameters.get("a"):
            got = f"nothing, while its default {p.default} is a distribution"
            section.fault(p.name, got, "one value or a distribution", f"give {p.name}")


def _check(
    section: Section, model: NeuronModel, parameters: dict[str, float], faulty: set[str], spread: Spread
) -> None:
    """Bounds once more (C_m or g_L may come from tau_m), then the relations between parameters that are not faulty.

    A relation with distributions is tried at all combinations of their outer quantiles.
    """
    for p in model.parameters:
        if p.name not in faulty and not p.lower <= parameters[p.name] <= p.upper:
            got = f"{format_quantity(parameters[p.name], p.unit)} (from tau_m)"
            section.fault(p.name, got, bounds(p), "give C_m and g_L")
    for constraint in model.constraints:
        named = [name for name in constraint.names() if name in parameters]
        if faulty & set(named):
            continue
        tails = [spread[n].quantile([TAIL, 0.5, 1 - TAIL]).tolist() if n in spread else [parameters[n]] for n in named]
        for numbers in itertools.product(*tails):
            tried = dict(zip(named, numbers, strict=True))
            if not constraint.holds(parameters | tried):
                shown = [f"{n} = {format_quantity(v, model.parameter(n).unit, digits=6)}" for n, v in tried.items()]
                where = [name for name in named if name in spread]
                fix = f"{constraint.fix}, or cut the distribution with low = … or high = …" if where else constraint.fix
                section.fault((where or named)[0], ", ".join(shown), constraint.text, fix)
                break
