"""Twenty random AdEx neurons with a drive that gives each its drawn rate; written once to random_sets.csv.

    python tests/verification/random_sets.py > tests/verification/random_sets.csv

tau_w 30-300 ms and the rate 1-60 Hz log-uniform; b 0-120 pA (every fifth is 0), a 0-8 nS (every seventh is 0) and
sigma 1-3 mV/sqrt(ms) uniform; a Latin hypercube, so that each range is covered; t_ref 0 and 2 ms in turn. mu is
solved on a coarse two-dimensional grid and rounded.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.stats.qmc import LatinHypercube

from popdyn.spec import Network, load
from popdyn.theory.stationary_2d import stationary_rate_2d

SEED = 2
COUNT = 20
TABLE = Path(__file__).with_name("random_sets.csv")
COLUMNS = ("set", "tau_w_ms", "b_pA", "a_nS", "sigma", "t_ref_ms", "target_Hz", "mu")
BASE = {
    "model": "adex", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-65 mV", "V_th": "-50 mV", "Delta_T": "1.5 mV",
    "V_peak": "-40 mV", "V_reset": "-70 mV", "E_w": "-80 mV",
}  # fmt: skip


def network(row: dict[str, float], protocols: dict[str, Any] | None = None) -> Network:
    """The spec of a row of the table."""
    neuron = BASE | {
        "tau_w": f"{row['tau_w_ms']} ms", "b": f"{row['b_pA']} pA", "a": f"{row['a_nS']} nS",
        "t_ref": f"{row['t_ref_ms']} ms",
    }  # fmt: skip
    noise = {"mu": f"{row['mu']} mV/ms", "sigma": f"{row['sigma']} mV/sqrt(ms)"}
    population = {"size": 20000, "neuron": neuron, "noise": noise}
    return load(
        {"schema": 1, "name": f"set {row['set']:g}", "populations": {"E": population}, "protocols": protocols or {}}
    )


def table() -> list[dict[str, float]]:
    with TABLE.open() as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def draw() -> list[dict[str, float]]:
    rows = []
    for i, (tau_w, b, a, sigma, rate) in enumerate(LatinHypercube(5, seed=SEED).random(COUNT)):
        row: dict[str, float] = {
            "set": i,
            "tau_w_ms": round(30.0 * 10.0**tau_w, 1),
            "b_pA": 0.0 if i % 5 == 0 else round(120.0 * b, 1),
            "a_nS": 0.0 if i % 7 == 6 else round(8.0 * a, 2),
            "sigma": round(1.0 + 2.0 * sigma, 3),
            "t_ref_ms": 2.0 * (i % 2),
            "target_Hz": round(60.0**rate, 3),
        }
        rows.append(row | {"mu": _drive(row)})
    return rows


def _drive(row: dict[str, float]) -> float:
    """mu [mV/ms] that gives the target rate."""

    def excess(mu: float) -> float:
        spec = network(row | {"mu": mu}).populations["E"]
        rate, _ = stationary_rate_2d(spec.neuron.parameters, "adex", mu, spec.noise.sigma, cells=48, w_nodes=48)
        return float(np.log(max(rate, 1e-9) / row["target_Hz"]))

    low, high = 1.0, 1.5
    while excess(high) < 0.0:
        low, high = high, high + 0.5
    while excess(low) > 0.0:
        low, high = low - 0.5, low
    return round(float(brentq(excess, low, high, xtol=5e-4)), 3)


if __name__ == "__main__":
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(draw())
