"""Modes of the single populations of reference_sims/ against the hierarchy they project, and against the 2-D solver.

    python tests/verification/modes.py > docs/verification/modes.csv

nrmse in per cent on 1 ms bins, over inputs the modes were not trained on; states: numbers that the dynamics carry.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import replace

import cases
import dynamics
import record

from popdyn.comparison import compare
from popdyn.fitting import density_over_domain
from popdyn.rungs.density import Density
from popdyn.rungs.modes import derive_modes

ROWS = [
    *[(name, "mean", "mu", 0.005) for name in ("adex_aug", "adex_strong", "eif")],
    *[(name, "mean", "mu", 0.001) for name in ("adex_aug", "adex_strong", "eif")],
    *[(name, "mean", "mu and sigma", 0.01) for name in ("adex_aug", "adex_strong", "eif")],
    *[(name, "hermite1", "mu", 0.005) for name in ("adex_aug", "adex_strong")],
    *[(name, "cumulant3", "mu and sigma", 0.005) for name in cases.ADAPTING],
    *[(name, "mean", "mu and sigma", 0.005) for name in ("eif", "lif")],
]
"""Case, closure, what the inputs vary, tolerance asked for."""
KINDS = ("slow", "fast", "steps", "sine", "chirp")


def measured(name: str, closure: str, varies: str, tolerance: float) -> record.Values:
    """Held-out errors, states and cost; recorded."""
    item = f"{name}/{closure}/{varies}/{tolerance}"
    return record.once("modes", item, lambda: _measure(name, closure, varies, tolerance))


def _density(name: str, closure: str, varies: str) -> Density:
    network = cases.entry(name)
    domain = density_over_domain(network).domains["E"]
    if varies == "mu":
        sigma = Density(network).problems["E"].sigma
        domain = replace(domain, sigma_low=sigma, sigma_high=sigma)
    return Density(network, closure=closure, domain={"E": domain})


def _measure(name: str, closure: str, varies: str, tolerance: float) -> record.Values:
    density = _density(name, closure, varies)
    modes = derive_modes(density, tolerance=tolerance)
    choice = modes.choices["E"]
    found = {"states": choice.reduced.states, "offline_cpu_s": choice.cpu_s}
    found |= {error.kind: error.nrmse for error in choice.errors}
    if varies != "mu":
        trace = modes.simulate(dynamics.PROTOCOL)
        found["two_dimensions"] = compare(dynamics.arbiter(name), trace, bin=1e-3).populations["E"].nrmse
        found["density"] = compare(density.simulate(dynamics.PROTOCOL), trace, bin=1e-3).populations["E"].nrmse
        found["estimate"] = trace.attrs["error_estimate"]
    return found


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    columns = [*KINDS, "density", "two_dimensions", "estimate"]
    writer.writerow(["case", "closure", "varies", "asked", "states", *columns, "offline_cpu_s"])
    for row in ROWS:
        v = measured(*row)
        shown = [f"{100 * v[key]:.3f}" if key in v else "" for key in columns]
        writer.writerow([*row[:3], f"{100 * row[3]:g}", v["states"], *shown, f"{v['offline_cpu_s']:.1f}"])


if __name__ == "__main__":
    main()
