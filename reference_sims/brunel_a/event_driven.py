"""Brunel's sparse network, model A, at its full size, without a time step.

    tau dV/dt = -V;  V >= V_th: spike, V -> V_reset, held for t_ref (input is lost meanwhile)
    10,000 excitatory, 2,500 inhibitory neurons; each has 1,000 and 250 different sources in them, not itself (J, -g J,
    delay D) and 1,000 external Poisson sources (J, eta nu_thr each); nu_thr = V_th / (1000 J tau) = 10 / s.

A spike acts D later and not before: within a window of length D every arrival is known, so each neuron is
advanced on its own, from input spike to input spike, with exact decay in between.

    python reference_sims/brunel_a/event_driven.py --g 5 --eta 2 --duration 20 --seed 1 --out reference_sims/brunel_a

Source: N. Brunel, J. Comput. Neurosci. 8 (2000) 183. Written from the equations alone.
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

TAU, T_REF, DELAY = 20e-3, 2e-3, 1.5e-3  # [s]
V_TH, V_RESET, J = 20.0, 10.0, 0.1  # [mV]
N_E, N_I, K_E, K_I = 10_000, 2_500, 1_000, 250
NU_THR = V_TH / (K_E * J * TAU)  # [1/s]
BIN = 1e-4  # [s]
UNITS = (
    "all 1/s; sd_of_rates_E: of the neurons' own rates, from the covariance of two disjoint thirds; "
    "sd_1ms: of the population rate in 1 ms bins; frequency: peak of the population spectrum"
)


@njit
def connect(rng, n_e, n, k_e, k_i):  # type: ignore[no-untyped-def]
    """(first target of each source, targets): each neuron draws k_e and k_i different sources, never itself."""
    k = k_e + k_i
    sources = np.empty((n, k), np.uint16)
    count = np.zeros(n + 1, np.int64)
    taken = np.full(n, -1, np.int64)
    for i in range(n):
        for s in range(k):
            low, high = (0, n_e) if s < k_e else (n_e, n)
            j = rng.integers(low, high)
            while j == i or taken[j] == i:
                j = rng.integers(low, high)
            taken[j] = i
            sources[i, s] = j
            count[j + 1] += 1
    first = np.cumsum(count)
    place, targets = first[:-1].copy(), np.empty(n * k, np.uint16)
    for i in range(n):
        for s in range(k):
            targets[place[sources[i, s]]] = i
            place[sources[i, s]] += 1
    return first, targets


@njit
def deliver(spikes, when, n_e, n, first, targets):  # type: ignore[no-untyped-def]
    """(first arrival of each neuron, arrivals in order of time; negative: inhibitory) of a window's sorted spikes."""
    start = np.zeros(n + 1, np.int64)
    for j in spikes:
        for p in range(first[j], first[j + 1]):
            start[targets[p] + 1] += 1
    start = np.cumsum(start)
    place, arrivals = start[:-1].copy(), np.empty(start[-1], np.float32)
    for s in range(spikes.size):
        j, t = spikes[s], np.float32(when[s] if spikes[s] < n_e else -when[s])
        for p in range(first[j], first[j + 1]):
            i = targets[p]
            arrivals[place[i]] = t
            place[i] += 1
    return start, arrivals


@njit
def advance(rng, v, at, start, arrivals, external, g, window, who, when):  # type: ignore[no-untyped-def]
    """Advances every neuron, whose v is that of the time `at` (its release, if held), by a window. Number of spikes."""
    fired = 0
    for i in range(v.size):
        x, t, p, last = v[i], at[i], start[i], start[i + 1]
        drawn = max(t, 0.0) + rng.standard_exponential() / external
        while True:
            known = abs(arrivals[p]) if p < last else window
            now = min(drawn, known)
            if now >= window:
                break
            jump = J
            if known <= drawn:
                jump = J if arrivals[p] > 0 else -g * J
                p += 1
            else:
                drawn += rng.standard_exponential() / external
            if now < t:
                continue
            e = (now - t) / TAU
            x = x * (1.0 - e * (1.0 - e / 2 * (1.0 - e / 3 * (1.0 - e / 4 * (1.0 - e / 5))))) + jump
            t = now
            if x >= V_TH:
                who[fired], when[fired] = i, now
                fired += 1
                x, t = V_RESET, now + T_REF
                drawn = t + rng.standard_exponential() / external
        v[i], at[i] = x, t - window
    return fired


@njit
def simulate(rng, g, external, windows, bins, first, targets):  # type: ignore[no-untyped-def]
    """Spikes per bin of the two populations, (2, windows * bins), and those of each neuron in each third of the run."""
    n = N_E + N_I
    v, at = rng.random(n) * V_TH, np.zeros(n)
    activity, counts = np.zeros((2, windows * bins), np.int64), np.zeros((3, n), np.int64)
    start, arrivals = np.zeros(n + 1, np.int64), np.empty(0, np.float32)
    who, when = np.empty(n, np.int64), np.empty(n)
    for w in range(windows):
        fired = advance(rng, v, at, start, arrivals, external, g, DELAY, who, when)
        order = np.argsort(when[:fired])
        spikes, times = who[:fired][order], when[:fired][order]
        for s in range(fired):
            activity[0 if spikes[s] < N_E else 1, w * bins + min(bins - 1, int(times[s] / DELAY * bins))] += 1
        for s in range(fired):
            counts[3 * w // windows, spikes[s]] += 1
        start, arrivals = deliver(spikes, times, N_E, n, first, targets)
    return activity, counts


def measured(args: argparse.Namespace) -> tuple[dict[str, object], np.ndarray]:
    """The measures, and the rate of all neurons [1/s] in bins of 0.1 ms after the transient."""
    began = time.process_time()
    graph, noise = np.random.default_rng([args.seed, 0]), np.random.default_rng([args.seed, 1])
    first, targets = connect(graph, N_E, N_E + N_I, K_E, K_I)
    windows, bins = round((args.transient + args.duration) / DELAY), round(DELAY / BIN)
    activity, counts = simulate(noise, args.g, K_E * args.eta * NU_THR, windows, bins, first, targets)
    rates = activity[:, round(args.transient / BIN) :] / (np.array([[N_E], [N_I]]) * BIN)
    rate = (N_E * rates[0] + N_I * rates[1]) / (N_E + N_I)
    low, high, width, segment = (100.0, 400.0, 4.0, 0.5) if args.eta > 1 else (5.0, 100.0, 2.0, 1.0)
    frequency, error = measures.global_frequency(rate, BIN, segment=segment, low=low, high=high, width=width)
    _, second, last = counts[:, :N_E] / (windows * DELAY / 3)
    values = {
        "rate_E": rates[0].mean(), "rate_E_error": measures.block_error(rates[0]),
        "rate_I": rates[1].mean(), "rate_I_error": measures.block_error(rates[1]),
        "sd_of_rates_E": max(0.0, np.cov(second, last)[0, 1]) ** 0.5,
        "frequency": frequency, "frequency_error": error,
        "sd_1ms": rate[: rate.size // 10 * 10].reshape(-1, 10).mean(axis=1).std(),
    }  # fmt: skip
    return {
        "method": "event_driven.py", "settings": {k: v for k, v in vars(args).items() if k != "out"},
        "units": UNITS,
        "values": {k: float(f"{v:.6g}") for k, v in values.items()}, "cpu_s": round(time.process_time() - began),
    }, rate  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Brunel's model A, event-driven")
    for name, default in (("g", 5.0), ("eta", 2.0), ("duration", 10.0), ("transient", 0.6)):
        parser.add_argument(f"--{name}", type=float, default=default)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="folder: the run is added to its truth.json, the spectrum beside it")
    args = parser.parse_args()
    run, rate = measured(args)
    print(json.dumps(run, indent=1))
    if args.out:
        measures.keep(args.out / "truth.json", run)
        name = f"spectrum_{args.g:g}_{args.eta:g}_{args.seed}.csv"
        measures.keep_spectrum(args.out / name, rate, BIN)


if __name__ == "__main__":
    main()
