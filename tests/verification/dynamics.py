"""Every closure against the two-dimensional density over the protocol `mixed` (OU, steps of mu and sigma, a sinusoid).

    python tests/verification/dynamics.py > docs/verification/dynamics.csv

nrmse and bias in per cent, correlation, on 1 ms bins; least_density: least q_0 over its largest value.
"""

from __future__ import annotations

import csv
import sys
from functools import cache

import cases
import record
import xarray as xr

from popdyn.comparison import compare
from popdyn.rungs.density import Density
from popdyn.rungs.density_2d import Density2D
from popdyn.theory.problem import CLOSURES, DEFAULT_CLOSURE

MEASURES = ("nrmse", "bias", "correlation")
PROTOCOL = "mixed"


@cache
def arbiter(name: str) -> xr.Dataset:
    return Density2D(cases.entry(name)).simulate(PROTOCOL)


def measured(name: str, closure: str = DEFAULT_CLOSURE) -> record.Values:
    return record.once("dynamics", f"{name}/{closure}", lambda: _measure(name, closure))


def _measure(name: str, closure: str) -> record.Values:
    trace = Density(cases.entry(name), closure=closure).simulate(PROTOCOL)
    measures = compare(arbiter(name), trace, bin=1e-3).populations["E"].to_dict()
    return {key: measures[key] for key in MEASURES} | {
        "least_density": float(trace.attrs["least_density"]),
        "positive_steps": int(trace.attrs["positive_steps"]),
    }  # fmt: skip


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["case", "closure", *MEASURES, "least_density", "positive_steps"])
    for name in (*cases.UNIMODAL, "adex_bursting"):
        for closure in CLOSURES if name.startswith("adex") else [DEFAULT_CLOSURE]:
            v = measured(name, closure)
            shown = [
                f"{100 * v['nrmse']:.4f}",
                f"{100 * v['bias']:+.4f}",
                f"{v['correlation']:.7f}",
            ]
            writer.writerow([name, closure, *shown, f"{v['least_density']:.1e}", v["positive_steps"]])


if __name__ == "__main__":
    main()
