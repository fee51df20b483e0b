"""The network of plain_brian2.py with every input at its own time and the threshold crossed between steps.

An input spike acts one delay after its emission and not before, so in a window of one delay every arrival is known and
each neuron is advanced on its own: exact Ornstein-Uhlenbeck steps no longer than dt that end at the arrivals. Within a
step the path is a Brownian bridge: it crosses with probability exp(-2 a b / s^2 h) if both ends are below (a, b: their
distances from the threshold; s^2 h: the variance), and the time t of the first crossing is such that t / (h - t) is
inverse Gaussian with mean a / |b| and shape a^2 / (s^2 h).

    python reference_sims/brunel_hakim/exact_arrivals.py --dt 0.1 --duration 60 --out reference_sims/brunel_hakim
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from numba import njit

sys.path.insert(0, str(Path(__file__).parents[1]))
import measures

N, K = 5_000, 1_000
TAU, T_REF, DELAY = 20.0, 2.0, 2.0  # ms
V_TH, V_RESET, J, MU, SIGMA = 20.0, 10.0, -0.1, 25.0, 1.0  # mV
BIN = 0.1  # ms
UNITS = "dt: ms; values 1/s; sd_1ms: of the population rate in 1 ms bins; frequency: peak of its spectrum"


@njit
def connect(rng, n, k):  # type: ignore[no-untyped-def]
    """(first target of each source, targets): each neuron draws k different sources, never itself."""
    sources, count = np.empty((n, k), np.int32), np.zeros(n + 1, np.int64)
    taken = np.full(n, -1, np.int64)
    for i in range(n):
        for s in range(k):
            j = rng.integers(0, n)
            while j == i or taken[j] == i:
                j = rng.integers(0, n)
            taken[j] = i
            sources[i, s] = j
            count[j + 1] += 1
    first = np.cumsum(count)
    place, targets = first[:-1].copy(), np.empty(n * k, np.int32)
    for i in range(n):
        for s in range(k):
            targets[place[sources[i, s]]] = i
            place[sources[i, s]] += 1
    return first, targets


@njit
def deliver(spikes, when, n, first, targets):  # type: ignore[no-untyped-def]
    """(first arrival of each neuron, arrivals in order of time) of a window's sorted spikes."""
    start = np.zeros(n + 1, np.int64)
    for j in spikes:
        for p in range(first[j], first[j + 1]):
            start[targets[p] + 1] += 1
    start = np.cumsum(start)
    place, arrivals = start[:-1].copy(), np.empty(start[-1])
    for s in range(spikes.size):
        for p in range(first[spikes[s]], first[spikes[s] + 1]):
            i = targets[p]
            arrivals[place[i]] = when[s]
            place[i] += 1
    return start, arrivals


@njit
def first_crossing(rng, a, b, variance, h):  # type: ignore[no-untyped-def]
    """Time of the first crossing within a step h that crosses; a, |b|: distances of its ends from the threshold."""
    mean, shape = a / max(abs(b), 1e-12), a * a / variance
    z = rng.standard_normal() ** 2
    u = mean * z / (2.0 * shape)
    root = 1.0 + u + np.sqrt(u * (2.0 + u))
    y = mean / root if rng.random() <= root / (1.0 + root) else mean * root
    return h * y / (1.0 + y)


@njit
def advance(rng, v, at, start, arrivals, dt, who, when):  # type: ignore[no-untyped-def]
    """A window of every neuron, whose v is that of the time `at` (its release, if held). Number of spikes."""
    fired = 0
    for i in range(v.size):
        x, t, p, last = v[i], at[i], start[i], start[i + 1]
        while p < last and arrivals[p] < t:
            p += 1
        while t < DELAY:
            h, arrived = min(dt, DELAY - t), False
            if p < last and arrivals[p] - t <= h:
                h, arrived = max(0.0, arrivals[p] - t), True
            e = h / TAU
            lost = e * (1.0 - e / 2 * (1.0 - e / 3 * (1.0 - e / 4)))
            variance = 0.5 * SIGMA * SIGMA * lost * (2.0 - lost)
            end = x + (MU - x) * lost + np.sqrt(variance) * rng.standard_normal()
            a, b = V_TH - x, V_TH - end
            crossed = b <= 0.0 or (2.0 * a * b < 30.0 * variance and rng.random() < np.exp(-2.0 * a * b / variance))
            if crossed:
                t += first_crossing(rng, a, b, variance, h)
                who[fired], when[fired] = i, min(t, DELAY)
                fired += 1
                x, t = V_RESET, t + T_REF
                while p < last and arrivals[p] < t:
                    p += 1
                continue
            x, t = end, t + h
            if arrived:
                x, p = x + J, p + 1
        v[i], at[i] = x, t - DELAY
    return fired


@njit
def simulate(rng, windows, dt, first, targets):  # type: ignore[no-untyped-def]
    """Spikes per bin."""
    v, at, bins = V_TH * rng.random(N), np.zeros(N), round(DELAY / BIN)
    activity = np.zeros(windows * bins)
    start, arrivals = np.zeros(N + 1, np.int64), np.empty(0)
    who, when = np.empty(2 * N, np.int64), np.empty(2 * N)
    for k in range(windows):
        fired = advance(rng, v, at, start, arrivals, dt, who, when)
        order = np.argsort(when[:fired])
        for t in when[:fired]:
            activity[k * bins + min(bins - 1, int(t / BIN))] += 1
        start, arrivals = deliver(who[:fired][order], when[:fired][order], N, first, targets)
    return activity


def measured(args: argparse.Namespace) -> tuple[dict[str, object], np.ndarray]:
    began = time.process_time()
    graph, noise = np.random.default_rng([args.seed, 0]), np.random.default_rng([args.seed, 1])
    first, targets = connect(graph, N, K)
    windows = round((args.transient + args.duration) * 1e3 / DELAY)
    rate = simulate(noise, windows, args.dt, first, targets) / (N * BIN * 1e-3)
    rate = rate[round(args.transient * 1e3 / BIN) :]
    frequency, error = measures.global_frequency(rate, BIN * 1e-3, segment=0.5, low=50.0, high=300.0, width=4.0)
    values = {
        "rate": rate.mean(), "rate_error": measures.block_error(rate), "frequency": frequency, "frequency_error": error,
        "sd_1ms": rate[: rate.size // 10 * 10].reshape(-1, 10).mean(axis=1).std(),
    }  # fmt: skip
    return {
        "method": Path(__file__).name, "settings": {k: v for k, v in vars(args).items() if k != "out"}, "units": UNITS,
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(time.process_time() - began),
    }, rate  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description="Brunel and Hakim's network, arrivals and crossings at their own times"
    )
    for name, default in (("dt", 0.1), ("duration", 60.0), ("transient", 0.5)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json, the spectrum beside it")
    args = parser.parse_args()
    run, rate = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)
        measures.keep_spectrum(args.out / f"spectrum_exact_{args.dt:g}_{args.seed}.csv", rate, BIN * 1e-3)


if __name__ == "__main__":
    main()
