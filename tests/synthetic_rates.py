"""Rates of a known unit with noise of a known kind, fitted as recorded rates are: what coverage is counted on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from popdyn.fitting.coordinates import coordinates_of
from popdyn.fitting.rate_misfit import RateMisfit
from popdyn.fitting.rate_solve import calibration_of, intervals, solve
from popdyn.fitting.rate_target import RateTarget
from popdyn.rungs.rate_population import RatePopulation
from popdyn.theory.discretisation import Domain

Array = NDArray[np.float64]
BIN, DT, BINS = 5e-3, 5e-4, 400
NOISE = 0.15  # s.d. over that of the rate
WHITE, CORRELATED, COUNTS = "white", "correlated", "counts"
CORRELATION = 0.6  # of neighbouring bins
NEURONS = 60
SIGMA = 0.06
TRUTH = RatePopulation(
    "E", "threshold_linear", {"gain": 25.0, "threshold": 0.7, "tau_r": 0.012}, 0, 0.7, 1.0, SIGMA,
    Domain(0.0, 2.0, SIGMA, SIGMA), 8.0,
)  # fmt: skip


def wander(steps: int, dt: float, tau: float, rng: np.random.Generator) -> Array:
    """Ornstein-Uhlenbeck process of unit variance."""
    keep, past = np.exp(-dt / tau), round(10 * tau / dt)
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(steps + past))[past:]


def data(sets: int, kind: str, seed: int) -> RateTarget:
    """`sets` noisy copies of one answer; noise independent, of correlation CORRELATION, or of counted spikes."""
    rng = np.random.default_rng(seed)
    per_bin = round(BIN / DT)
    mu = 1.0 + 0.35 * wander(BINS * per_bin, DT, 0.05, rng)
    sigma = np.full(len(mu), SIGMA)
    rate = TRUTH.integrate(mu, sigma, dt=DT, steps_per_bin=per_bin)
    if kind == COUNTS:
        noisy = rng.poisson(rate * BIN * NEURONS, (sets, BINS)) / (BIN * NEURONS)
    else:
        keep = CORRELATION if kind == CORRELATED else 0.0
        noise = lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal((sets, BINS + 50)), axis=1)[:, 50:]
        noisy = rate + NOISE * rate.std() * noise
    return RateTarget("synthetic", kind, mu, sigma, noisy, 0, BIN, DT)


def coverage(sets: int, kind: str, seed: int, chunk: int = 100) -> dict[str, float]:
    """Share of the sets whose 95 % interval is found and holds the true value, by parameter."""
    target, coordinates = data(sets, kind, seed), coordinates_of(TRUTH, 20.0)
    names = [p.name for p in coordinates.parameters]
    truth = coordinates.encode(TRUTH)
    start, held = coordinates.decode(truth + np.array([0.2, 0.2, -0.3]), TRUTH), np.zeros(len(names))
    for first in range(0, sets, chunk):
        part = replace(target, rate=target.rate[first : first + chunk])
        misfit = RateMisfit(TRUTH, coordinates, (part,))
        solutions = [solve(misfit, [start], owner=i) for i in range(len(part.rate))]
        ends = intervals(solutions, [calibration_of(s, None)[0] for s in solutions])
        inside = (ends.x[:, :, 0] < truth) & (truth < ends.x[:, :, 1]) & ends.found.all(axis=2)
        held += inside.sum(axis=0)
    return dict(zip(names, (held / sets).tolist(), strict=True))
