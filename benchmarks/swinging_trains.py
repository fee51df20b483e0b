"""What regular trains take back where the rate of their population swings: Brunel's model A at (4.5, 0.9).

    python benchmarks/swinging_trains.py [--duration 12]

The network of reference_sims/brunel_a without a time step. Two spikes of one neuron, s apart, are rarer by A(s) than
the rates at both times would have them: cov = -r(t) r(t + s) A(s). From it the variance that a membrane of 20 ms takes
from the trains, over that of Poisson trains of the same r(t): at all times, weighted by the rate, and where that is
below half of its mean; beside those of the filter of popdyn.theory.train_noise, with gamma held and with gamma as r(t).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numba import njit

sys.path.insert(0, str(Path(__file__).parents[1] / "reference_sims" / "brunel_a"))
import event_driven as network

from popdyn.theory.train_noise import Regularity

G, ETA, TAU = 4.5, 0.9, 20e-3  # [1], [1], [s]
BIN, LONGEST = 5e-4, 90e-3  # [s] of rates; of A
LAGS = (1, 10, 20, 30, 40, 50, 60, 80)  # [ms] that are printed


@njit
def spikes(rng, external, windows, n, first, targets, who, when):  # type: ignore[no-untyped-def]
    """Fills neuron and time [s] of every spike; returns their number."""
    v, at, done = rng.random(n) * network.V_TH, np.zeros(n), 0
    start, arrivals = np.zeros(n + 1, np.int64), np.empty(0, np.float32)
    fired, times = np.empty(n, np.int64), np.empty(n)
    for w in range(windows):
        found = network.advance(rng, v, at, start, arrivals, external, G, network.DELAY, fired, times)
        order = np.argsort(times[:found])
        who[done : done + found], late = fired[:found][order], times[:found][order]
        when[done : done + found] = w * network.DELAY + late
        start, arrivals = network.deliver(fired[:found][order], late, network.N_E, n, first, targets)
        done += found
    return done


def record(duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Rate [1/s] in bins, and A at lags of bins, after half a second."""
    n, rng = network.N_E + network.N_I, np.random.default_rng(33)
    first, targets = network.connect(rng, network.N_E, n, network.K_E, network.K_I)
    who, when = np.empty(int(10 * n * (duration + 1)), np.int64), np.empty(int(10 * n * (duration + 1)))
    external = network.K_E * ETA * network.NU_THR
    found = spikes(rng, external, round((duration + 0.5) / network.DELAY), n, first, targets, who, when)
    kept = when[:found] > 0.5
    place = ((when[:found][kept] - 0.5) / BIN).astype(int)
    bins, lags = place.max() + 1, round(LONGEST / BIN)
    length, own = 2 ** int(np.ceil(np.log2(2 * bins))), 0.0
    for part in np.array_split(np.arange(n), 100):
        counts = np.zeros((part.size, bins), np.float32)
        inside = np.isin(who[:found][kept], part)
        np.add.at(counts, (who[:found][kept][inside] - part[0], place[inside]), 1.0)
        own = own + (np.abs(np.fft.rfft(counts, length, axis=1)) ** 2).sum(axis=0)
    total = np.bincount(place, minlength=bins)
    same = np.fft.irfft(own, length)[:lags] / n
    pairs = np.fft.irfft(np.abs(np.fft.rfft(total, length)) ** 2, length)[:lags]
    gone = 1.0 - same * n * (n - 1) / (pairs - same * n)
    gone[0] = 1.0
    return total / (n * BIN), gone


@njit
def variance_of_trains(rate, gone):  # type: ignore[no-untyped-def]
    """Of a membrane, per J^2: p' = -2 p/tau + r - 2 r(t) int exp(-s/tau) r(t - s) A(s) ds."""
    p, found = 0.0, np.empty(rate.size)
    for k in range(rate.size):
        back = 0.0
        for s in range(min(gone.size, k + 1)):
            back += np.exp(-s * BIN / TAU) * rate[k - s] * gone[s] * (0.5 * BIN if s == 0 else BIN)
        p += BIN * (rate[k] - 2.0 * rate[k] * back - 2.0 * p / TAU)
        found[k] = p
    return found


@njit
def variance_of_filter(rate, beta, gamma, follows):  # type: ignore[no-untyped-def]
    """The same where z' = -(beta + (m - 1) gamma) z + gamma sqrt(r) xi is taken back m times, m = r/<r> or 1."""
    own, cross, z, usual = 0.0, 0.0, 0.0, rate.mean()
    found = np.empty(rate.size)
    for k in range(rate.size):
        m = rate[k] / usual if follows else 1.0
        b = beta + (m - 1.0) * gamma
        own, cross, z = (
            own + BIN * (rate[k] - 2.0 * m * cross - 2.0 * own / TAU),
            cross + BIN * (gamma * rate[k] - m * z - (b + 1.0 / TAU) * cross),
            z + BIN * (gamma**2 * rate[k] - 2.0 * b * z),
        )
        found[k] = own
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="trains of a swinging population")
    parser.add_argument("--duration", type=float, default=12.0, help="s")
    rate, gone = record(parser.parse_args().duration)
    lags = [round(ms * 1e-3 / BIN) for ms in LAGS]
    print(
        "A(s):", ", ".join(f"{ms} ms {gone[lag - 1 : lag + 2].mean():.2f}" for ms, lag in zip(LAGS, lags, strict=True))
    )
    mean = rate.mean()
    late = np.arange(gone.size) * BIN
    missing = float((gone * np.exp(-late / TAU)).sum() * BIN - 0.5 * BIN)
    trains = Regularity(1.0 - 2.0 * mean * float(gone.sum() - 0.5) * BIN, 1.0 - 2.0 * mean * missing, TAU)
    beta, gamma = trains.filter()
    print(
        f"{mean:.2f} 1/s; if that were steady: F {trains.F:.3f}, S(0)/r {trains.cv2:.3f}, "
        f"beta {beta:.1f}, gamma {gamma:.2f} 1/s"
    )
    poisson = variance_of_trains(rate, 0.0 * gone)
    found = {
        "trains": variance_of_trains(rate, gone), "gamma held": variance_of_filter(rate, beta, gamma, False),
        "gamma as r(t)": variance_of_filter(rate, beta, gamma, True),
    }  # fmt: skip
    parts = {"all": np.ones_like(rate), "by rate": rate, "low": rate < 0.5 * mean}
    print(f"{'':16}", *(f"{name:>8}" for name in parts))
    for name, p in found.items():
        print(f"{name:16}", *(f"{(w * p)[400:].sum() / (w * poisson)[400:].sum():8.3f}" for w in parts.values()))


if __name__ == "__main__":
    main()
