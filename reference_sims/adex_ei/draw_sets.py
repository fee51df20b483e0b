"""Five random sparse networks of excitatory and inhibitory AdEx neurons, written once to sets.json.

    python reference_sims/adex_ei/draw_sets.py > reference_sims/adex_ei/sets.json

A Latin hypercube, log-uniform: J 0.1-0.5 mV, g 4.5-6.5, delay 1.5-2 ms, b_E 20-60 pA, tau_w 100-250 ms, sigma 1-2.5
mV/sqrt(ms), target rates 3-12 Hz (E) and 5-25 Hz (I). The constant drive of each population is the one at which a
neuron with white noise of the mean and variance of its input has the target rate, by simulating such neurons; the
network then fires near its targets, not at them.
"""

from __future__ import annotations

import json
import sys

import numpy as np
from numba import njit
from scipy.stats.qmc import LatinHypercube

SEED, COUNT = 3, 5
K_E, K_I = 400, 100
RANGES = {
    "J": (0.1, 0.5), "g": (4.5, 6.5), "delay": (1.5, 2.0), "b_E": (20.0, 60.0), "tau_w": (100.0, 250.0),
    "sigma": (1.0, 2.5), "rate_E": (3.0, 12.0), "rate_I": (5.0, 25.0),
}  # fmt: skip


@njit
def rate(mu, sigma, b, tau_w, neurons, duration, dt, rng):  # type: ignore[no-untyped-def]
    """Rate [1/s] of plain_brian2.py's neuron under white noise (mV, ms, pA); the first quarter is left out."""
    spikes, steps, held = 0, round(duration / dt), round(2.0 / dt)
    for _ in range(neurons):
        v, w, wait = -60.0, 4.0 * 20.0 + b * 0.5, 0
        for step in range(steps):
            dw = (4.0 * (v + 80.0) - w) / tau_w * dt
            if wait > 0:
                wait -= 1
            else:
                drift = (-10.0 * (v + 65.0) + 15.0 * np.exp((v + 50.0) / 1.5) - w) / 200.0 + mu
                v += drift * dt + sigma * np.sqrt(dt) * rng.standard_normal()
            w += dw
            if v > -40.0:
                v, w, wait = -70.0, w + b, held
                spikes += 4 * step >= steps
    return spikes / (neurons * 0.75 * duration * 1e-3)


def drive(target: float, sigma: float, b: float, tau_w: float) -> float:
    """mu [mV/ms] by bisection; the same seed throughout makes the rate nearly monotonic."""
    low, high = -1.0, 4.0
    while high - low > 2e-3:
        middle = (low + high) / 2
        if rate(middle, sigma, b, tau_w, 20, 4000.0, 0.05, np.random.default_rng(1)) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def draw() -> list[dict[str, float]]:
    sets = []
    for number, point in enumerate(LatinHypercube(len(RANGES), seed=SEED).random(COUNT), start=1):
        drawn = dict(zip(RANGES, point, strict=True))
        values = {k: low * (high / low) ** drawn[k] for k, (low, high) in RANGES.items()}
        rates = {k: values.pop(f"rate_{k}") for k in "EI"}
        values = {k: round(value, 1 if k == "delay" else 3) for k, value in values.items()}
        mean = values["J"] * 1e-3 * (K_E * rates["E"] - values["g"] * K_I * rates["I"])
        variance = values["J"] ** 2 * 1e-3 * (K_E * rates["E"] + values["g"] ** 2 * K_I * rates["I"])
        noise = (values["sigma"] ** 2 + variance) ** 0.5
        for k, b in (("E", values["b_E"]), ("I", 0.0)):
            values[f"mu_{k}"] = round(drive(rates[k], noise, b, values["tau_w"]) - mean, 2)
        sets.append({"set": number} | values)
    return sets


if __name__ == "__main__":
    json.dump(draw(), sys.stdout, indent=1)
    print()
