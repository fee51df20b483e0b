"""Cost of the density rung against Brian2 at N = 20,000, dt 0.05 ms, in the same run; compilation left out.

    python benchmarks/density_vs_brian2.py [--repeats 5]

CPU seconds per simulated second, median of the repeats, on the protocol `mixed` of reference_sims/adex_aug. The floor
of a density step is its linear algebra alone (`solve_columns`, timed here on the same grid), with its operations and
bytes counted; `gap` is what the step costs beyond it. Brian2 is timed with the Euler-Maruyama steps
everybody uses, and with popdyn's Heun steps beside it.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from popdyn.ground_truth import job, run
from popdyn.kernels.operators import WIDTH, solve_columns
from popdyn.rungs.density import Density
from popdyn.spec import load

SPEC = Path(__file__).parents[1] / "reference_sims" / "adex_aug" / "network.toml"
BRIAN2_DT = 5e-5  # [s]
BRIAN2_DURATION = 1.0  # [s]
NEURONS = 20_000
PLAIN_DURATIONS = (0.5, 4.5)  # [s]


def density_cost(density, repeats):
    """CPU seconds per simulated second, each repeat."""
    protocol = density.network.protocols["mixed"]
    density.simulate("mixed")  # compiles
    simulated = protocol.duration + protocol.transient
    return [density.simulate("mixed").encoding["cpu_s"] / simulated for _ in range(repeats)]


def floor(density, repeats):
    """CPU seconds of the linear algebra of one step."""
    op = density.grids["E"].operator
    cells, steps = op.width.size, 20_000
    up, down = 1e-2 * np.ones(cells), 1e-2 * np.ones(cells)
    inverse, x = np.zeros(cells), np.ones((cells, WIDTH))
    solve_columns(op.width, up, down, 1e-4, x, inverse)
    found = []
    for _ in range(repeats):
        began = time.process_time()
        for _ in range(steps):
            solve_columns(op.width, up, down, 1e-4, x, inverse)
        found.append((time.process_time() - began) / steps)
    return statistics.median(found)


def brian2_cost(network, method, repeats, dt=BRIAN2_DT):
    """CPU seconds of the worker processes per simulated second; a first run compiles and is left out."""
    times = []
    for repeat in range(repeats + 1):
        decided = job(network, "short", dt=dt, backend="cpp_standalone", method=method, seed=repeat)
        before = children()
        run(decided, workers=1)
        times.append((children() - before) / BRIAN2_DURATION)
    return times[1:]


def plain_cost(script=SPEC.parent / "plain_brian2.py", neurons=NEURONS, dt=BRIAN2_DT):
    """CPU seconds per simulated second of a script that knows nothing of popdyn."""
    options = ["--target", "cpp_standalone", "--size", str(neurons), "--dt", f"{dt * 1e3:g}", "--transient", "0.1"]
    found = []
    for duration in PLAIN_DURATIONS:
        before = children()
        command = [sys.executable, str(script), *options, "--duration", str(duration)]
        subprocess.run(command, check=True, capture_output=True)
        found.append(children() - before)
    return (found[1] - found[0]) / (PLAIN_DURATIONS[1] - PLAIN_DURATIONS[0])


def children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main(repeats):
    network = load(SPEC)
    density = Density(network)
    op = density.grids["E"].operator
    cells, steps_per_s = op.width.size, 1.0 / density.dt
    costs, linear_algebra = density_cost(density, repeats), floor(density, repeats)
    short = replace(network.protocols["rest"], name="short", duration=BRIAN2_DURATION, transient=0.0)
    spiking = replace(network, protocols={"short": short})
    brian2 = {method: brian2_cost(spiking, method, 3) for method in ("euler", "heun")}
    cost = statistics.median(costs)
    plain = plain_cost()
    per_step = cost / steps_per_s
    print(json.dumps({
        "claim": "the density rung costs at most 1/100 of Brian2 at N = 20,000 and dt 0.05 ms",
        "density_cpu_s_per_s": cost,
        "density_all": costs,
        "brian2_cpu_s_per_s": {method: statistics.median(found) for method, found in brian2.items()},
        "brian2_all": brian2,
        "plain_brian2_cpu_s_per_s": plain,
        "ratio_plain": plain / cost,
        "ratio_euler": statistics.median(brian2["euler"]) / cost,
        "ratio_heun": statistics.median(brian2["heun"]) / cost,
        "neurons": NEURONS, "brian2_dt": BRIAN2_DT, "density_dt": density.dt, "cells": cells, "columns": WIDTH,
        "closure": density.closure,
        "step_us": per_step * 1e6,
        "floor_us": linear_algebra * 1e6,
        "floor_flop": cells * (8 + 5 * WIDTH),
        "floor_bytes": cells * 8 * (4 + 2 * WIDTH),
        "gap": per_step / linear_algebra,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    main(parser.parse_args().repeats)
