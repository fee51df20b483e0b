"""Brunel's model A with more neurons and as many synapses a neuron: fluctuations smaller by the root, theory the same.

    python reference_sims/brunel_a/larger.py --times 1 --duration 10
    python reference_sims/brunel_a/larger.py --times 4 --duration 10

Prints rate, s.d. in 1 ms and the peak of the population spectrum, in boxes of 12 Hz, for (5, 2). 1 is event_driven.py.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import event_driven
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures

G, ETA, SKIPPED = 5.0, 2.0, 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description="Brunel's model A, more neurons")
    parser.add_argument("--times", type=int, default=4)
    parser.add_argument("--duration", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=5)
    args = parser.parse_args()
    if args.times > 5:
        parser.error("--times: at most 5, neurons are numbered in 16 bits")
    event_driven.N_E *= args.times  # before anything is compiled
    event_driven.N_I *= args.times
    sizes = np.array([event_driven.N_E, event_driven.N_I])
    graph, noise = np.random.default_rng([args.seed, 0]), np.random.default_rng([args.seed, 1])
    wires = event_driven.connect(graph, sizes[0], sizes.sum(), event_driven.K_E, event_driven.K_I)
    external = event_driven.K_E * ETA * event_driven.NU_THR
    windows = round((SKIPPED + args.duration) / event_driven.DELAY)
    bins = round(event_driven.DELAY / event_driven.BIN)
    activity, _ = event_driven.simulate(noise, G, external, windows, bins, *wires)
    rate = activity[:, round(SKIPPED / event_driven.BIN) :].sum(axis=0) / (sizes.sum() * event_driven.BIN)
    asked = {"segment": 0.5, "low": 60.0, "high": 400.0, "width": 12.0}
    frequency, error = measures.global_frequency(rate, event_driven.BIN, **asked)
    print(json.dumps({
        "neurons": int(sizes.sum()), "rate": rate.mean(), "rate_error": measures.block_error(rate),
        "sd_1ms": rate[: rate.size // 10 * 10].reshape(-1, 10).mean(axis=1).std(),
        "frequency": frequency, "frequency_error": error,
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
