"""Errors predicted before any spike beside measured ones, over the catalogue's single populations.

    python tests/verification/predictions.py > docs/verification/predictions.csv

nrmse in per cent. The density's on 1 ms bins against the two-dimensional density, which has no noise; the unit's and,
where the spiking truth resolves it, the density's as fits/*/report.json has them (5 ms bins, against Brian2).
"""

from __future__ import annotations

import csv
import json
import sys

import cases
import dynamics
import record

from popdyn.rungs.density import Density
from popdyn.workflows.prediction import predict_error

FITS = cases.ENTRIES.parent / "fits"
ALONE = (*cases.UNIMODAL, "adex_bursting")


def against_two_dimensions(name: str) -> tuple[float, float]:
    """Predicted and measured nrmse of the density."""
    return _predicted(name)["nrmse"], dynamics.measured(name)["nrmse"]


def _predicted(name: str) -> record.Values:
    def measure() -> record.Values:
        density = Density(cases.entry(name))
        found = predict_error(density, dynamics.PROTOCOL, density.simulate(dynamics.PROTOCOL))["E"]
        return {"nrmse": found.nrmse, "parts": found.parts}

    return record.once("predictions", name, measure)


def against_spikes() -> list[tuple[str, str, float, float]]:
    """Entry, rung, predicted and measured nrmse of every fit, where its truth resolves the error."""
    found = []
    for path in sorted(FITS.glob("*/report.json")):
        for p in json.loads(path.read_text(encoding="utf-8"))["predictions"]:
            if p["what"] == "nrmse" and p["measured"] is not None:
                found.append((path.parent.name, p["rung"], p["predicted"], p["measured"]))
    return found


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["entry", "rung", "against", "predicted", "measured", "ratio"])
    rows = [(name, "density", "two dimensions", *against_two_dimensions(name)) for name in ALONE]
    rows += [(name, rung, "Brian2", *sizes) for name, rung, *sizes in against_spikes()]
    for name, rung, truth, predicted, measured in rows:
        shown = f"{100 * predicted:.3f}", f"{100 * measured:.3f}", f"{predicted / measured:.2f}"
        writer.writerow([name, rung, truth, *shown])


if __name__ == "__main__":
    main()
