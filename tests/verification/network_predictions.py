"""Errors of networks' mean rates predicted before any spike beside measured ones, over the networks of the catalogue.

    python tests/verification/network_predictions.py > docs/verification/network_predictions.csv

In per cent. `infinite`: densities without finite size, whose size is a source of error, measured by their finite-size
runs of fits/*/density.json; `finite`: those, for which it is none. predicted: the sources, which are independent, added
in squares; `bound`: added as they are. Measured: fits/*/density.json against the truths of reference_sims/, with the
standard error of both; `ratio` where 3.3 of these resolve it, or 1 % where none is published.
"""

from __future__ import annotations

import csv
import math
import sys
from typing import NamedTuple

import network_rows
import numpy as np
import record

from popdyn.workflows.prediction_network import network_parts

fits = network_rows.fits
ENTRIES = ("adex_ei", "brunel_a", "bernoulli_rates", "microcircuit")
"""Bursts (adaptation_oscillation) have no steady rate that recorded runs resolve; brunel_hakim has no N -> infinity."""
LIMITS = ("infinite", "finite")
TOLERANCE, ERRORS, UNKNOWN = 0.02, 3.3, 1e-2


class Row(NamedTuple):
    entry: str
    case: str
    population: str
    limit: str
    parts: dict[str, float]
    measured: float
    error: float  # standard, of measured; nan where the truth has none

    @property
    def predicted(self) -> float:
        return float(np.sqrt(sum(part**2 for part in self.parts.values())))

    @property
    def resolved(self) -> bool:
        return abs(self.measured) > (UNKNOWN if math.isnan(self.error) else ERRORS * self.error)

    @property
    def ratio(self) -> float:
        return self.predicted / abs(self.measured)


def parts_of(entry: str, case: str) -> record.Values:
    """By population and source; recorded."""

    def measure() -> record.Values:
        asked = fits.settings(entry)["cases"][case]
        density = fits.CoupledDensity(fits.network(entry, case), tolerance=TOLERANCE)
        protocol = fits.Protocol("constant", asked["duration"]["infinite"], asked["transient"], 0)
        found = network_parts(density, protocol, density.simulate(protocol), TOLERANCE)
        return {name: {part: bias for part, (_, bias) in parts.items()} for name, parts in found.items()}

    return record.once("network predictions", f"{entry} {case}", measure)


def rows() -> list[Row]:
    found = []
    for entry in ENTRIES:
        for case, kept in fits.read(entry)["cases"].items():
            for name, parts in parts_of(entry, case).items():
                found += [_row(entry, case, name, limit, parts, kept) for limit in LIMITS]
    return found


def _row(entry: str, case: str, name: str, limit: str, parts: dict[str, float], kept: record.Values) -> Row:
    truth, (infinite, finite) = kept["truth"][name], (kept[limit] for limit in LIMITS)
    own = {k: kept[k]["errors"][name] / kept[k]["rates"][name] for k in LIMITS}
    error = math.nan if truth["error"] is None else math.hypot(truth["error"] / truth["value"], own[limit])
    if limit == "infinite":
        apart = finite["rates"][name] / infinite["rates"][name] - 1.0
        parts = parts | {"size": math.sqrt(max(apart**2 - own["finite"] ** 2 - own["infinite"] ** 2, 0.0))}
    return Row(entry, case, name, limit, parts, kept[limit]["rate_errors"][name], error)


def main() -> None:
    sources = ("closure", "step", "nodes", "jumps", "boundaries", "size")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["entry", "case", "population", "limit", *sources, "predicted", "bound", "measured",
                     "standard_error", "ratio"])  # fmt: skip
    for row in rows():
        shown = [f"{100 * row.parts[k]:.2f}" if k in row.parts else "" for k in sources]
        sizes = (row.predicted, sum(row.parts.values()), row.measured)
        error = "" if math.isnan(row.error) else f"{100 * row.error:.2f}"
        ratio = f"{row.ratio:.2f}" if row.resolved else ""
        writer.writerow([*row[:4], *shown, *(f"{100 * x:.2f}" for x in sizes), error, ratio])


if __name__ == "__main__":
    main()
