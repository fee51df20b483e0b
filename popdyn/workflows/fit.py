"""Fit a rate unit of a family to a spec's density rung, to a ground truth of the spec, or to recorded rates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import UsageError
from popdyn.fitting import UnitFit, density_over_domain, fit_cascade
from popdyn.fitting.rate_fit import Shape, fit_to_rung
from popdyn.fitting.rate_result import RateFit
from popdyn.rungs.choose import density_rung, has_escape_noise, is_coupled
from popdyn.rungs.families import FAMILIES
from popdyn.rungs.model_file import write_model
from popdyn.rungs.rate_unit import RateUnit
from popdyn.rungs.unit import CascadeUnit, join
from popdyn.spec import Network
from popdyn.types import DerivedRung, Progress
from popdyn.workflows.fit_text import report_text
from popdyn.workflows.fit_truth import fit_to_recording, fit_to_truth
from popdyn.workflows.source import open_source
from popdyn.workflows.unit_rung import has_node_units, no_unit, not_alone

CASCADE = "cascade"


@dataclass(frozen=True)
class Fitted:
    """The fit of each population, and the units together as one rung (`simulate`, `rates`, `equations`, …)."""

    fits: Mapping[str, UnitFit | RateFit]
    unit: CascadeUnit | RateUnit

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: the report of every population."""
        return {"populations": {name: fit.to_dict() for name, fit in self.fits.items()}}


def fit(
    given: str | Path | Mapping[str, Any] | Network, *, family: str = "softplus", population: str | None = None,
    adaptation: int | None = None, varying_tau: bool = False, truth: str | Path | None = None,
    protocol: str | None = None, seed: int = 0, progress: Progress | None = None,
) -> Fitted:  # fmt: skip
    """Fit `family` (cascade, threshold_linear, softplus, power_law, sigmoid) to every population, or to one.

    Parameters
    ----------
    given : a spec or the model.json of one, whose density rung is fitted over the range that its protocols ask for; or
        a CSV of recorded rates
    adaptation : number of adaptation variables [default: 1 where the spec's neuron adapts, else 0]
    varying_tau : the inverse time constant grows with the rate
    truth : a ground truth of the spec (.h5) that is fitted in the place of the density; `protocol`: which one it is of
    seed : of the generated inputs, and of the bootstrap

    Raises UsageError where the populations hear each other, or a file does not belong to the spec.
    """
    if family not in (CASCADE, *FAMILIES):
        raise UsageError(f"--family: got {family!r}; allowed: {', '.join((CASCADE, *FAMILIES))}")
    say = progress or (lambda _fraction, _message: None)
    recorded = isinstance(given, str | Path) and Path(given).suffix.lower() == ".csv"
    if recorded and truth is not None:
        raise UsageError("--truth: recorded rates are fitted by themselves; allowed: a spec with its truth")
    if family == CASCADE:
        if recorded or truth is not None or adaptation is not None or varying_tau:
            others = ", ".join(FAMILIES)
            raise UsageError(
                "--family cascade: it is fitted to a spec's density, with the neuron's own adaptation; allowed for "
                f"other data and choices: {others}"
            )
        return _cascades(open_source(given).network, population, seed, say)
    if recorded:
        path = Path(str(given))
        say(0.0, f"fitting {path.stem}: {family}")
        made = fit_to_recording(path, population or path.stem, Shape(family, adaptation or 0, varying_tau), seed)
        return Fitted({made.population: made}, made.unit)
    network = open_source(given).network
    names, why = _names(network, population), not_alone(network)
    if why:
        raise UsageError(f"--family: a rate unit is fitted to populations that stand alone; {why}")
    shapes = {
        name: Shape(family, _variables(network, name) if adaptation is None else adaptation, varying_tau)
        for name in names
    }
    return _spec(network, shapes, None if truth is None else Path(truth), protocol, seed, say)


def _spec(
    network: Network, shapes: Mapping[str, Shape], truth: Path | None, protocol: str | None, seed: int, say: Progress
) -> Fitted:
    rung = _rung(network) if truth is None else None
    fits = {}
    for k, (name, shape) in enumerate(shapes.items()):
        say(k / len(shapes), f"fitting {name}: {shape.family}")
        if rung is not None:
            fits[name] = fit_to_rung(rung, network, name, shape, seed=seed)
        elif truth is not None:
            fits[name] = fit_to_truth(network, name, shape, truth, protocol, seed)
    units = {name: one.unit.units[name] for name, one in fits.items()}
    return Fitted(fits, RateUnit(network, units, {name: one.to_dict() for name, one in fits.items()}))


def keep(fitted: Fitted, folder: Path) -> tuple[Path, ...]:
    """Writes model.json, fit.json and fit.md."""
    folder.mkdir(parents=True, exist_ok=True)
    model, report, text = (folder / name for name in ("model.json", "fit.json", "fit.md"))
    write_model(fitted.unit, model)
    report.write_text(json.dumps(fitted.to_dict(), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    text.write_text(report_text(fitted.to_dict(), fitted.unit.equations()) + "\n", encoding="utf-8")
    return model, report, text


def _cascades(network: Network, population: str | None, seed: int, say: Progress) -> Fitted:
    why = no_unit(network)
    if why:
        fix = "; `popdyn convert --to unit` fits one to every kind of node" if has_node_units(network) else ""
        raise UsageError(f"--family: a cascade is fitted to populations that stand alone; {why}{fix}")
    names, density = _names(network, population), density_over_domain(network)
    fits = {}
    for k, name in enumerate(names):
        say(k / len(names), f"fitting {name}: cascade")
        fits[name] = fit_cascade(density, name, seed=seed)
    return Fitted(fits, join([one.unit for one in fits.values()]))


def _rung(network: Network) -> DerivedRung:
    if has_escape_noise(network) or is_coupled(network):
        return density_rung(network)
    return density_over_domain(network)


def _names(network: Network, population: str | None) -> list[str]:
    if population is None:
        return list(network.populations)
    if population not in network.populations:
        raise UsageError(f"--population: got {population!r}; allowed: {', '.join(network.populations)}")
    return [population]


def _variables(network: Network, name: str) -> int:
    """1 where the neuron adapts by a current or a moving threshold, else 0."""
    p = network.populations[name].neuron.parameters
    return int(any(np.any(np.asarray(p.get(key, 0.0)) != 0) for key in ("a", "b", "q_sfa", "q_stc")))
