"""Modes of other escape-noise neurons, and of other training seeds: states and held-out errors.

    python tests/verification/gif_modes_neurons.py > docs/verification/gif_modes_neurons.csv

Each neuron is gif_two_time_scales with the fields below changed. nrmse in per cent against its cohorts on 1 ms bins.
"""

from __future__ import annotations

import csv
import sys
from typing import Any

import cases

from popdyn.errors import NumericsError
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_modes import derive_cohort_modes
from popdyn.spec import from_dict, to_dict

KINDS = ("slow", "fast", "steps", "sine", "chirp")
NO_THRESHOLDS: dict[str, Any] = {"tau_sfa": [], "q_sfa": []}
NEURONS: dict[str, dict[str, Any]] = {
    "no adaptation": NO_THRESHOLDS,
    "two currents, 60 and 300 ms": NO_THRESHOLDS | {"tau_stc": [0.06, 0.3], "q_stc": [2e-11, 5e-12]},
    "white noise of 1 mV sqrt(2/tau_m)": {},
    "thresholds spread by 2.5 mV": {"V_T_star": {"normal": [0.015, 0.0025]}},
    "threshold 30 ms, currents 60 and 300 ms":
        {"tau_sfa": [0.03], "q_sfa": [3e-3], "tau_stc": [0.06, 0.3], "q_stc": [2e-11, 5e-12]},
    "Delta_V 1 mV": {"Delta_V": 1e-3},
}  # fmt: skip
SIGMA = 1e-3 * (2.0 / 15e-3) ** 0.5  # [V/sqrt(s)]
SEEDS, TOLERANCES = (1, 2, 3), (0.005, 0.001)


def row(changes: dict[str, Any], sigma: float, tolerance: float, seed: int) -> list[str]:
    """States, held-out errors, CPU seconds; what it says where it refuses."""
    document = to_dict(cases.entry("gif_two_time_scales"))
    population = document["populations"]["E"]
    population["neuron"] |= changes
    population["noise"]["sigma"] = sigma
    try:
        choice = derive_cohort_modes(density_rung(from_dict(document)), tolerance=tolerance, seed=seed).choices["E"]
    except NumericsError as error:
        return [f"refused: {error}"]
    errors = {e.kind: e.nrmse for e in choice.errors}
    return [str(choice.reduced.states), *(f"{100 * errors[kind]:.3f}" for kind in KINDS), f"{choice.cpu_s:.1f}"]


def main() -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["neuron", "asked", "seed", "states", *KINDS, "offline_cpu_s"])
    for name, changes in NEURONS.items():
        writer.writerow([name, "0.5", 0, *row(changes, SIGMA if "white" in name else 0.0, 0.005, 0)])
    for tolerance in TOLERANCES:
        for seed in SEEDS:
            writer.writerow(["as it is", f"{100 * tolerance:g}", seed, *row({}, 0.0, tolerance, seed)])


if __name__ == "__main__":
    main()
