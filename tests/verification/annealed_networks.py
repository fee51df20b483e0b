"""Rates of the sparse AdEx networks under independent inputs of the truth's rates, beside the networks themselves.

    python tests/verification/annealed_networks.py [--duration 5] [set ...] > docs/verification/annealed_networks.csv

Poisson trains of the mean rates that reference_sims/adex_ei has, to the same neurons, in-degrees and delays: the ground
truth's `annealed` rung. What differs from the network is its correlations: shared fluctuations, and regular trains.
"""

from __future__ import annotations

import argparse
import csv
import sys

import network_rows

from popdyn.ground_truth import simulate_annealed
from popdyn.spec.network import Protocol

fits = network_rows.fits
ENTRY, STEP, SETTLED, SEED = "adex_ei", 5e-5, 2.0, 1


def main() -> None:
    parser = argparse.ArgumentParser(description="annealed networks")
    parser.add_argument("sets", nargs="*", default=list("12345"))
    parser.add_argument("--duration", type=float, default=5.0, help="s")
    args = parser.parse_args()
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["set", "population", "network_Hz", "annealed_Hz", "standard_error_Hz", "apart_percent"])
    for case in args.sets:
        truth = fits.truths.rates(ENTRY, case)
        protocol, rates = Protocol("rest", args.duration, SETTLED, 0), {k: v.value for k, v in truth.items()}
        found = simulate_annealed(fits.network(ENTRY, case), protocol, rates, seed=SEED, dt=STEP, groups=1)
        for name, rate in rates.items():
            trace = found.rate.sel(population=name, time=slice(0.0, None)).values.ravel()
            apart = 100.0 * (trace.mean() / rate - 1.0)
            numbers = (rate, trace.mean(), fits.measures.block_error(trace))
            writer.writerow([case, name, *(f"{x:.4g}" for x in numbers), f"{apart:+.2f}"])


if __name__ == "__main__":
    main()
