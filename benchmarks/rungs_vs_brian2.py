"""Modes and the cascade unit against Brian2 at N = 10,000: CPU seconds per simulated second, in the same run.

    python benchmarks/rungs_vs_brian2.py [--repeats 5]

One AdEx population (reference_sims/adex_aug, protocol `mixed`); compilation and derivation left out, medians of the
repeats. Brian2 is the plain script of that folder, C++ standalone, Euler steps of 0.05 ms. For each rung and step:
cost of what steps in time, and the nrmse (5 ms bins) against the density.
"""

import argparse
import json
import statistics
import time

import numpy as np
from density_vs_brian2 import SPEC, plain_cost

from popdyn.fitting import density_over_domain, fit_cascade
from popdyn.fitting.measures import binned
from popdyn.rungs.march import step_drive
from popdyn.rungs.modes import derive_modes
from popdyn.rungs.modes_choice import run_modes
from popdyn.rungs.unit import drive_of, start_of
from popdyn.spec import load

NEURONS = 10_000
CLAIMS = {"modes": 5_000.0, "unit": 20_000.0}
PROTOCOL = "mixed"
STEPS = (1e-4, 2e-4, 2.5e-4)  # [s]


def marched(rung, dt, network):
    """A call that steps `rung` through the protocol, nothing else."""
    protocol, population = network.protocols[PROTOCOL], network.populations["E"]
    if rung.name == "modes":
        choice, drive = rung.choices["E"], step_drive(population, protocol, dt)
        return lambda: run_modes(choice.reduced, choice.x, choice.W, drive, dt)[:, 0]
    unit = rung.units["E"]
    steps = round(1e-3 / dt)
    t = (np.arange(round((protocol.duration + protocol.transient) / 1e-3) * steps) + 0.5) * dt - protocol.transient
    mu, sigma = drive_of(population, protocol, t)
    table, start = unit.table(dt), start_of(unit.adaptation, population)
    return lambda: unit.integrate(mu, sigma, start, dt=dt, steps_per_bin=steps, table=table).rate


def main(repeats):
    network = load(SPEC)
    protocol = network.protocols[PROTOCOL]
    simulated = protocol.duration + protocol.transient
    density = density_over_domain(network)
    rungs = {"modes": derive_modes(density), "unit": fit_cascade(density, "E").unit}
    first = round(protocol.transient / 1e-3)
    exact = binned(density.simulate(PROTOCOL)["rate"].values[0, first:, 0], 5)
    calls = {(name, dt): marched(rung, dt, network) for name, rung in rungs.items() for dt in STEPS}
    error, spent = {}, {key: [] for key in calls}
    for key, call in calls.items():
        error[key] = float(np.sqrt(np.mean((binned(call()[first:], 5) - exact) ** 2)) / exact.std())
    brian2 = []
    for _ in range(repeats):
        brian2.append(plain_cost(neurons=NEURONS))
        for key, call in calls.items():
            began = time.process_time()
            call()
            spent[key].append((time.process_time() - began) / simulated)
    reference = statistics.median(brian2)
    rows = [
        {"rung": name, "dt": dt, "cpu_s_per_s": statistics.median(spent[name, dt]), "nrmse": error[name, dt],
         "times_faster": reference / statistics.median(spent[name, dt]), "claim": CLAIMS[name]}
        for name, dt in calls
    ]  # fmt: skip
    print(json.dumps({"brian2_cpu_s_per_s": reference, "brian2_all": brian2, "neurons": NEURONS, "rows": rows,
                      "modes": rungs["modes"].choices["E"].reduced.states}, indent=1))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)
