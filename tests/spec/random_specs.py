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
