"""Errors predicted before any spike beside measured ones, over the catalogue's single populations.

    python tests/verification/predictions.py > docs/verification/predictions.csv

In per cent. nrmse: the density's on 1 ms bins against the two-dimensional density, which has no noise; the unit's and,
where the spiking truth resolves it, the density's as fits/*/report.json has them (5 ms bins, against Brian2). bias, of
the density with its standard error: from these reports, whose truths share their seed and so part of their noise; and
against other seeds at 0.1 ms, what that step does to the truth (truth_step) taken off.
"""

from __future__ import annotations

import csv
import json
import sys
from typing import Any

import cases
import dynamics
import numpy as np
import record
import truth_step

from popdyn.ground_truth import simulate
from popdyn.results import open_dataset
from popdyn.rungs.density import Density
from popdyn.workflows.prediction import predict_error

FITS = cases.ENTRIES.parent / "fits"
ALONE = (*cases.UNIMODAL, "adex_bursting")
RUNGS = ("density", "unit")


SEEDS, DT = (3, 4, 5), 1e-4
"""Of the truths that bias is measured against; [s]."""
STEP = 2e-4
"""Most that the truth's step of 0.02 ms, or 0.1 ms with escape noise, does to a rate: docs/verification.md."""
BLOCK = 100  # bins of a digest, 0.5 s

Bias = tuple[float, float, float]
"""Predicted, measured, its standard error."""


def against_two_dimensions(name: str) -> tuple[float, float]:
    """Predicted and measured nrmse of the density."""
    return _predicted(name)["nrmse"], dynamics.measured(name)["nrmse"]


def _predicted(name: str) -> record.Values:
    def measure() -> record.Values:
        density = Density(cases.entry(name))
        found = predict_error(density, dynamics.PROTOCOL, density.simulate(dynamics.PROTOCOL))["E"]
        return {"nrmse": found.nrmse, "bias": found.bias, "parts": found.parts}

    return record.once("predictions", name, measure)


def against_spikes(rung: str) -> list[tuple[str, float, float]]:
    """Entry, predicted and measured nrmse of every fit with the rung, where its truth resolves the error.

    The unit's is the density's and the measured distance between unit and density, mostly the latter: it tests that
    the two add up, not the density's own.
    """
    return [
        (name, p["predicted"], p["measured"])
        for name, report in _reports()
        for p in report["predictions"]
        if p["what"] == "nrmse" and p["rung"] == rung and p["measured"] is not None
    ]


def bias_of_fits() -> list[tuple[str, Bias]]:
    """Of the density of every fit of an entry, on the fit's protocol."""
    found = []
    for name, report in _reports():
        truth = next(c for c in report["comparisons"] if (c["truth"], c["model"]) == ("spiking", "density"))
        (predicted,) = (p["predicted"] for p in report["predictions"] if (p["rung"], p["what"]) == ("density", "bias"))
        digest = cases.ENTRIES / name / "digest.h5"
        if digest.exists():
            error = _standard_error(open_dataset(digest)["rate"].values[:, :, 0])
            found.append((name, (predicted, truth["populations"]["E"]["bias"], error)))
    return found


def bias_of_seeds(name: str) -> Bias:
    """Of the density under PROTOCOL against the truth in the limit of small steps, from that of SEEDS at DT."""
    bias, error = bias_at_step(name)
    return _predicted(name)["bias"], bias + truth_step.bias(name, DT), error


def bias_at_step(name: str) -> tuple[float, float]:
    """Of the density against the truth of SEEDS at DT, its step in it; its standard error."""

    def measure() -> record.Values:
        network = cases.entry(name)
        density = Density(network).simulate(dynamics.PROTOCOL)["rate"].sel(time=slice(0.0, None)).mean()
        runs = [simulate(network, dynamics.PROTOCOL, seed=seed, dt=DT)["rate"] for seed in SEEDS]
        groups = np.concatenate([run.sel(time=slice(0.0, None)).mean(("time", "population")).values for run in runs])
        error = groups.std(ddof=1) / np.sqrt(groups.size) / groups.mean()
        return {"bias": float(density / groups.mean() - 1.0), "standard_error": float(error)}

    found = record.once("bias", name, measure)
    return found["bias"], found["standard_error"]


def _standard_error(rate: np.ndarray) -> float:
    """Relative, of the mean of (group, bin): the larger of that from groups and that from their blocks of time."""
    groups = rate.shape[0]
    blocks = rate[:, : rate.shape[1] // BLOCK * BLOCK].reshape(groups, -1, BLOCK).mean(axis=2)
    own = blocks.var(axis=0, ddof=1).mean() / blocks.shape[1]
    return float(np.sqrt(max(own, rate.mean(axis=1).var(ddof=1)) / groups) / rate.mean())


def _reports() -> list[tuple[str, dict[str, Any]]]:
    paths = sorted(FITS.glob("*/report.json"))
    return [(path.parent.name, json.loads(path.read_text(encoding="utf-8"))) for path in paths]


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["entry", "rung", "against", "what", "predicted", "measured", "standard_error", "ratio"])
    rows = [(name, "density", "two dimensions", *against_two_dimensions(name)) for name in ALONE]
    rows += [(name, rung, "Brian2", *sizes) for rung in RUNGS for name, *sizes in against_spikes(rung)]
    for name, rung, truth, predicted, measured in rows:
        shown = f"{100 * predicted:.3f}", f"{100 * measured:.3f}", "", f"{predicted / measured:.2f}"
        writer.writerow([name, rung, truth, "nrmse", *shown])
    biases = [(name, "Brian2", bias) for name, bias in bias_of_fits()]
    biases += [(name, "Brian2, other seeds", bias_of_seeds(name)) for name in truth_step.NAMES]
    for name, truth, bias in biases:
        writer.writerow([name, "density", truth, "bias", *(f"{100 * value:.3f}" for value in bias), ""])


if __name__ == "__main__":
    main()
