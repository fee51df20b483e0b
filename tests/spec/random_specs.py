"""Random valid specs, each quantity as (decimal number, unit) so that it can be rewritten in other units."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from popdyn.quantities import UNITS, units_of
from popdyn.spec.names import aliases_of

Quantity = tuple[Decimal, str]

RANGES: dict[str, tuple[float, float, str]] = {
    "C_m": (50, 400, "pF"),
    "g_L": (5, 30, "nS"),
    "E_L": (-75, -55, "mV"),
    "V_th": (-54, -46, "mV"),
    "V_reset": (-80, -58, "mV"),
    "t_ref": (0, 5, "ms"),
    "I_e": (-50, 50, "pA"),
    "Delta_T": (0.8, 3, "mV"),
    "V_peak": (-42, -30, "mV"),
    "a": (0, 8, "nS"),
    "b": (0, 120, "pA"),
    "tau_w": (20, 500, "ms"),
    "E_w": (-80, -60, "mV"),
}
LIF = ("C_m", "g_L", "E_L", "V_th", "V_reset", "t_ref", "I_e")
KEYS = {"lif": LIF, "eif": (*LIF, "Delta_T", "V_peak"), "adex": tuple(RANGES)}


def _draw(rng: random.Random, low: float, high: float, unit: str) -> Quantity:
    return Decimal(f"{rng.uniform(low, high):.{rng.randint(1, 6)}f}"), unit


def _stimulus(rng: random.Random, population: str) -> dict[str, Any]:
    target, unit = rng.choice([("mu", "mV/ms"), ("sigma", "mV/sqrt(ms)")])
    kind = rng.choice(["step", "ramp", "pulse", "sine", "chirp", *(["ou"] if target == "mu" else [])])
    entry: dict[str, Any] = {"population": population, "target": target, "kind": kind}
    if kind == "ou":
        return entry | {"std": _draw(rng, 0, 0.5, unit), "tau": _draw(rng, 2, 100, "ms")}
    entry |= {"at": _draw(rng, 0, 400, "ms"), "amplitude": _draw(rng, -0.2, 0.2, unit)}
    if kind == "pulse":
        entry["width"] = _draw(rng, 1, 90, "ms")
    elif rng.random() < 0.5:
        entry["until"] = _draw(rng, 401, 500, "ms")
    if kind == "sine":
        entry["frequency"] = _draw(rng, 1, 50, "Hz")
    if kind == "chirp":
        entry |= {"f_start": _draw(rng, 1, 20, "Hz"), "f_stop": _draw(rng, 1, 100, "Hz")}
    return entry


def draw_spec(rng: random.Random) -> dict[str, Any]:
    """A valid spec with quantities as pairs; `write` turns them into text."""
    populations: dict[str, Any] = {}
    for name in rng.sample(["E", "I", "PV", "L2_3e"], rng.randint(1, 2)):
        model = rng.choice(list(KEYS))
        neuron: dict[str, Any] = {"model": model}
        for key in KEYS[model]:
            if rng.random() < 0.8:
                neuron[rng.choice([key, key, *aliases_of(key)])] = _draw(rng, *RANGES[key])
        populations[name] = {"size": rng.randint(1, 100_000), "neuron": neuron}
        populations[name]["noise"] = {"mu": _draw(rng, 0, 2, "mV/ms"), "sigma": _draw(rng, 1, 3, "mV/sqrt(ms)")}
        if rng.random() < 0.3:
            poisson = {"K": rng.randint(1, 1000), "nu": _draw(rng, 1, 20, "Hz"), "J": _draw(rng, 0.06, 0.3, "mV")}
            populations[name]["poisson"] = [poisson]
        if rng.random() < 0.3:
            populations[name]["initial"] = {"V": {"normal": [_draw(rng, -75, -60, "mV"), _draw(rng, 0, 4, "mV")]}}
    protocols = {}
    for name in rng.sample(["main", "step", "slow"], rng.randint(0, 2)):
        stimuli = [_stimulus(rng, rng.choice(list(populations))) for _ in range(rng.randint(0, 2))]
        protocols[name] = {"duration": (Decimal(rng.randint(500, 3000)), "ms"), "stimulus": stimuli}
        if rng.random() < 0.5:
            protocols[name]["seed"] = rng.randint(0, 2**53 - 1)
    spec: dict[str, Any] = {"schema": 1, "name": "random", "populations": populations}
    return spec | ({"protocols": protocols} if protocols else {})


def _distribution(rng: random.Random, low: float, high: float, unit: str, share: float = 0.03) -> dict[str, Any]:
    """A distribution of a quantity whose values lie about low..high; `share`: its width over theirs."""
    middle = 0.5 * (low + high) or 1.0
    width = share * (high - low)
    centre = _draw(rng, middle - width, middle + width, unit)
    spread = (Decimal(f"{width * rng.uniform(0.2, 1):.9f}"), unit)
    family = rng.choice(["normal", "normal", "lognormal", "gamma", "uniform", "lorentzian", "empirical"])
    if family == "uniform":
        return {family: [centre, (centre[0] + spread[0], unit)]}
    if family == "empirical":
        return {family: [(centre[0] + i * spread[0], unit) for i in range(rng.randint(2, 5))]}
    found: dict[str, Any] = {family: [centre, spread]}
    if family == "lorentzian" or rng.random() < 0.3:
        found |= {"low": (centre[0] - 3 * spread[0], unit), "high": (centre[0] + 3 * spread[0], unit)}
    return found


SPREADABLE = ("C_m", "V_th", "V_reset", "I_e", "b", "tau_w")
SYNAPSE_KEYS: dict[str, dict[str, tuple[float, float, str]]] = {
    "delta": {},
    "exponential": {"tau_syn": (1, 9, "ms")},
    "alpha": {"tau_syn": (1, 9, "ms")},
    "conductance": {"tau_syn": (1, 9, "ms"), "E_rev": (-80, 5, "mV")},
    "saturating": {"tau_syn": (1, 9, "ms"), "alpha": (0.1, 0.9, "")},
    "tsodyks_markram": {"tau_syn": (1, 9, "ms"), "U": (0.1, 0.9, ""), "tau_rec": (10, 900, "ms")},
}
RULE_KEYS: dict[str, dict[str, Any]] = {
    "all_to_all": {},
    "fixed_indegree": {"K": 50},
    "fixed_outdegree": {"K": 40},
    "pairwise_bernoulli": {"p": 0.1},
    "fixed_total_number": {"number": 4000},
    "explicit": {"edges": {"source": [1, 0, 2], "target": [0, 0, 1]}},
}


def _weight(rng: random.Random, kind: str) -> dict[str, Any]:
    if kind == "conductance":
        return {"J": _draw(rng, 0.2, 3, "nS")}
    if kind != "delta" and rng.random() < 0.3:
        return {"J": _draw(rng, 1, 60, "pA")}
    if kind in ("exponential", "alpha") and rng.random() < 0.3:
        return {"psp_peak": _draw(rng, 0.06, 0.3, "mV"), "type": "excitatory"}
    return {"J": rng.choice([_draw(rng, -0.4, -0.06, "mV"), _distribution(rng, 0.05, 0.4, "mV", 0.1)])}


def _connection(rng: random.Random, populations: dict[str, Any]) -> dict[str, Any]:
    kind, rule = rng.choice(list(SYNAPSE_KEYS)), rng.choice(list(RULE_KEYS))
    found = {"pre": rng.choice(list(populations)), "post": rng.choice(list(populations)), "rule": rule, "synapse": kind}
    found |= {key: _draw(rng, *bounds) for key, bounds in SYNAPSE_KEYS[kind].items()}
    weight = _weight(rng, kind)
    if rule == "explicit":
        weight = {"J": _draw(rng, 0.1, 3, "nS" if kind == "conductance" else "mV")}
    delay = rng.choice([_draw(rng, 0.5, 9, "ms"), _distribution(rng, 1, 9, "ms", 0.1)])
    if rule == "explicit":
        delay = _draw(rng, 0.5, 9, "ms")
    return found | RULE_KEYS[rule] | weight | {"delay": delay}


def draw_network(rng: random.Random) -> dict[str, Any]:
    """A valid spec with distributions and connections; `write` turns it into text."""
    spec = draw_spec(rng)
    for population in spec["populations"].values():
        population["size"] = rng.randint(100, 2000)
        spread = [key for key in SPREADABLE if key in KEYS[population["neuron"]["model"]] and rng.random() < 0.4]
        spread = [key for key in spread if not set(aliases_of(key)) & set(population["neuron"])]
        population["neuron"] |= {key: _distribution(rng, *RANGES[key]) for key in spread}
        if rng.random() < 0.3:
            population["noise"]["mu"] = _distribution(rng, 0.5, 1, "mV/ms")
            spread.append("mu")
        if len(spread) > 1:
            coefficient = Decimal(f"{rng.uniform(-0.9, 0.9):.3f}")
            population["correlations"] = [{"between": rng.sample(spread, 2), "coefficient": (coefficient, "")}]
    spec["connections"] = [_connection(rng, spec["populations"]) for _ in range(rng.randint(1, 4))]
    return spec


def write(node: Any, rng: random.Random | None = None) -> Any:
    """The spec as a user would write it; with `rng`, in units that differ by an exact power of ten."""
    if isinstance(node, tuple):
        number, unit = node
        return f"{number} {unit}" if rng is None else _rewritten(number, unit, rng)
    if isinstance(node, dict):
        return {key: write(value, rng) for key, value in node.items()}
    if isinstance(node, list):
        return [write(value, rng) for value in node]
    return node


def _rewritten(number: Decimal, unit: str, rng: random.Random) -> Any:
    dimension, factor = UNITS[unit]
    ratios = {other: factor / UNITS[other][1] for other in units_of(dimension)}
    exact = [u for u, r in ratios.items() if r.normalize().as_tuple().digits == (1,)]
    other = rng.choice(exact)
    value = number * ratios[other].normalize()
    forms = [
        f"{value:f} {other}",
        f"{value:e} {other}" if other[:1].isdigit() else f"{value:e}{other}",
        f"  {value}   {other} ",
    ]
    return rng.choice([*forms, {"value": float(value), "unit": other}])
