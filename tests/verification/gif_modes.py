"""Modes of gif_two_time_scales against the cohorts that they are the modes of.

    python tests/verification/gif_modes.py > docs/verification/gif_modes.csv

nrmse in per cent on 1 ms bins: over inputs that the modes were not trained on, which fill the domain, and over the
protocols of the spec, a fast random input and a sine; states: numbers that the dynamics carry.
"""

from __future__ import annotations

import csv
import sys

import cases
import numpy as np
import record

from popdyn.comparison import compare
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_modes import derive_cohort_modes
from popdyn.spec import from_dict, to_dict
from popdyn.spec.network import Network

NAME, TOLERANCES = "gif_two_time_scales", (0.005, 0.001)
KINDS = ("slow", "fast", "steps", "sine", "chirp")
PROTOCOLS = {"ou": "ou", "fast ou": "fast_ou", "spec steps": "steps", "spec sine": "sine_10_Hz"}
FREQUENCIES = np.array([0.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0])


def network() -> Network:
    """The entry, with a random input of 6 ms (5 mV) and a sine of 10 Hz beside its protocols."""
    document = to_dict(cases.entry(NAME))
    for name, stimulus in (
        ("fast_ou", {"kind": "ou", "std": 5e-3 / 15e-3, "tau": 6e-3}),
        ("sine_10_Hz", {"kind": "sine", "amplitude": 0.3, "frequency": 10.0}),
    ):
        protocol = {"duration": 2.0, "transient": 1.0, "seed": 7}
        document["protocols"][name] = protocol | {"stimulus": [{"population": "E", "target": "mu", **stimulus}]}
    return from_dict(document)


def measured(tolerance: float) -> record.Values:
    """Held-out errors, states and cost; recorded."""
    return record.once("gif_modes", f"{tolerance}", lambda: _measure(tolerance))


def _measure(tolerance: float) -> record.Values:
    density = density_rung(network())
    assert isinstance(density, CohortDensity)
    modes = derive_cohort_modes(density, tolerance=tolerance)
    choice = modes.choices["E"]
    found = {"states": choice.reduced.states, "offline_cpu_s": choice.cpu_s, "domain": [15e-3 * choice.domain.mu_low]}
    found["domain"].append(15e-3 * choice.domain.mu_high)
    found |= {error.kind: error.nrmse for error in choice.errors}
    for name, protocol in PROTOCOLS.items():
        exact, trace = density.simulate(protocol), modes.simulate(protocol, strict=True)
        found[name] = compare(exact, trace, bin=1e-3).populations["E"].nrmse
        found[f"{name}, estimate"] = trace.attrs["error_estimate"]
    exact_response, response = (rung.linear_response(FREQUENCIES, population="E") for rung in (density, modes))
    found["response"] = float(np.max(np.abs(response - exact_response)) / np.max(np.abs(exact_response)))
    found["rest"] = modes.rates()["E"] / density.rates()["E"] - 1.0
    return found


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    estimates = [f"{name}, estimate" for name in PROTOCOLS]
    columns = [*KINDS, *PROTOCOLS, *estimates, "response", "rest"]
    writer.writerow(["asked", "states", *columns, "offline_cpu_s"])
    for tolerance in TOLERANCES:
        v = measured(tolerance)
        shown = [f"{100 * v[key]:.3f}" for key in columns]
        writer.writerow([f"{100 * tolerance:g}", v["states"], *shown, f"{v['offline_cpu_s']:.1f}"])


if __name__ == "__main__":
    main()
