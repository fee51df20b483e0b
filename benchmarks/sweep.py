"""A sweep of 10,000 networks of one population of cascade units, recurrent with a delay, one second each.

    python benchmarks/sweep.py [--networks 10000]

CPU seconds of all threads, at dt 0.1 ms, compilation and the fit of the unit left out. The networks differ in drive
and weight; beside the cost: the range of rates found, and the share of networks that left the unit's domain.
"""

import argparse
import json
import time

import numpy as np

from popdyn.fitting.network_units import fit_coupled_units
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.unit_sweep import sweep
from popdyn.spec import load
from popdyn.spec.network import Protocol

CLAIM = 20.0  # CPU s
SPEC = {
    "schema": 1,
    "populations": {"E": {
        "size": 4000, "neuron": {"model": "adex", "a": "4 nS", "b": "30 pA", "tau_w": "200 ms", "t_ref": "1.5 ms"},
        "noise": {"mu": "1.4 mV/ms", "sigma": "2.2 mV/sqrt(ms)"},
    }},
    "connections": [{
        "pre": "E", "post": "E", "rule": "fixed_indegree", "K": 100, "J": "0.1 mV", "delay": "2 ms",
        "synapse": "exponential", "tau_syn": "3 ms",
    }],
}  # fmt: skip
PROTOCOL = Protocol("rest", 1.0, 0.0, 0)


def main(networks):
    began = time.process_time()
    units = fit_coupled_units(CoupledDensity(load(SPEC)), protocols={"rest": Protocol("rest", 1.0, 0.5, 0)})
    fit = time.process_time() - began
    side = round(networks**0.5)
    shift, factor = np.meshgrid(np.linspace(-0.05, 0.05, side), np.linspace(0.9, 1.1, networks // side))
    mu, weight = shift.reshape(-1, 1), factor.ravel()
    sweep(units, PROTOCOL, mu[:2], weight[:2])  # compiles
    began, at = time.process_time(), time.perf_counter()
    rates, outside = sweep(units, PROTOCOL, mu, weight)
    spent, wall = time.process_time() - began, time.perf_counter() - at
    last = rates[:, -200:].mean(axis=1)
    print(json.dumps({
        "claim": CLAIM, "cpu_s": spent, "wall_s": wall, "networks": len(weight), "fit_cpu_s": fit,
        "rates": [float(last.min()), float(last.max())], "outside": float(np.mean(outside > 0)),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=10_000)
    main(parser.parse_args().networks)
