"""What a command is given: a spec, or a model.json that carries its spec and a derived model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from popdyn.errors import SpecError, UsageError
from popdyn.neurons import MODELS
from popdyn.rungs.cohort_modes import CohortModes
from popdyn.rungs.coupled_modes import CoupledModes
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.density_document import DensityModel
from popdyn.rungs.modes import Modes
from popdyn.rungs.rate_unit import RateUnit
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import Network, load
from popdyn.types import Progress, Rung
from popdyn.workflows.unit_rung import no_unit, unit_rung

RUNGS = ("spiking", "density", "density2d", "modes", "unit")


@dataclass(frozen=True)
class Source:
    """A resolved network, and the model that came with it when the file was a model.json."""

    network: Network
    unit: CascadeUnit | CoupledUnits | RateUnit | None = None
    density: DensityModel | None = None
    modes: Modes | CoupledModes | CohortModes | None = None


def open_source(given: str | Path | Mapping[str, Any] | Network | Source) -> Source:
    """Read a spec (TOML, JSON, dict, Network) or a model.json; what was read already stays as it is."""
    if isinstance(given, Source):
        return given
    if isinstance(given, str | Path) and Path(given).suffix == ".json":
        from popdyn.rungs.model_file import read_any_model

        try:
            document = json.loads(Path(given).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            document = None
        if isinstance(document, dict) and document.get("kind") == "popdyn model":
            model = read_any_model(given)
            if isinstance(model, DensityModel):
                return Source(model.network, density=model)
            if isinstance(model, Modes | CoupledModes | CohortModes):
                return Source(model.network, modes=model)
            if model.network is None:
                fix = "allowed: a model of a spec, or `RateUnit.simulate` in Python"
                raise UsageError(f"{given}: a unit fitted to a recording, which has no spec; {fix}")
            return Source(model.network, model)
    return Source(load(given))


def own_rung(source: Source) -> str:
    """The rung of a model, and of a spec the density."""
    return "unit" if source.unit is not None else "modes" if source.modes is not None else "density"


def protocol_name(network: Network, wanted: str | None) -> str:
    """The wanted protocol, or the first of the spec."""
    if wanted is None:
        return next(iter(network.protocols))
    if wanted not in network.protocols:
        raise UsageError(f"--protocol: got {wanted!r}; allowed: {', '.join(network.protocols)}")
    return wanted


def derived_rung(
    source: Source, rung: str, closure: str | None = None, *, finite: bool = False, progress: Progress | None = None
) -> Rung:
    """The rung by name; a unit is fitted to the density rung unless the source brought one."""
    if rung not in RUNGS:
        raise UsageError(f"--rung: got {rung!r}; allowed: {', '.join(RUNGS)}")
    if finite and rung != "density":
        raise UsageError(f"--finite-size: the {rung} rung has no such option; allowed: --rung density")
    if rung == "spiking":
        from popdyn.ground_truth import Spiking

        return Spiking(source.network)
    if rung == "density":
        return _density(source, closure, finite, progress)
    if source.unit is not None and rung == "unit":
        return source.unit
    from popdyn.theory.problem import DEFAULT_CLOSURE

    if rung == "modes":
        from popdyn.workflows.modes_rung import modes_rung

        return source.modes or modes_rung(source.network, closure or DEFAULT_CLOSURE, progress)
    if rung == "density2d":
        why = no_unit(source.network) or _no_density2d(source.network)
        if why:
            raise UsageError(f"--rung: density2d is of homogeneous populations alone; {why}; use --rung density")
        from popdyn.rungs.density_2d import Density2D

        return Density2D(source.network)
    return unit_rung(source.network, closure or DEFAULT_CLOSURE, progress)


def _no_density2d(network: Network) -> str:
    for name, population in network.populations.items():
        if MODELS[population.neuron.model].escape:
            return f"populations.{name} (model {population.neuron.model}) has escape noise"
        if population.spread:
            return f"populations.{name} differs in {', '.join(population.spread)} between neurons"
    return ""


def _density(source: Source, closure: str | None, finite: bool, progress: Progress | None) -> Rung:
    from popdyn.rungs.choose import density_rung, is_coupled, is_mixed
    from popdyn.theory.problem import DEFAULT_CLOSURE

    if source.density is not None and not finite:
        return source.density.density(closure=closure, progress=progress)
    options: dict[str, Any] = {"closure": closure or DEFAULT_CLOSURE}
    if finite or is_coupled(source.network) or is_mixed(source.network):
        options["progress"] = progress
    if finite:
        options["finite"] = True
    if progress is not None:
        progress(0.0, "deriving: nodes and working point (a first run compiles them)")
    return density_rung(source.network, **options)


__all__ = [
    "RUNGS",
    "Source",
    "SpecError",
    "derived_rung",
    "open_source",
    "own_rung",
    "protocol_name",
]
