"""Rates of a known unit with noise of a known kind, fitted as recorded rates are: what coverage is counted on."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

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
WHITE, CORRELATED, COUNTS, TWO_TIMES = "white", "correlated", "counts", "two time scales"
CORRELATION = 0.6  # of neighbouring bins
SLOW = 50  # bins in which half of the noise of TWO_TIMES falls to 1/e
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


def noise_of(sets: int, bins: int, keep: float, rng: np.random.Generator) -> Array:
    """(set, bin) of unit variance; neighbours are correlated by `keep`."""
    past = 50 if keep < 0.9 else 500
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal((sets, bins + past)), axis=1)[:, past:]


def data(sets: int, kind: str, seed: int, bins: int = BINS) -> RateTarget:
    """`sets` noisy copies of one answer; noise independent, correlated by CORRELATION (and SLOW), or counted spikes."""
    rng = np.random.default_rng(seed)
    per_bin = round(BIN / DT)
    mu = 1.0 + 0.35 * wander(bins * per_bin, DT, 0.05, rng)
    sigma = np.full(len(mu), SIGMA)
    rate = TRUTH.integrate(mu, sigma, dt=DT, steps_per_bin=per_bin)
    if kind == COUNTS:
        noisy = rng.poisson(rate * BIN * NEURONS, (sets, bins)) / (BIN * NEURONS)
    else:
        keep = 0.0 if kind == WHITE else CORRELATION
        noise = noise_of(sets, bins, keep, rng)
        if kind == TWO_TIMES:
            noise = (noise + noise_of(sets, bins, float(np.exp(-1 / SLOW)), rng)) / np.sqrt(2)
        noisy = rate + NOISE * rate.std() * noise
    return RateTarget("synthetic", kind, mu, sigma, noisy, 0, BIN, DT)


class Coverage(NamedTuple):
    """Share of the sets whose 95 % interval is found and holds the true value, by parameter.

    short: share of the sets that are named too short for their correlations; unnamed: coverage over the others.
    """

    held: dict[str, float]
    short: float
    unnamed: dict[str, float]


def coverage(sets: int, kind: str, seed: int, bins: int = BINS, chunk: int = 100) -> Coverage:
    """Of `sets` fits from a start that is off."""
    target, coordinates = data(sets, kind, seed, bins), coordinates_of(TRUTH, 20.0)
    names = [p.name for p in coordinates.parameters]
    truth = coordinates.encode(TRUTH)
    start, inside, short = coordinates.decode(truth + np.array([0.2, 0.2, -0.3]), TRUTH), [], []
    for first in range(0, sets, chunk):
        part = replace(target, rate=target.rate[first : first + chunk])
        misfit = RateMisfit(TRUTH, coordinates, (part,))
        solutions = [solve(misfit, [start], owner=i) for i in range(len(part.rate))]
        calibrations, blocks = zip(*(calibration_of(s, None) for s in solutions), strict=True)
        ends = intervals(solutions, calibrations)
        inside.append((ends.x[:, :, 0] < truth) & (truth < ends.x[:, :, 1]) & ends.found.all(axis=2))
        short += [b.too_short for b in blocks]
    held, named = np.concatenate(inside), np.array(short)
    unnamed = held[~named].mean(axis=0) if not named.all() else np.full(len(names), np.nan)
    by_name = [dict(zip(names, row.tolist(), strict=True)) for row in (held.mean(axis=0), unnamed)]
    return Coverage(by_name[0], float(named.mean()), by_name[1])
