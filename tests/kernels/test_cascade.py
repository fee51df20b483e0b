"""The cascade kernel by itself: order of the scheme, rest, and what it says of bad input."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.kernels import cascade as kernel
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.theory.discretisation import Domain

SIGMA = 0.06
C_M = 2e-10
VARIABLES = (AdaptationVariable(4e-9, 40e-12, 0.2, -0.08), AdaptationVariable(0.0, 20e-12, 0.03, -0.08))


def row(sigma: float) -> GainRow:
    """From a gain over effective drive, so that it has an inverse."""
    e = np.linspace(-2.0, 3.0, 40)
    rate = 60.0 / (1.0 + np.exp(-(e - 1.0 + 5 * (SIGMA - sigma)) / 0.4))
    V_mean = -0.065 + 0.01 * np.tanh(e)
    return GainRow(sigma, e + sum(v.stationary(rate, V_mean) for v in VARIABLES) / C_M, rate, V_mean)


MODES = {"harmonic_re": 0.2, "harmonic_im": -0.1, "adaptation_saturation_1": 0.2, "adaptation_saturation_2": -0.1}


def unit(*sigmas: float) -> CascadePopulation:
    return CascadePopulation(
        "E", C_M, VARIABLES, StaticGain(tuple(row(s) for s in sigmas)), {**starting_values(2), **MODES}, 15.0, SIGMA,
        Domain(0.0, 2.0, SIGMA, SIGMA),
    )  # fmt: skip


def run(model: CascadePopulation, dt: float, duration: float = 0.3) -> np.ndarray:
    t = (np.arange(round(duration / dt)) + 0.5) * dt
    mu = 1.0 + 0.6 * np.sin(30 * t) ** 2
    sigma = SIGMA * (1.1 + 0.1 * np.sin(20 * t) ** 2) if len(model.gain.rows) > 1 else np.full(t.size, SIGMA)
    return model.integrate(mu, sigma, np.array([1e-10, 2e-11]), dt=dt, steps_per_bin=round(1e-3 / dt)).rate


@pytest.mark.parametrize("sigmas", [(SIGMA,), (SIGMA, 1.2 * SIGMA)])
def test_second_order_in_the_step(sigmas):
    model = unit(*sigmas)
    exact = run(model, 1.5625e-5)
    errors = [np.max(np.abs(run(model, dt) - exact)[20:]) for dt in (5e-4, 2.5e-4, 1.25e-4)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.25), orders


def test_rest_is_rest():
    model = unit(SIGMA)
    _, at = model.stationary(1.2, SIGMA)
    w = np.array([v.stationary(at.rate, at.V_mean) for v in model.adaptation])
    trace = model.integrate(np.full(20000, 1.2), np.full(20000, SIGMA), w, dt=1e-4, steps_per_bin=10)
    settled = trace.rate[-100:]
    assert np.ptp(settled) < 1e-9 * at.rate
    assert settled[-1] == pytest.approx(at.rate, rel=2e-5)  # the kernel's table is linear between 2048 points
    assert trace.w_mean[-1] == pytest.approx(w.sum(), rel=1e-4)


def test_leaving_the_table_is_counted():
    model, calm = unit(SIGMA), np.full(2000, 1.0)
    violent = calm.copy()
    violent[500:1500] = 40.0
    start = np.zeros(2)
    assert model.integrate(calm, np.full(2000, SIGMA), start, dt=1e-4, steps_per_bin=10).outside == 0
    trace = model.integrate(violent, np.full(2000, SIGMA), start, dt=1e-4, steps_per_bin=10)
    assert 800 < trace.outside <= 1001
    assert np.all(trace.rate > 0)


def test_not_a_number_is_a_status():
    model = unit(SIGMA)
    mu = np.full(100, 1.0)
    mu[50] = np.nan
    out = np.empty((2, 10))
    made, state = model.table(1e-4), np.zeros(kernel.W + 2)
    status = kernel.integrate(*made, mu, np.full(100, SIGMA), 10, state, *out, np.empty((10, 2)))
    assert status == kernel.NOT_FINITE


def test_steps_by_hand_are_the_integral():
    model, dt = unit(SIGMA, 1.2 * SIGMA), 2e-4
    t = (np.arange(200) + 0.5) * dt
    mu, sigma, w = 1.0 + 0.6 * np.sin(40 * t), SIGMA * (1.1 + 0.05 * np.cos(30 * t)), np.array([1e-10, 2e-11])
    made = model.table(dt)
    state = np.empty(kernel.W + 2)
    kernel.start(*made, mu[0], sigma[0], w, state)
    by_hand = [kernel.step(*made, state, m, s) for m, s in zip(mu, sigma, strict=True)]
    np.testing.assert_array_equal(by_hand, model.integrate(mu, sigma, w, dt=dt, steps_per_bin=1).rate)


def test_readout_is_smooth_and_never_negative():
    x = np.linspace(-3.0, 2.0, 2001)
    y = np.array([kernel.readout(value) for value in x])
    assert y.min() == 0.0
    slope = np.diff(y) / np.diff(x)
    assert np.abs(np.diff(slope)).max() < 2e-3
    assert slope.max() == pytest.approx(1.0)
