"""Units of the literature: their filters, their look-ups, and what they are at rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fitted_cases import adex

from popdyn.fitting import make_target
from popdyn.fitting.ln_table import FREQUENCIES, Sample, exponential, with_w_held
from popdyn.fitting.lndos import oscillator
from popdyn.kernels import ln
from popdyn.rungs.density import Density

DT = 2e-5


def response(tau: float, omega: float, frequency: float, *, second: bool) -> complex:
    """Complex gain of the kernel's filter of mu, rate being linear in e."""
    e = np.linspace(-1.0, 1.0, 3)
    columns = [e, 0.0 * e, np.full(3, tau), np.full(3, omega), np.full(3, 1e-5)]
    t = (np.arange(round(0.5 / DT)) + 0.5) * DT
    rate, wave = np.empty(t.size), np.cos(2 * np.pi * frequency * t)
    table = np.stack(columns, axis=1)[None]
    ln.integrate(np.array([-1.0, 1.0, 0.0, 1.0]), table, np.empty((0, 5)), 0.1 * wave, 0 * t, DT, second,
                 np.empty(0), rate)  # fmt: skip
    late = t > 0.25
    return complex(2 * np.mean(rate[late] / 0.1 * np.exp(-2j * np.pi * frequency * (t[late] + DT / 2))))


@pytest.mark.parametrize("frequency", [8.0, 40.0, 120.0])
def test_filters_are_those_of_their_equations(frequency):
    s, tau, omega = 2j * np.pi * frequency, 8e-3, 2 * np.pi * 35.0
    assert abs(response(tau, 0.0, frequency, second=False) - 1 / (1 + s * tau)) < 5e-3
    exact = (1 / tau + s) * (1 + (tau * omega) ** 2) / tau / (s**2 + 2 * s / tau + 1 / tau**2 + omega**2)
    assert abs(response(tau, omega, frequency, second=True) - exact) < 5e-3 * abs(exact)


def test_filters_are_found_again():
    s = 2j * np.pi * FREQUENCIES
    assert exponential(1 / (1 + s * 7e-3)) == pytest.approx(7e-3, rel=0.01)
    tau, omega = 9e-3, 2 * np.pi * 40.0
    H = (1 / tau + s) * (1 + (tau * omega) ** 2) / tau / (s**2 + 2 * s / tau + 1 / tau**2 + omega**2)
    found = oscillator(Sample(10.0, -0.06, H, None, 0.0))
    assert found == pytest.approx((tau, omega), rel=1e-4)


def test_with_w_held_nothing_adapts():
    target = make_target(Density(adex("aug")), "E")
    held = with_w_held(target)
    assert held.adaptation == ()
    mu, sigma = target.drive
    w = sum(v.stationary(*target.rest(mu, sigma)) for v in target.adaptation) / target.C_m
    plain = replace(target, groups=held.groups)
    assert plain.rest(mu - w, sigma).rate == pytest.approx(target.rest(mu, sigma).rate, rel=0.08)  # mean w: 6 % low
    assert plain.rest(mu - w, sigma).rate < target.rest(mu, sigma).rate
