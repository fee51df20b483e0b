"""Derivatives of a population's rate and unit by its spiking parameters, and what the spec's spreads do to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import UsageError
from popdyn.fitting.rate_fit import Shape
from popdyn.fitting.unit_sensitivity import UnitSensitivity, fitted_point, unit_sensitivity
from popdyn.quantities import DIMENSIONS, UNITS, format_quantity
from popdyn.rungs.density import Density
from popdyn.rungs.families import FAMILIES
from popdyn.spec import Network, Population
from popdyn.theory.problem import DEFAULT_CLOSURE
from popdyn.theory.sensitivity import Sensitivity, identifiable, parameters_of, rate_sensitivity, scale_of
from popdyn.types import FloatArray, Progress
from popdyn.workflows.map_axes import adapts
from popdyn.workflows.source import open_source
from popdyn.workflows.unit_rung import not_alone

NO_UNIT = "none"


def slopes(
    given: str | Path | Mapping[str, Any] | Network, *, family: str = "softplus", adaptation: int | None = None,
    varying_tau: bool = False, seed: int = 0, progress: Progress | None = None,
) -> dict[str, Any]:  # fmt: skip
    """By population: exact derivatives of the rate, and of the parameters of a fitted unit, by every spiking parameter.

    The neurons are those at the centres of the spec's distributions, whose s.d. are propagated to first order.

    Raises UsageError where populations hear each other or have escape noise; NumericsError where a unit has no smooth
    best fit.
    """
    network = open_source(given).network
    why = not_alone(network)
    if why:
        raise UsageError(f"--slopes: derivatives are of populations that stand alone; {why}")
    if family not in (*FAMILIES, NO_UNIT):
        raise UsageError(f"--family: got {family!r}; allowed: {', '.join((*FAMILIES, NO_UNIT))}")
    found = {}
    for k, (name, population) in enumerate(network.populations.items()):
        if progress is not None:
            progress(k / len(network.populations), f"derivatives of {name}: two density runs per parameter")
        plain = replace(population, spread={}, correlations=())
        alone = replace(network, populations={name: plain}, protocols=_heard(network, name))
        shape = None
        if family != NO_UNIT:
            shape = Shape(family, int(adapts(network, name)) if adaptation is None else adaptation, varying_tau)
        found[name] = _of_population(alone, population, shape, seed)
    return {"spec_hash": network.spec_hash, "family": family, "populations": found}


def _heard(network: Network, name: str) -> dict[str, Any]:
    """The protocols with the stimuli of one population."""
    own = {key: tuple(s for s in p.stimuli if s.population == name) for key, p in network.protocols.items()}
    return {key: replace(p, stimuli=own[key]) for key, p in network.protocols.items()}


def _of_population(alone: Network, population: Population, shape: Shape | None, seed: int) -> dict[str, Any]:
    if shape is None:
        grid = Density(alone).grids[population.name]
        rate = rate_sensitivity(alone.populations[population.name], grid.operator, DEFAULT_CLOSURE)
        return _rate_entry(rate, population)
    made = unit_sensitivity(fitted_point(alone, population.name, shape, seed=seed))
    return _rate_entry(made.point.rate, population) | {"unit": _unit_entry(made, population)}


def _rate_entry(rate: Sensitivity, population: Population) -> dict[str, Any]:
    known = parameters_of(population)
    by = {
        name: {
            "slope": float(slope), "unit": f"Hz/({known[name].unit})", "change": scale_of(population, name),
            "rate_change": float(scaled),
        }
        for name, slope, scaled in zip(rate.names, rate.gradient, rate.scaled, strict=True)
    }  # fmt: skip
    entry: dict[str, Any] = {"rate": rate.rate, "parameters": by}
    if population.spread:
        entry["spread"] = {"rate_sd": rate.spread(_sd(population), population.correlations)}
    return entry


def _unit_entry(made: UnitSensitivity, population: Population) -> dict[str, Any]:
    values, directions = identifiable(made.scaled)
    entry: dict[str, Any] = {
        "parameters": made.point.values,
        "slopes": {p: _named(made.names, made.exact[i]) for i, p in enumerate(made.parameters)},
        "scaled": {p: _named(made.names, made.scaled[i]) for i, p in enumerate(made.parameters)},
        "gauss_newton": {p: _named(made.names, made.gauss_newton[i]) for i, p in enumerate(made.parameters)},
        "gauss_newton_error": _named(made.names, made.gauss_newton_error),
        "singular_values": values.tolist(),
        "directions": [_named(made.names, row) for row in directions],
    }
    if population.spread:
        entry["spread"] = made.spread(_sd(population), population.correlations)
    return entry


def _named(names: tuple[str, ...], row: FloatArray) -> dict[str, float]:
    return dict(zip(names, row.tolist(), strict=True))


def _sd(population: Population) -> dict[str, float]:
    sd = {name: float(d.moments[1]) for name, d in population.spread.items()}
    endless = [name for name, s in sd.items() if not np.isfinite(s)]
    if endless:
        allowed = "distributions that have one"
        raise UsageError(f"populations.{population.name}: {', '.join(endless)} has no s.d.; allowed: {allowed}")
    return sd


def summary(document: Mapping[str, Any]) -> list[str]:
    """What the command prints."""
    lines = []
    for name, entry in document["populations"].items():
        lines.append(f"{name}: rate {entry['rate']:.4f} Hz")
        for key, p in entry["parameters"].items():
            dimension = p["unit"].removeprefix("Hz/(").removesuffix(")")
            shown = DIMENSIONS[dimension].shown
            per = p["slope"] * float(UNITS[shown][1])
            change = format_quantity(p["change"], dimension, digits=3)
            lines.append(
                f"  {key:<8} {per:+.5g} Hz per {shown}; {change}: {p['rate_change']:+.4g} Hz{_of_unit(entry, key)}"
            )
        if "spread" in entry:
            lines.append(f"  spread of the spec, to first order: s.d. of the rate {entry['spread']['rate_sd']:.4g} Hz")
        unit = entry.get("unit")
        if unit is not None:
            for parameter, sd in unit.get("spread", {}).items():
                lines.append(f"    s.d. of {parameter} {sd:.4g} (SI)")
            missed = unit["gauss_newton_error"].values()
            lines.append(
                f"  Gauss-Newton derivatives of the unit would be off by {min(missed):.0%} to {max(missed):.0%}, of "
                "the largest of each spiking parameter, in the fit's scales"
            )
            sizes = ", ".join(f"{v:.3g}" for v in unit["singular_values"][: len(unit["parameters"])])
            unseen = len(unit["singular_values"]) - len(unit["parameters"])
            lines.append(
                f"  the unit sees directions of sizes {sizes}; {unseen} directions of the neuron it does not see"
            )
    return lines


def _of_unit(entry: Mapping[str, Any], key: str) -> str:
    """The unit parameter that follows most, in the fit's own scale."""
    if "unit" not in entry:
        return ""
    moved = {p: row[key] for p, row in entry["unit"]["scaled"].items()}
    first = max(moved, key=lambda p: abs(moved[p]))
    return f"; most of the unit: {first} {moved[first]:+.3g} of its scale"
