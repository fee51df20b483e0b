"""Excitatory AdEx neurons with strong recurrent excitation and adaptation: population bursts.

    C_m dV/dt   = -g_L (V - E_L) + g_L Delta_T exp((V - V_th) / Delta_T) - w + C_m (mu + sigma xi)
    tau_w dw/dt = a (V - E_w) - w
    V > V_peak  : V -> V_reset, w -> w + b (t_ref = 0)
    each neuron has 100 different sources, not itself; a spike lifts V by J after 3 ms

The loop gain K J is larger than V_peak - V_reset: a scheme that loses the input of the step in which a neuron is
reset, or adds up the input of a step before it looks at the threshold, loses spikes of every burst. Here each input
spike acts at its own time: it acts one delay later and not before, so in a window of one delay every arrival is known
and each neuron is advanced on its own, by Heun steps (weak order 2) that end at the arrivals and are no longer than dt,
nor than 0.1 of the time in which V runs away, with the threshold looked at after each step and after each arrival.

    python reference_sims/adaptation_oscillation/exact_arrivals.py --dt 0.02 --out reference_sims/adaptation_oscillation

The drive is not given in a publication: mu and sigma are chosen for a period of about 430 ms.
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

K, DELAY = 100, 3.0  # ms
C_M, G_L, E_L, V_TH, DELTA_T, V_PEAK, V_RESET = 200.0, 10.0, -65.0, -50.0, 1.5, -40.0, -70.0  # pF, nS, mV
A, E_W, TAU_W = 4.0, -80.0, 200.0  # nS, mV, ms
BIN = 0.5  # ms
STEEPEST = 0.1  # longest step times the slope of dV/dt over V
UNITS = (
    "mu mV/ms, sigma mV/sqrt(ms), J mV, b pA, dt ms, duration s; period ms; spikes: per neuron from 50 ms before to "
    "100 ms after the start of a burst; peaks (mean over bursts) and rate 1/s; first_180ms: per neuron from V uniform "
    "in [V_reset, V_th), w = 80 pA; w pA"
)


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
def velocity(x, u, mu):  # type: ignore[no-untyped-def]
    """(dV/dt without noise, its derivative by V)."""
    slope = np.exp((x - V_TH) / DELTA_T)
    return (-G_L * (x - E_L - DELTA_T * slope) - u) / C_M + mu, G_L * (slope - 1.0) / C_M


@njit
def advance(rng, v, w, start, arrivals, mu, sigma, jump, b, dt, who, when):  # type: ignore[no-untyped-def]
    """A window of every neuron; the spikes go to who and when, their number is returned (-1: no room)."""
    fired = 0
    for i in range(v.size):
        x, u, t, p, last = v[i], w[i], 0.0, start[i], start[i + 1]
        while t < DELAY or p < last:
            drift, slope = velocity(x, u, mu)
            h, arrived = min(dt, DELAY - t), False
            if slope * h > STEEPEST:
                h = STEEPEST / slope
            if p < last and arrivals[p] - t <= h:
                h, arrived = max(0.0, arrivals[p] - t), True
            noise, du = sigma * np.sqrt(h) * rng.standard_normal(), (A * (x - E_W) - u) / TAU_W * h
            after, _ = velocity(x + drift * h + noise, u + du, mu)
            x, u, t = x + (drift + after) / 2.0 * h + noise, u + du, t + h
            crossings = 0
            if x > V_PEAK:
                x, u, crossings = V_RESET, u + b, 1
            if arrived:
                x, p = x + jump, p + 1
                if x > V_PEAK:
                    x, u, crossings = V_RESET, u + b, crossings + 1
            for _ in range(crossings):
                if fired == who.size:
                    return -1
                who[fired], when[fired] = i, min(t, DELAY)
                fired += 1
        v[i], w[i] = x, u
    return fired


@njit
def simulate(rng, n, windows, mu, sigma, jump, b, dt, first, targets):  # type: ignore[no-untyped-def]
    """Spikes per bin of 0.5 ms, and the mean w [pA] at the end of every window."""
    v, w = V_RESET + 20.0 * rng.random(n), np.full(n, 80.0)
    bins = round(DELAY / BIN)
    activity, mean_w = np.zeros(windows * bins), np.zeros(windows)
    start, arrivals = np.zeros(n + 1, np.int64), np.empty(0)
    who, when = np.empty(20 * n, np.int64), np.empty(20 * n)
    for k in range(windows):
        fired = advance(rng, v, w, start, arrivals, mu, sigma, jump, b, dt, who, when)
        if fired < 0:
            return activity[:0], mean_w
        order = np.argsort(when[:fired])
        for t in when[:fired]:
            activity[k * bins + min(bins - 1, int(t / BIN))] += 1
        mean_w[k] = w.mean()
        start, arrivals = deliver(who[:fired][order], when[:fired][order], n, first, targets)
    return activity, mean_w


def bursts(rate: np.ndarray) -> dict[str, float]:
    """Of a rate [1/s] in bins of 0.5 ms; a burst starts where the rate in 10 ms crosses half its usual peak upwards."""
    smooth = np.convolve(rate, np.ones(20) / 20, mode="same")
    half = np.quantile(smooth, 0.98) / 2
    up = np.flatnonzero((smooth[1:] > half) & (smooth[:-1] <= half))
    up = up[np.diff(up, prepend=-(10**9)) > 100 / BIN]
    up = up[(up > 100 / BIN) & (up < rate.size - 150 / BIN)]
    periods = np.diff(up) * BIN
    spikes = np.array([rate[s - round(50 / BIN) : s + round(100 / BIN)].sum() * BIN * 1e-3 for s in up])
    coarse = [rate[s - round(50 / BIN) : s + round(100 / BIN)].reshape(-1, 4).mean(axis=1).max() for s in up]
    n = len(periods)
    return {
        "bursts": n + 1, "period": periods.mean(), "period_error": periods.std(ddof=1) / n**0.5,
        "spikes": spikes.mean(), "spikes_error": spikes.std(ddof=1) / (n + 1) ** 0.5,
        "peak_2ms": np.mean(coarse), "peak_10ms": np.mean([smooth[s : s + round(100 / BIN)].max() for s in up]),
        "rate": rate[up[0] : up[-1]].mean(),
    }  # fmt: skip


def measured(args: argparse.Namespace) -> dict[str, object]:
    began = time.process_time()
    graph, noise = np.random.default_rng([args.seed, 0]), np.random.default_rng([args.seed, 1])
    first, targets = connect(graph, args.size, K)
    windows = round((args.transient + args.duration) * 1e3 / DELAY)
    activity, mean_w = simulate(
        noise, args.size, windows, args.mu, args.sigma, args.J, args.b, args.dt, first, targets
    )  # fmt: skip
    if activity.size == 0:
        sys.exit("more than 20 spikes of a neuron in 3 ms")
    rate = activity / (args.size * BIN * 1e-3)
    values = bursts(rate[round(args.transient * 1e3 / BIN) :]) | {
        "first_180ms": rate[: round(180 / BIN)].sum() * BIN * 1e-3,
        "w": mean_w[round(args.transient * 1e3 / DELAY) :].mean(),
    }
    return {
        "method": Path(__file__).name, "settings": {k: v for k, v in vars(args).items() if k != "out"}, "units": UNITS,
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(time.process_time() - began),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="bursts of excitatory AdEx neurons, arrivals at their own times")
    for name, default in (
        ("mu", 1.1), ("sigma", 1.65), ("J", 0.35), ("b", 60.0), ("dt", 0.05), ("duration", 12.0), ("transient", 2.0)
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json")
    args = parser.parse_args()
    run = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)


if __name__ == "__main__":
    main()
