"""Fit a rate unit of a family to a spec's density rung, to a ground truth of the spec, or to recorded rates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.comparison.compare import SAMPLED_RUNGS
from popdyn.errors import UsageError
from popdyn.fitting import UnitFit, density_over_domain, fit_cascade
from popdyn.fitting.rate_fit import Shape, fit_to_rung, fit_to_targets, with_network
from popdyn.fitting.rate_result import RateFit
from popdyn.fitting.recording import read_recording, recorded_target
from popdyn.fitting.targets import Target, split, target_in
from popdyn.rungs.choose import density_rung, has_escape_noise, is_coupled
from popdyn.rungs.families import FAMILIES
from popdyn.rungs.model_file import write_model
from popdyn.rungs.rate_unit import RateUnit
from popdyn.rungs.unit import CascadeUnit, join
from popdyn.spec import Network, load, under_protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.types import DerivedRung, Progress
from popdyn.workflows.fit_text import report_text
from popdyn.workflows.source import no_unit, not_alone, protocol_name
from popdyn.workflows.truth import from_file

CASCADE = "cascade"
TRAINED = 2 / 3
"""Share of rates at hand that is fitted; the rest is held out."""
STEADY = 1e-6
"""Relative range below which sigma is constant."""


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
    given : a spec, whose density rung is fitted over the range its protocols ask for; or a CSV of recorded rates
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
        return _cascades(load(given), population, seed, say)
    if recorded:
        return _recorded(Path(str(given)), Shape(family, adaptation or 0, varying_tau), population, seed, say)
    network = load(given)
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
            fits[name] = _to_truth(network, name, shape, truth, protocol, seed)
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
        raise UsageError(f"--family: a cascade is fitted to homogeneous populations that stand alone; {why}")
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


def _to_truth(network: Network, name: str, shape: Shape, path: Path, protocol: str | None, seed: int) -> RateFit:
    file = path / "result.h5" if path.is_dir() else path
    chosen = network.protocols[protocol_name(network, protocol)]
    dataset = from_file(file, network, chosen.name).dataset
    wanted = under_protocol(network, chosen).spec_hash
    if dataset.attrs.get("spec_hash") != wanted:
        raise UsageError(f"--truth: {file} is of another spec ({dataset.attrs.get('spec_hash')}); wanted: {wanted}")
    who = network.populations[name]
    whole = target_in(dataset, who, chosen, f"{dataset.attrs.get('rung', 'result')} under {chosen.name}")
    noisy = dataset.attrs.get("rung") in SAMPLED_RUNGS or dataset.sizes["run"] > 1
    empty = shape.empty(name, _range(whole), *input_statistics(who), float(whole.rate.mean()))
    early, late = split(whole, TRAINED)
    made = fit_to_targets(empty, [early], [late], noisy=noisy, seed=seed, fitted_to=f"{whole.doc} ({file.name})")
    return with_network(made, network)


def _recorded(path: Path, shape: Shape, population: str | None, seed: int, say: Progress) -> Fitted:
    name = population or path.stem
    recording = read_recording(path)
    whole = recorded_target(recording, path.stem)
    domain = _range(whole)
    mu, sigma = float(whole.mu.mean()), float(whole.sigma.mean())
    empty = shape.empty(name, domain, mu, sigma, float(whole.rate.mean()))
    noise_unit = "V/sqrt(s)" if recording.drive_unit == "V/s" else f"({recording.drive_unit}) sqrt(s)"
    empty = replace(empty, drive_unit=recording.drive_unit, noise_unit=noise_unit)
    early, late = split(whole, TRAINED)
    say(0.0, f"fitting {name}: {shape.family}")
    made = fit_to_targets(empty, [early], [late], noisy=True, seed=seed, fitted_to=f"recorded rates ({path.name})")
    return Fitted({name: made}, made.unit)


def _range(target: Target) -> Domain:
    mu, sigma = target.mu, target.sigma
    if not np.ptp(mu) > 0:
        raise UsageError(f"{target.name}: the drive mu does not move; allowed: data in which it does")
    steady = np.ptp(sigma) <= STEADY * np.max(np.abs(sigma))
    ends = (float(sigma.mean()),) * 2 if steady else (float(sigma.min()), float(sigma.max()))
    return Domain(float(mu.min()), float(mu.max()), *ends)


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
