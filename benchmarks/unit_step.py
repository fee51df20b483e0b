"""CPU time of one step of a cascade unit at 0.1 ms: one population, random mu; sigma constant and random; two side by
side, the march alone.

python benchmarks/unit_step.py
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from numba import njit
from scipy.signal import lfilter

from popdyn.kernels import cascade_slots as cascade
from popdyn.kernels.few_units import march_few
from popdyn.kernels.lanes import two
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.model_file import read_model
from popdyn.rungs.static_gain import StaticGain

MODEL = Path(__file__).parent.parent / "fits" / "adex_aug" / "model.json"
STEPS, REPEATS, DT = 200_000, 20, 1e-4


def nanoseconds(unit: CascadePopulation, mu: np.ndarray, sigma: np.ndarray) -> float:
    """Per step, the least of REPEATS runs."""
    table, w = unit.table(DT), np.zeros(len(unit.adaptation))
    unit.integrate(mu, sigma, w, dt=DT, steps_per_bin=10, table=table)
    best = np.inf
    for _ in range(REPEATS):
        began = time.process_time()
        unit.integrate(mu, sigma, w, dt=DT, steps_per_bin=10, table=table)
        best = min(best, time.process_time() - began)
    return 1e9 * best / STEPS


@njit
def march_two(table, row, x, variables, mu, sigma, steps, seen, rate):
    march_few(two(0.0), table, row, x, variables, mu, sigma, steps, -1, 1, seen, 0, rate)


def nanoseconds_of_two(unit: CascadePopulation, mu: np.ndarray, sigma: np.ndarray) -> float:
    """Per step of both, the least of REPEATS runs."""
    table, w = unit.table(DT), np.zeros(len(unit.adaptation))
    column, rate = np.empty(cascade.slots(len(w))), np.empty(2 * STEPS)
    cascade.start(*table, mu[0], sigma[0], w, 0, column)
    drives = [np.column_stack([x, x[::-1]]).ravel() for x in (mu, sigma)]
    best = np.inf
    for _ in range(REPEATS):
        (lanes,) = cascade.in_lanes(np.tile(column, (2, 1)))
        began = time.process_time()
        march_two(table.table.reshape(-1), table.table[0].size, lanes, len(w), *drives, STEPS, column, rate)
        best = min(best, time.process_time() - began)
    return 1e9 * best / STEPS


def main() -> None:
    unit = read_model(MODEL).units["E"]
    rng = np.random.default_rng(0)
    wander = lfilter([np.sqrt(1 - 0.998**2)], [1, -0.998], rng.standard_normal((2, STEPS)))
    mu, sigma = 1.5 + 0.3 * wander[0], unit.reference_sigma * (1.2 + 0.05 * wander[1])
    row = next(row for row in unit.gain.rows if row.sigma == unit.reference_sigma)
    one = replace(unit, gain=StaticGain((row,)))
    print(f"mu varies: {nanoseconds(one, mu, np.full(STEPS, unit.reference_sigma)):.0f} ns per step")
    print(f"mu and sigma vary: {nanoseconds(unit, mu, sigma):.0f} ns per step")
    print(f"two units: {nanoseconds_of_two(unit, mu, sigma):.0f} ns per step of both")


if __name__ == "__main__":
    main()
