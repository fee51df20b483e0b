"""Errors of networks' mean rates predicted before any spike beside measured ones, over the networks of the catalogue.

    python tests/verification/network_predictions.py > docs/verification/network_predictions.csv

In per cent; sources and measured: how much too high a rate is. `infinite`: densities without finite size, whose size is
a source of error, measured by their finite-size runs of fits/*/density.json; `finite`: those, for which it is none.
predicted: prediction.expected of the sources; `squares`: all in squares, as if no sign was known; `bound`: the sum of
their sizes. Measured: fits/*/density.json against the truths of reference_sims/, with the standard error of both;
`ratio` where 3.3 of these resolve it, or 1 % where none is published.
"""

from __future__ import annotations

import csv
import math
import sys
from typing import NamedTuple

import network_rows
import numpy as np
import record

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.coupled import DT
from popdyn.workflows.prediction import expected
from popdyn.workflows.prediction_cohorts import predict_at_rest, spreads_of
from popdyn.workflows.prediction_network import network_parts

fits = network_rows.fits
ENTRIES = ("adex_ei", "brunel_a", "brunel_hakim", "bernoulli_rates", "microcircuit")
COHORTS = "gif_ei"
"""Mean rates over bursts (adaptation_oscillation) are known to 5 % and more in runs of seconds; the truth's have no
standard error."""
COHORT_SECONDS = {"infinite": 1.0, "finite": 20.0}
LIMITS = ("infinite", "finite")
LASTS, ERRORS, UNKNOWN, TOLERANCE = 1.0, 3.3, 1e-2, 0.02


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
        return expected(self.parts)

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
        spec, options = fits.network(entry, case), {}
        if "over_neurons" in asked:
            options["nodes"] = fits.quenched_nodes(spec, asked["over_neurons"])
        density = fits.CoupledDensity(spec, dt=asked.get("dt", DT), **options)
        protocol = fits.Protocol("constant", asked["duration"].get("infinite", LASTS), asked["transient"], 0)
        found = network_parts(density, protocol, density.simulate(protocol))
        return {name: {part: bias for part, (_, bias) in parts.items()} for name, parts in found.items()}

    return record.once("network predictions", f"{entry} {case}", measure)


def of_cohorts(entry: str, case: str) -> record.Values:
    """What `fits` keeps of a case and, under "parts", the errors at rest, of a network of cohorts; recorded."""

    def measure() -> record.Values:
        spec, found = fits.network(entry, case), {}
        for limit, lasts in COHORT_SECONDS.items():
            density = CohortDensity(spec, finite=fits.LIMITS[limit])
            trace = density.simulate(fits.Protocol("constant", lasts, 6.0, 0), seed=fits.SEED)
            rate = trace["rate"].sel(time=slice(0.0, None)).values[0]
            named = dict(zip(spec.populations, rate.T, strict=True))
            found[limit] = {
                "rates": {name: float(one.mean()) for name, one in named.items()},
                "errors": {name: fits.measures.block_error(one) for name, one in named.items()},
            }
        at_rest = predict_at_rest(density, spreads_of(density, TOLERANCE))
        parts = {name: {"at rest": sum(sizes.values())} for name, sizes in at_rest.items()}
        return fits.document(entry, {case: found})["cases"][case] | {"parts": parts}

    return record.once("network predictions", f"{entry} {case}", measure)


def rows() -> list[Row]:
    cases = [(entry, case, kept) for entry in ENTRIES for case, kept in fits.read(entry)["cases"].items()]
    cases += [(COHORTS, case, of_cohorts(COHORTS, case)) for case in fits.truths.read_cases(COHORTS)["cases"]]
    found = []
    for entry, case, kept in cases:
        for name, parts in (kept.get("parts") or parts_of(entry, case)).items():
            found += [_row(entry, case, name, limit, parts, kept) for limit in LIMITS if limit in kept]
    return found


def _row(entry: str, case: str, name: str, limit: str, parts: dict[str, float], kept: record.Values) -> Row:
    truth = kept["truth"][name]
    own = {k: kept[k]["errors"][name] / kept[k]["rates"][name] for k in LIMITS if k in kept}
    error = math.nan if truth["error"] is None else math.hypot(truth["error"] / truth["value"], own[limit])
    if limit == "infinite":
        apart = kept["finite"]["rates"][name] / kept["infinite"]["rates"][name] - 1.0
        size = math.sqrt(max(apart**2 - own["finite"] ** 2 - own["infinite"] ** 2, 0.0))
        parts = parts | {"size": math.copysign(size, -apart)}
    return Row(entry, case, name, limit, parts, kept[limit]["rate_errors"][name], error)


def main() -> None:
    sources = ("closure", "step", "grid", "nodes", "jumps", "boundaries", "trains", "at rest", "size")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["entry", "case", "population", "limit", *sources, "predicted", "squares", "bound",
                     "measured", "standard_error", "ratio"])  # fmt: skip
    for row in rows():
        shown = [f"{100 * row.parts[k]:.2f}" if k in row.parts else "" for k in sources]
        parts = np.array(list(row.parts.values()))
        sizes = (row.predicted, np.sqrt(np.sum(parts**2)), np.abs(parts).sum(), row.measured)
        error = "" if math.isnan(row.error) else f"{100 * row.error:.2f}"
        ratio = f"{row.ratio:.2f}" if row.resolved else ""
        writer.writerow([*row[:4], *shown, *(f"{100 * x:.2f}" for x in sizes), error, ratio])


if __name__ == "__main__":
    main()
