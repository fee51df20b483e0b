"""The stationary states of a density rung, tabulated so finely that a unit's statics are exact."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import numpy as np

from popdyn.errors import NumericsError
from popdyn.fitting.target import Rest, Target
from popdyn.rungs.static_gain import SILENT_RATE, GainRow, StaticGain, increasing_spline
from popdyn.theory.discretisation import Domain
from popdyn.types import FloatArray

TOLERANCE, SIDE_TOLERANCE = 1e-4, 5e-4
"""Largest error of the rate between nodes, relative to it or to SILENT_RATE: at the spec's sigma, and at others."""
HIGHEST_RATE = 1000.0
"""Rate [1/s] at which the table ends, as it does below SILENT_RATE."""
FIRST_STEP, LEAST_NODES, MAX_NODES = 0.5, 4, 150
SIGMA_ROWS = 7
MARGIN = 0.25
"""Of the domain's half-width: how far the table reaches beyond the effective drives that the domain brings about."""

MU_DIGITS = 9
"""Nodes nearer than 1e-9 V/s are one."""


def sample_gain(target: Target, domain: Domain) -> StaticGain:
    """Gain over the domain and over the effective drives that its transients reach, one row per sigma."""
    _, spec_sigma = target.drive
    fine = TOLERANCE if len(target.groups) == 1 else SIDE_TOLERANCE
    return StaticGain(
        tuple(
            _sample_row(target, domain, sigma, fine if sigma == spec_sigma else SIDE_TOLERANCE)
            for sigma in _sigmas(domain, spec_sigma)
        )
    )


def _sigmas(domain: Domain, spec_sigma: float) -> list[float]:
    """Rows evenly spaced over the domain, one of them at the spec's sigma where the domain has it inside."""
    low, high = domain.sigma_low, domain.sigma_high
    if high <= low:
        return [high]
    step = (high - low) / (SIGMA_ROWS - 1)
    anchor = spec_sigma if low <= spec_sigma <= high else low
    below, above = math.ceil((anchor - low) / step - 1e-9), math.ceil((high - anchor) / step - 1e-9)
    if anchor - below * step <= 0:
        anchor, below, above = low, 0, SIGMA_ROWS - 1
    return [anchor + i * step if i else anchor for i in range(-below, above + 1)]


class _Curve:
    """States of one row as they are asked for."""

    def __init__(self, target: Target, sigma: float) -> None:
        self.target, self.sigma = target, sigma
        self.states: dict[float, Rest] = {}

    def rate(self, mu: float) -> float:
        return self._state(mu).rate

    def effective(self, mu: float) -> float:
        """e = mu - w/C_m [V/s]."""
        return mu - self.adaptation(mu)

    def adaptation(self, mu: float) -> float:
        """w/C_m [V/s]."""
        state = self._state(mu)
        return sum(v.stationary(state.rate, state.V_mean) for v in self.target.adaptation) / self.target.C_m

    def nodes(self) -> FloatArray:
        """mu of the states [V/s], from the last one below the silent rate."""
        mu = np.array(sorted(self.states))
        silent = np.flatnonzero([self.states[m].rate < SILENT_RATE for m in mu])
        return mu[silent[-1] :] if len(silent) else mu

    def row(self) -> GainRow:
        mu = self.nodes()
        rate = np.array([self.states[m].rate for m in mu])
        V_mean = np.array([self.states[m].V_mean for m in mu])
        if len(mu) < LEAST_NODES or np.any(np.diff(rate) <= 0):
            raise NumericsError(
                f"populations.{self.target.name}: the density's f-I curve does not rise over the domain, or stays "
                f"below {SILENT_RATE:g} Hz; a rate unit needs one that does"
            )
        return GainRow(self.sigma, mu, rate, V_mean)

    def _state(self, mu: float) -> Rest:
        mu = round(mu, MU_DIGITS)
        if mu not in self.states:
            self.states[mu] = self.target.rest(mu, self.sigma)
        return self.states[mu]


def _sample_row(target: Target, domain: Domain, sigma: float, tolerance: float) -> GainRow:
    curve = _Curve(target, sigma)
    spec_mu, _ = target.drive
    start = float(np.clip(spec_mu, domain.mu_low, domain.mu_high))
    half = 0.5 * (domain.mu_high - domain.mu_low)
    step = FIRST_STEP * half
    high = _walk(start, step, lambda mu: mu >= domain.mu_high or curve.rate(mu) > HIGHEST_RATE)
    bottom = domain.mu_low - curve.adaptation(high) - MARGIN * half
    low = _walk(start, -step, lambda mu: curve.effective(mu) <= bottom or curve.rate(mu) < SILENT_RATE)
    first_w = target.population.initial.w_mean / target.C_m if target.adaptation else 0.0
    top = domain.mu_high - min(first_w, curve.adaptation(max(low, domain.mu_low))) + MARGIN * half
    with suppress(NumericsError):  # the table then ends inside the reach of the transients, and leaving it is reported
        _walk(high, step, lambda mu: curve.effective(mu) >= top or curve.rate(mu) > HIGHEST_RATE)
    _refine(curve, tolerance)
    return curve.row()


def _walk(mu: float, step: float, done: Callable[[float], bool]) -> float:
    """First of mu, mu + step, mu + 2 step, ... where `done`."""
    for _ in range(MAX_NODES):
        if done(mu):
            return mu
        mu += step
    raise NumericsError(f"the f-I curve does not reach the drives of the domain (searched to mu = {mu:.4g} V/s)")


def _refine(curve: _Curve, tolerance: float) -> None:
    """Bisects every interval of mu until the interpolant's error at the middle is under `tolerance`."""
    settled: set[tuple[float, float]] = set()
    while len(curve.states) < MAX_NODES:
        mu = curve.nodes()
        if len(mu) < 2 or np.any(np.diff([curve.rate(m) for m in mu]) <= 0):
            return
        interpolant = increasing_spline(mu, np.log([curve.rate(m) for m in mu]))
        unsettled = [pair for pair in pairwise(mu) if pair not in settled]
        if not unsettled:
            return
        for left, right in unsettled:
            middle = round(0.5 * (left + right), MU_DIGITS)
            error = abs(float(np.exp(interpolant(middle))) - curve.rate(middle))
            if error < tolerance * max(curve.rate(middle), SILENT_RATE):
                settled |= {(left, middle), (middle, right)}
