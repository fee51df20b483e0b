"""Cost of simple rate units: one alone and many in one call, and how far that is from the floor of their arithmetic.

    python benchmarks/rate_units.py

Nanoseconds of CPU per unit and step (0.1 ms) for every family, 0 to 2 adaptation variables, constant and varying time
constant; the derivatives with respect to all parameters; the floor is the gain alone, evaluated for a given drive.
Then a sweep of 10,000 units, 1 s each. Compilation is left out; the least of several runs.
"""

import json
import time

import numpy as np
from numba import njit

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families import FAMILIES

STEPS, UNITS, REPEATS, DT, PER_BIN = 10_000, 64, 5, 1e-4, 10
SWEEP = 10_000


@njit
def gains(family, drive, repeats):
    total = 0.0
    for _ in range(repeats):
        for k in range(drive.size):
            total += kernel.gain(family, drive[k], 20.0, 0.5, 1.0)
    return total


def rows(units, variables, varying):
    row = np.zeros(kernel.STRENGTH + 2 * variables)
    columns = [kernel.SCALE, kernel.SHAPE, kernel.THRESHOLD, kernel.TAU, kernel.QUICKENING, kernel.DRIVE_SCALE]
    row[columns] = 20.0, 0.5, 0.5, 0.01, 3.0 * varying, 1.0
    for j in range(variables):
        row[kernel.STRENGTH + 2 * j], row[kernel.TAU_A + 2 * j] = 0.01, 0.1 * (j + 1)
    return np.tile(row, (units, 1))


def drive(steps):
    return 1.0 + 0.7 * np.sin(np.arange(steps) * 0.01)[None], np.full((1, steps), 0.06)


def cpu(call):
    call()
    best = np.inf
    for _ in range(REPEATS):
        began = time.process_time()
        call()
        best = min(best, time.process_time() - began)
    return best


def nanoseconds(family, units, variables, varying, slopes=False, steps=STEPS):
    def call():
        state = np.zeros(units), np.zeros((units, variables))
        arguments = (FAMILIES[family].number, table, np.zeros(units, dtype=np.int64), mu, sigma, 0.06, DT, PER_BIN)
        if slopes:
            kernel.tangent(*arguments, *state, rate, slope)
        else:
            kernel.integrate(*arguments, *state, rate)

    table, (mu, sigma), rate = rows(units, variables, varying), drive(steps), np.empty((units, steps // PER_BIN))
    slope = np.empty((*rate.shape, table.shape[1])) if slopes else None
    return 1e9 * cpu(call) / (steps * units)


def main():
    found = {}
    for family, kind in FAMILIES.items():
        values = drive(STEPS)[0][0] - 0.5
        floor = 1e9 * cpu(lambda n=kind.number, v=values: gains(n, v, UNITS)) / (STEPS * UNITS)
        entry = {"floor: the gain alone": round(floor, 1)}
        for variables in (0, 1, 2):
            for varying in (False, True):
                label = f"{variables} adaptation, {'varying' if varying else 'constant'} tau"
                costs = {
                    "batch": nanoseconds(family, UNITS, variables, varying),
                    "alone": nanoseconds(family, 1, variables, varying),
                    "with derivatives": nanoseconds(family, 1, variables, varying, slopes=True),
                }
                entry[label] = {name: round(value, 1) for name, value in costs.items()}
        found[family] = entry
    sweep = nanoseconds("softplus", SWEEP, 1, False) * SWEEP * STEPS * 1e-9
    print(json.dumps({"ns per unit and step": found, "CPU s, 10,000 softplus units, 1 s": round(sweep, 1)}, indent=1))


if __name__ == "__main__":
    main()
