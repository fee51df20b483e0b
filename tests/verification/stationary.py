"""Stationary rate of every closure against the extrapolated two-dimensional solver.

    python tests/verification/stationary.py > docs/verification/stationary.csv

Columns: the neuron and its drive; `rate` and its relative numerical error of the two-dimensional solver; `default`, the
error in per cent of `Density(network).rates()` as it is; then those of each closure on a grid four times finer.
"""

from __future__ import annotations

import csv
import sys

import cases
import random_sets
import record

from popdyn.errors import PopdynError
from popdyn.rungs.density import Density
from popdyn.spec import Network
from popdyn.theory.problem import CLOSURES, input_statistics
from popdyn.theory.stationary_2d import stationary_rate_2d

NEURON = ("tau_w", "b", "a", "t_ref")


def networks() -> dict[str, Network]:
    """Item name -> spec: the adapting entries, then the random sets."""
    sets = {f"set{row['set']:02.0f}": random_sets.network(row) for row in random_sets.table()}
    return {name: cases.entry(name) for name in cases.ADAPTING} | sets


def measure(network: Network) -> record.Values:
    population = network.populations["E"]
    p, (mu, sigma) = population.neuron.parameters, input_statistics(population)
    rate, error = stationary_rate_2d(p, population.neuron.model, mu, sigma)
    values = {key: p[key] for key in NEURON} | {"mu": mu, "sigma": sigma, "rate": rate, "error_2d": error / rate}
    values["default"] = Density(network).rates()["E"] / rate - 1.0
    for closure in CLOSURES:
        try:
            values[closure] = Density(network, closure=closure, refine=4.0).rates()["E"] / rate - 1.0
        except PopdynError:
            values[closure] = None
    return values


def measured(name: str) -> record.Values:
    return record.once("stationary", name, lambda: measure(networks()[name]))


def main() -> None:
    columns = ["case", *NEURON, "mu", "sigma", "rate", "error_2d", "default", *CLOSURES]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for name in networks():
        values = measured(name)
        numbers = [f"{values[key]:.6g}" for key in columns[1:9]]
        errors = ["" if values[key] is None else f"{100 * values[key]:+.4f}" for key in columns[9:]]
        writer.writerow([name, *numbers, *errors])


if __name__ == "__main__":
    main()
