"""Modes and the cascade unit against Brian2 at N = 10,000: CPU seconds per simulated second, in the same run.

    python benchmarks/rungs_vs_brian2.py [--repeats 5]

One AdEx population (reference_sims/adex_aug, protocol `mixed`); compilation and derivation left out, medians of the
repeats. Brian2 is the plain script of that folder, C++ standalone, Euler steps of 0.05 ms. For each rung and step:
cost of what steps in time, and the nrmse (5 and 1 ms bins) against the density. Modes by propagators (the default, and
longer steps) and by implicit ones; beside them what a table costs, what sampling the drive does (the same for every
rung), and the floor of a step: its one product of a matrix and a vector, timed alone, its operations and bytes counted.
"""

import argparse
import json
import statistics
import time

import numpy as np
from density_vs_brian2 import SPEC, plain_cost
from numba import njit

from popdyn.fitting import density_over_domain, fit_cascade
from popdyn.fitting.measures import binned
from popdyn.kernels import propagators as kernel
from popdyn.kernels.tall import multiply
from popdyn.rungs import modes_table
from popdyn.rungs.march import step_drive
from popdyn.rungs.modes import derive_modes
from popdyn.rungs.modes_choice import first_modes_state, run_modes
from popdyn.rungs.modes_steps import run_means, step_means
from popdyn.rungs.unit import drive_of, start_of
from popdyn.spec import load

NEURONS = 10_000
CLAIMS = {"modes": 5_000.0, "modes, implicit": 5_000.0, "unit": 20_000.0}
PROTOCOL = "mixed"
FINE = 1e-4  # [s] between samples of the drive
STEPS = {"modes": (2e-4, 5e-4, 1e-3), "modes, implicit": (1e-4, 2.5e-4), "unit": (1e-4, 2e-4, 2.5e-4)}  # [s]
PRODUCTS = 100_000
CALLS = 10  # one after the other: a single one takes some ms


def marched(name, rung, dt, network):
    """A call that steps `rung` through the protocol, nothing else."""
    protocol, population = network.protocols[PROTOCOL], network.populations["E"]
    if name == "modes, implicit":
        choice, drive = rung.choices["E"], step_drive(population, protocol, dt)
        return lambda: run_modes(choice.reduced, choice.x, choice.W, drive, dt)[:, 0]
    if name == "modes":
        choice, count = rung.choices["E"], round(dt / FINE)
        modes_table.STEPPING = np.inf  # steps that are longer than those that popdyn takes, too
        table, means = (
            modes_table.steps_of(choice, FINE, modes_table.Care((count,))).table,
            step_means(step_drive(population, protocol, FINE), count),
        )
        start = first_modes_state(choice.reduced.modes, choice.x, choice.W, FINE)
        return lambda: run_means(table, choice.reduced.modes, start, means)[:, 0]
    unit = rung.units["E"]
    steps = round(1e-3 / dt)
    t = (np.arange(round((protocol.duration + protocol.transient) / 1e-3) * steps) + 0.5) * dt - protocol.transient
    mu, sigma = drive_of(population, protocol, t)
    table, start = unit.table(dt), start_of(unit.adaptation, population)
    return lambda: unit.integrate(mu, sigma, start, dt=dt, steps_per_bin=steps, table=table).rate


@njit(error_model="numpy", fastmath={"contract"}, _nrt=False)
def products(table, z, y, count):
    """Products that wait for each other, as those of steps do."""
    for _ in range(count):
        multiply(table, z, y)
        z[0] = 1e-3 * y[0]


def floor(rung, network):
    """What a step of the default takes at least, and what the table and the drive cost."""
    choice, steps = rung.choices["E"], rung.steps("E")
    sizes = steps.table.sizes
    cell, y, z = steps.table.table[0], np.zeros(sizes[kernel.ROWS]), np.ones(sizes[kernel.LONG])
    spent = []
    products(cell, z, y, 10)
    for _ in range(9):
        spent.append(timed(lambda: products(cell, z, y, PRODUCTS)) / PRODUCTS)
    population, protocol = network.populations["E"], network.protocols[PROTOCOL]
    simulated = protocol.duration + protocol.transient
    return {
        "step": steps.dt, "cells": [int(sizes[kernel.U_CELLS]), int(sizes[kernel.D_CELLS])], "rows": y.size,
        "columns": z.size,
        "flop": 2 * cell.size, "bytes": cell.nbytes, "product_ns": 1e9 * statistics.median(spent),
        "interpolation": steps.interpolation, "against_implicit": steps.error,
        "table_cpu_s": timed(lambda: modes_table.steps_of(choice, FINE)),
        "drive_cpu_s_per_s": timed(lambda: step_means(step_drive(population, protocol, FINE), 5)) / simulated,
    }  # fmt: skip


def timed(call):
    began = time.process_time()
    call()
    return time.process_time() - began


def nrmse(found, exact, bins):
    found, exact = binned(found, bins), binned(exact, bins)
    return float(np.sqrt(np.mean((found - exact) ** 2)) / exact.std())


def main(repeats):
    network = load(SPEC)
    protocol = network.protocols[PROTOCOL]
    simulated = protocol.duration + protocol.transient
    density = density_over_domain(network)
    modes = derive_modes(density)
    beside = floor(modes, network)
    rungs = {"modes": modes, "modes, implicit": modes, "unit": fit_cascade(density, "E").unit}
    first = round(protocol.transient / 1e-3)
    exact = density.simulate(PROTOCOL)["rate"].values[0, first:, 0]
    calls = {(name, dt): marched(name, rung, dt, network) for name, rung in rungs.items() for dt in STEPS[name]}
    error, spent = {}, {key: [] for key in calls}
    for key, call in calls.items():
        error[key] = [nrmse(call()[first:], exact, bins) for bins in (5, 1)]
    brian2 = []
    for _ in range(repeats):
        brian2.append(plain_cost(neurons=NEURONS))
        for key, call in calls.items():
            spent[key].append(timed(lambda call=call: [call() for _ in range(CALLS)]) / CALLS / simulated)
    reference, cost = statistics.median(brian2), {key: statistics.median(found) for key, found in spent.items()}
    rows = [
        {"rung": name, "dt": dt, "cpu_s_per_s": cost[name, dt], "step_ns": 1e9 * dt * cost[name, dt],
         "nrmse_5ms": error[name, dt][0], "nrmse_1ms": error[name, dt][1],
         "times_faster": reference / cost[name, dt], "claim": CLAIMS[name]}
        for name, dt in calls
    ]  # fmt: skip
    print(json.dumps({"brian2_cpu_s_per_s": reference, "brian2_all": brian2, "neurons": NEURONS, "rows": rows,
                      "modes": modes.choices["E"].reduced.states, "propagators": beside}, indent=1))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)
