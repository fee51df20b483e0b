"""Cost of the density rung of networks: linear in populations times nodes, and that of the microcircuit.

    python benchmarks/network_cost.py

Networks of 1 to 8 adapting populations of 1 to 4 nodes each, every population heard by its neighbour, N -> infinity:
CPU seconds per simulated second against populations x nodes, with the exponent of a least-squares fit of logarithms.
Then the microcircuit of reference_sims/, of finite size. Compilation is left out; medians of several runs.
"""

import json
import statistics
from pathlib import Path

import numpy as np

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.network_problem import NetworkNode, white_problem

REFERENCES = Path(__file__).parents[1] / "reference_sims"
REPEATS = 5
DURATION = 1.0  # [s]
LIMIT = 1.5  # CPU s per s of the microcircuit


def ring(populations):
    """Adapting populations, each driven by noise and by its neighbour."""
    names = [f"P{k}" for k in range(populations)]
    neuron = {"model": "adex", "b": "40 pA", "tau_w": "200 ms", "E_w": "-80 mV"}
    noise = {"mu": "1.5 mV/ms", "sigma": "2 mV/sqrt(ms)"}
    connection = {"rule": "fixed_indegree", "K": 100, "J": "0.05 mV", "delay": "2 ms"}
    return load({
        "schema": 1,
        "populations": {name: {"size": 1000, "neuron": neuron, "noise": noise} for name in names},
        "connections": [{"pre": a, "post": b, **connection} for a, b in zip(names, names[1:] + names[:1], strict=True)],
    })  # fmt: skip


def alike(network, count):
    """`count` nodes of every population, with equal parameters: the cost of nodes and nothing else."""
    return {
        name: tuple(NetworkNode(name, 1.0 / count, white_problem(p)) for _ in range(count))
        for name, p in network.populations.items()
    }


def cpu_per_s(density, duration):
    """Median CPU seconds per simulated second."""
    protocol = Protocol("constant", duration, 0.1, 0)
    density.simulate(Protocol("compile", 0.02, 0.02, 0), seed=1)
    costs = [density.simulate(protocol, seed=1).encoding["cpu_s"] / (duration + 0.1) for _ in range(REPEATS)]
    return statistics.median(costs)


def scaling():
    """(populations x nodes, CPU s per s) and the exponent between them."""
    points = []
    for populations, nodes in ((1, 1), (1, 4), (2, 2), (4, 1), (4, 2), (8, 1), (4, 4), (8, 4)):
        network = ring(populations)
        density = CoupledDensity(network, nodes=alike(network, nodes), jumps=False)
        points.append((populations, nodes, cpu_per_s(density, DURATION)))
    size, cost = np.array([(p * n, c) for p, n, c in points]).T
    return points, float(np.polyfit(np.log(size), np.log(cost), 1)[0])


def main():
    points, exponent = scaling()
    circuit = CoupledDensity(load(REFERENCES / "microcircuit" / "network.toml"), finite=True)
    found = {
        "scaling": [{"populations": p, "nodes": n, "cpu_s_per_s": round(c, 4)} for p, n, c in points],
        "exponent": round(exponent, 3),
        "microcircuit": {
            "nodes": len(circuit.derivation.grids), "cpu_s_per_s": round(cpu_per_s(circuit, 2.0), 3), "limit": LIMIT,
        },
        "repeats": REPEATS,
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
