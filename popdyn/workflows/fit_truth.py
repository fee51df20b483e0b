"""Fit of a simple rate unit to rates at hand: a ground truth of a spec, or a recording; the last third is held out."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from popdyn.comparison import compare
from popdyn.comparison.compare import SAMPLED_RUNGS
from popdyn.errors import UsageError
from popdyn.fitting.rate_fit import Shape, adaptation_start, fit_to_targets, with_network
from popdyn.fitting.rate_result import RateFit
from popdyn.fitting.rate_target import RateTarget, split, target_in
from popdyn.fitting.recording import read_recording, recorded_target
from popdyn.rungs.domain import DomainWarning
from popdyn.spec import Network, under_protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.workflows.source import protocol_name
from popdyn.workflows.truth import from_file

TRAINED = 2 / 3
"""Share of rates at hand that is fitted; the rest is held out."""
STEADY = 1e-6
"""Relative range below which sigma is constant."""
KEPT = ("nrmse", "nrmse_interval", "bias", "bias_interval", "resolution", "groups")


def fit_to_truth(network: Network, name: str, shape: Shape, path: Path, protocol: str | None, seed: int) -> RateFit:
    """Fit to one population of a ground truth: its file, or the folder of a stored result.

    Raises UsageError where the truth belongs to another spec or protocol.
    """
    file = path / "result.h5" if path.is_dir() else path
    chosen = network.protocols[protocol_name(network, protocol)]
    dataset = from_file(file, network, chosen.name).dataset
    wanted = under_protocol(network, chosen).spec_hash
    if dataset.attrs.get("spec_hash") != wanted:
        raise UsageError(f"--truth: {file} is of another spec ({dataset.attrs.get('spec_hash')}); wanted: {wanted}")
    who = network.populations[name]
    whole = target_in(dataset, who, chosen, f"{dataset.attrs.get('rung', 'result')} under {chosen.name}")
    noisy = dataset.attrs.get("rung") in SAMPLED_RUNGS or dataset.sizes["run"] > 1
    early, late = split(whole, TRAINED)
    empty = shape.empty(name, _range(early), *input_statistics(who), adaptation_start(who))
    made = fit_to_targets(empty, [early], [late], noisy=noisy, seed=seed, fitted_to=f"{whole.doc} ({file.name})")
    made = with_network(made, network)
    if noisy:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DomainWarning)  # between the steps that the domain was read off
            model = made.unit.simulate(chosen)
        made = replace(made, corrected=_corrected(dataset.sel(population=[name]), model, early.bins * early.bin))
    return made


def fit_to_recording(path: Path, name: str, shape: Shape, seed: int) -> RateFit:
    """Fit to a CSV of recorded rates; the unit has no spec. Where adaptation began is fitted where it matters."""
    recording = read_recording(path)
    early, late = split(recorded_target(recording, path.stem), TRAINED)
    mu, sigma = float(early.mu.mean()), float(early.sigma.mean())
    empty = shape.empty(name, _range(early), mu, sigma, float(early.rate.mean()))
    noise_unit = "V/sqrt(s)" if recording.drive_unit == "V/s" else f"({recording.drive_unit}) sqrt(s)"
    empty = replace(empty, drive_unit=recording.drive_unit, noise_unit=noise_unit)
    source = f"recorded rates ({path.name})"
    return fit_to_targets(empty, [early], [late], noisy=True, free_start=True, seed=seed, fitted_to=source)


def _corrected(truth: xr.Dataset, model: xr.Dataset, begin: float) -> dict[str, Any]:
    """Errors after `begin` [s] with the truth's sampling noise taken out, as `compare` measures them."""
    late = [d.isel(time=d["time"].values > begin) for d in (truth, model)]
    found = compare(*(d.assign_coords(time=d["time"] - begin) for d in late))
    (measures,) = found.populations.values()
    return {key: value for key, value in measures.to_dict().items() if key in KEPT}


def _range(target: RateTarget) -> Domain:
    """Of the drive that is scored."""
    scored = slice(target.first * target.steps_per_bin, None)
    mu, sigma = target.mu[scored], target.sigma[scored]
    if not np.ptp(mu) > 0:
        raise UsageError(f"{target.name}: the drive mu does not move; allowed: data in which it does")
    steady = np.ptp(sigma) <= STEADY * np.max(np.abs(sigma))
    ends = (float(sigma.mean()),) * 2 if steady else (float(sigma.min()), float(sigma.max()))
    return Domain(float(mu.min()), float(mu.max()), *ends)
