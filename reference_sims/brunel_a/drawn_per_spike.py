"""Brunel's model A with targets drawn anew at every spike: the network that theories of finite size describe.

A spike of population b reaches each neuron i with probability K_b/N_b; or, as in a network without autapses, each other
neuron of its own population with K_b/(N_b - 1). Everything else is event_driven.py's, dead time and delay included.

    python reference_sims/brunel_a/drawn_per_spike.py --g 5 --eta 2 --excitatory 2000 --duration 12 [--others]
    python reference_sims/brunel_a/drawn_per_spike.py --g 5 --eta 2 --excitatory 2000 --duration 12 --fixed
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import event_driven
import numpy as np
from numba import njit

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures

DELAY = event_driven.DELAY
BINS = round(DELAY / event_driven.BIN)


@njit
def deliver(rng, spikes, when, n_e, n, chance):  # type: ignore[no-untyped-def]
    """As event_driven.deliver; chance (target population, source population); geometric gaps between targets."""
    reached = np.empty(int(1.3 * spikes.size * n * chance.max()) + 1000, np.uint16)
    last, start, count = np.zeros(spikes.size + 1, np.int64), np.zeros(n + 1, np.int64), 0
    for s in range(spikes.size):
        source = 0 if spikes[s] < n_e else 1
        for target in range(2):
            i, end = (-1, n_e) if target == 0 else (n_e - 1, n)
            while True:
                i += 1 + int(np.log(1.0 - rng.random()) / np.log(1.0 - chance[target, source]))
                if i >= end:
                    break
                if i != spikes[s]:
                    reached[count] = i
                    count += 1
                    start[i + 1] += 1
        last[s + 1] = count
    start = np.cumsum(start)
    place, arrivals = start[:-1].copy(), np.empty(start[-1], np.float32)
    for s in range(spikes.size):
        t = np.float32(when[s] if spikes[s] < n_e else -when[s])
        for i in reached[last[s] : last[s + 1]]:
            arrivals[place[i]] = t
            place[i] += 1
    return start, arrivals


advance, connect, deliver_fixed = event_driven.advance, event_driven.connect, event_driven.deliver


@njit
def simulate(rng, g, external, windows, n_e, n, chance, fixed):  # type: ignore[no-untyped-def]
    """Spikes of the two populations per bin, (2, windows * BINS)."""
    v, at = rng.random(n) * event_driven.V_TH, np.zeros(n)
    activity = np.zeros((2, windows * BINS), np.int64)
    start, arrivals = np.zeros(n + 1, np.int64), np.empty(0, np.float32)
    who, when = np.empty(n, np.int64), np.empty(n)
    first, targets = connect(rng, n_e, n, event_driven.K_E, event_driven.K_I)
    for w in range(windows):
        fired = advance(rng, v, at, start, arrivals, external, g, DELAY, who, when)
        order = np.argsort(when[:fired])
        spikes, times = who[:fired][order], when[:fired][order]
        for s in range(fired):
            activity[0 if spikes[s] < n_e else 1, w * BINS + min(BINS - 1, int(times[s] / DELAY * BINS))] += 1
        if fixed:
            start, arrivals = deliver_fixed(spikes, times, n_e, n, first, targets)
        else:
            start, arrivals = deliver(rng, spikes, times, n_e, n, chance)
    return activity


def main() -> None:
    parser = argparse.ArgumentParser(description="Brunel's model A, targets drawn at every spike")
    for name, default in (("g", 5.0), ("eta", 2.0), ("duration", 10.0), ("transient", 0.6)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--excitatory", type=int, default=event_driven.N_E, help="size; four times the inhibitory one")
    parser.add_argument("--others", action="store_true", help="K/(N - 1) within a population, as without autapses")
    parser.add_argument("--fixed", action="store_true", help="connections drawn once, for comparison")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    began, n_e, n_i = time.process_time(), args.excitatory, args.excitatory // 4
    chance = np.array([[event_driven.K_E / n_e, event_driven.K_I / n_i]] * 2)
    if args.others:
        chance[0, 0], chance[1, 1] = event_driven.K_E / (n_e - 1), event_driven.K_I / (n_i - 1)
    windows, external = round((args.transient + args.duration) / DELAY), event_driven.K_E * args.eta * 10.0
    rng = np.random.default_rng(args.seed)
    activity = simulate(rng, args.g, external, windows, n_e, n_e + n_i, chance, args.fixed)
    rates = activity[:, round(args.transient / event_driven.BIN) :] / (np.array([[n_e], [n_i]]) * event_driven.BIN)
    together = (n_e * rates[0] + n_i * rates[1]) / (n_e + n_i)
    values = {
        "rate_E": rates[0].mean(), "rate_I": rates[1].mean(), "rate_error": measures.block_error(together),
        "sd_1ms": together[: together.size // 10 * 10].reshape(-1, 10).mean(axis=1).std(),
    }  # fmt: skip
    print(json.dumps({k: float(f"{v:.5g}") for k, v in values.items()} | {"cpu_s": round(time.process_time() - began)}))


if __name__ == "__main__":
    main()
