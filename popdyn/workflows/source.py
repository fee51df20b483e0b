"""What a command is given: a spec, or a model.json that carries its spec and a fitted unit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popdyn.errors import SpecError, UsageError
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import Network, load
from popdyn.types import Rung

RUNGS = ("spiking", "density", "density2d", "unit")


@dataclass(frozen=True)
class Source:
    """A resolved network, and the unit that came with it when the file was a model."""

    network: Network
    unit: CascadeUnit | None = None


def open_source(given: str | Path | Mapping[str, Any] | Network) -> Source:
    """Read a spec (TOML, JSON, dict, Network) or a model.json."""
    if isinstance(given, str | Path) and Path(given).suffix == ".json":
        from popdyn.rungs.model_file import read_model

        try:
            document = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            document = None
        if isinstance(document, dict) and document.get("kind") == "popdyn model":
            unit = read_model(given)
            return Source(unit.network, unit)
    return Source(load(given))


def protocol_name(network: Network, wanted: str | None) -> str:
    """The wanted protocol, or the first of the spec."""
    if wanted is None:
        return next(iter(network.protocols))
    if wanted not in network.protocols:
        raise UsageError(f"--protocol: got {wanted!r}; allowed: {', '.join(network.protocols)}")
    return wanted


def derived_rung(source: Source, rung: str, closure: str | None = None) -> Rung:
    """The rung by name; a unit is fitted to the density rung unless the source brought one."""
    if rung == "modes":
        raise UsageError("--rung: `modes` is not derived yet; allowed: " + ", ".join(RUNGS))
    if rung not in RUNGS:
        raise UsageError(f"--rung: got {rung!r}; allowed: {', '.join(RUNGS)}")
    if rung == "spiking":
        from popdyn.ground_truth import Spiking

        return Spiking(source.network)
    if rung == "density2d":
        from popdyn.rungs.density_2d import Density2D

        return Density2D(source.network)
    if rung == "unit":
        return source.unit or fit_units(source.network)
    from popdyn.rungs.density import Density
    from popdyn.theory.problem import DEFAULT_CLOSURE

    return Density(source.network, closure=closure or DEFAULT_CLOSURE)


def fit_units(network: Network) -> CascadeUnit:
    """One unit per population, fitted to the density rung."""
    from popdyn.fitting import density_over_domain, fit_cascade
    from popdyn.rungs.unit import join

    density = density_over_domain(network)
    return join([fit_cascade(density, name).unit for name in network.populations])


__all__ = ["RUNGS", "Source", "SpecError", "derived_rung", "fit_units", "open_source", "protocol_name"]
