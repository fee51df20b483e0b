"""The cascade kernel by itself: order of the scheme, rest, and what it says of bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numba import njit

from popdyn.kernels import cascade_slots as kernel
from popdyn.kernels import few_units as few
from popdyn.kernels.cascade import NOT_FINITE, march
from popdyn.kernels.lanes import aligned, two
from popdyn.kernels.unit_law import readout, spread_after, spread_at
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.theory.discretisation import Domain

SIGMA = 0.06
C_M = 2e-10
VARIABLES = (AdaptationVariable(4e-9, 40e-12, 0.2, -0.08), AdaptationVariable(0.0, 20e-12, 0.03, -0.08))


def row(sigma: float, variables: tuple[AdaptationVariable, ...] = VARIABLES) -> GainRow:
    """From a gain over effective drive, so that it has an inverse."""
    e = np.linspace(-2.0, 3.0, 40)
    rate = 60.0 / (1.0 + np.exp(-(e - 1.0 + 5 * (SIGMA - sigma)) / 0.4))
    V_mean = -0.065 + 0.01 * np.tanh(e)
    return GainRow(sigma, e + sum(v.stationary(rate, V_mean) for v in variables) / C_M, rate, V_mean)


MODES = {"harmonic_re": 0.2, "harmonic_im": -0.1, "adaptation_saturation_1": 0.2, "adaptation_saturation_2": -0.1}
MODES_ALONE = {**starting_values(0), "harmonic_re": 0.2, "harmonic_im": -0.1}


def unit(*sigmas: float) -> CascadePopulation:
    return CascadePopulation(
        "E", C_M, VARIABLES, StaticGain(tuple(row(s) for s in sigmas)), {**starting_values(2), **MODES}, 15.0, SIGMA,
        Domain(0.0, 2.0, SIGMA, SIGMA),
    )  # fmt: skip


def spreading(*sigmas: float) -> CascadePopulation:
    """One that follows the spread of w."""
    rows = tuple(row(s, VARIABLES[:1]) for s in sigmas)
    values = {**starting_values(1, spread=True), "harmonic_re": 0.2, "harmonic_im": -0.1}
    return replace(unit(*sigmas), adaptation=VARIABLES[:1], gain=StaticGain(rows), parameters=values)


def run(model: CascadePopulation, dt: float, duration: float = 0.3) -> np.ndarray:
    t = (np.arange(round(duration / dt)) + 0.5) * dt
    mu = 1.0 + 0.6 * np.sin(30 * t) ** 2
    sigma = SIGMA * (1.1 + 0.1 * np.sin(20 * t) ** 2) if len(model.gain.rows) > 1 else np.full(t.size, SIGMA)
    return model.integrate(
        mu, sigma, np.array([1e-10, 2e-11])[: len(model.adaptation)], dt=dt, steps_per_bin=round(1e-3 / dt)
    ).rate


@pytest.mark.parametrize("model", [unit(SIGMA), unit(SIGMA, 1.2 * SIGMA), spreading(SIGMA, 1.2 * SIGMA)])
def test_second_order_in_the_step(model):
    exact = run(model, 1.5625e-5)
    errors = [np.max(np.abs(run(model, dt) - exact)[20:]) for dt in (5e-4, 2.5e-4, 1.25e-4)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.25), orders


@pytest.mark.parametrize("model", [unit(SIGMA), spreading(SIGMA, 1.2 * SIGMA)])
def test_rest_is_rest(model):
    _, at = model.stationary(1.2, SIGMA)
    w = np.array([v.stationary(at.rate, at.V_mean) for v in model.adaptation])
    trace = model.integrate(np.full(20000, 1.2), np.full(20000, SIGMA), w, dt=1e-4, steps_per_bin=10)
    settled = trace.rate[-100:]
    assert np.ptp(settled) < 1e-9 * at.rate
    assert settled[-1] == pytest.approx(at.rate, rel=2e-5)  # the kernel's table is linear between 2048 points
    assert trace.w_mean[-1] == pytest.approx(w.sum(), rel=1e-4)


def test_a_burst_leaves_a_spread_of_w_that_silence_forgets():
    """More neurons than at rest with the same mean w fire from the tail of little w."""
    tau, loss, dt, counts = 0.2, 4.0, 1e-4, []
    part = -np.expm1(-2.0 * dt / tau)
    kept, gain = 1.0 - part, 0.5 * tau * part
    spread = 0.0
    for rate in (*[100.0] * 3000, *[0.0] * 1000):
        spread = spread_after(spread, kept, gain, gain * loss, rate)
        counts.append(spread)
    assert counts[2999] == pytest.approx(spread_at(kept, gain, gain * loss, 100.0), rel=1e-9)
    assert counts[2999] == pytest.approx(100.0 / (2.0 / tau + loss * 100.0), rel=1e-9)
    assert counts[3999] == pytest.approx(counts[2999] * np.exp(-2.0 * 0.1 / tau), rel=1e-9)


def test_a_spread_of_w_counts_as_noise():
    """Noise lowers the gain of this unit: after a burst it fires less; in the end the spread is that of its rate."""
    model = spreading(SIGMA, 1.2 * SIGMA)
    still = replace(model, parameters={**model.parameters, "spread_time": 1e-5})
    t = (np.arange(6000) + 0.5) * 1e-4
    mu, sigma = np.where(t < 0.1, 3.0, 0.8), np.full(t.size, 1.1 * SIGMA)
    found, without = (m.integrate(mu, sigma, np.zeros(1), dt=1e-4, steps_per_bin=10).rate for m in (model, still))
    assert found[130] < 0.995 * without[130]
    assert found[-1] == pytest.approx(without[-1], rel=2e-3)


def test_leaving_the_table_is_counted():
    model, calm = unit(SIGMA), np.full(2000, 1.0)
    violent = calm.copy()
    violent[500:1500] = 40.0
    start = np.zeros(2)
    assert model.integrate(calm, np.full(2000, SIGMA), start, dt=1e-4, steps_per_bin=10).outside == 0
    trace = model.integrate(violent, np.full(2000, SIGMA), start, dt=1e-4, steps_per_bin=10)
    assert 800 < trace.outside <= 1001
    assert np.all(trace.rate > 0)


def in_one_lane(made: kernel.Unit, mu: float, sigma: float, w: np.ndarray) -> np.ndarray:
    column = np.empty(kernel.slots(len(w)))
    kernel.start(*made, mu, sigma, w, 0, column)
    return kernel.in_lanes(column[None])[0]


def test_not_a_number_is_a_status():
    model = unit(SIGMA)
    mu = np.full(100, 1.0)
    mu[50] = np.nan
    made, out = model.table(1e-4), np.empty((2, 10))
    lane = in_one_lane(made, 1.0, SIGMA, np.zeros(2))
    flat, row, work = made.table.reshape(-1), made.table[0].size, np.empty(10 * few.CHUNK)
    seen = np.empty(few.CHUNK * kernel.seen_numbers(2))
    status = few.integrate(flat, row, lane, mu, np.full(100, SIGMA), 10, work, seen, *out, np.empty((10, 2)))
    assert status == NOT_FINITE


def test_eight_units_of_four_kinds_are_each_as_alone():
    kinds = [unit(SIGMA, 1.2 * SIGMA), unit(SIGMA), replace(unit(SIGMA), adaptation=(), parameters=MODES_ALONE)]
    kinds.append(spreading(SIGMA, 1.2 * SIGMA))
    made, dt = [m.table(2e-4) for m in kinds], 2e-4
    t = (np.arange(200) + 0.5) * dt
    rng = np.random.default_rng(0)
    which, phases = np.arange(8) % 4, rng.uniform(0.0, 3.0, 8)
    mu = 1.0 + 0.6 * np.sin(40 * t[:, None] + phases)
    sigma = SIGMA * (1.1 + 0.05 * np.cos(30 * t[:, None] + phases))
    rows = np.cumsum([0, *(len(m.table) for m in made)])
    columns = np.zeros((8, kernel.slots(2)))
    for q, k in enumerate(which):
        w = np.array([1e-10, 2e-11])[: len(made[k].adaptation)]
        kernel.start(*made[k], mu[0, q], sigma[0, q], w, rows[k], columns[q])
    table = aligned(np.concatenate([m.table for m in made]))
    (lanes,), rate = kernel.in_lanes(columns), np.empty(mu.size)
    march(
        table.reshape(-1), table[0].size, lanes, 2, mu.ravel(), sigma.ravel(), 200, -1, 1, np.empty(0), 0, rate
    )  # fmt: skip
    for q, k in enumerate(which):
        w = np.array([1e-10, 2e-11])[: len(made[k].adaptation)]
        alone = kinds[k].integrate(mu[:, q].copy(), sigma[:, q].copy(), w, dt=dt, steps_per_bin=1).rate
        np.testing.assert_allclose(rate.reshape(200, 8)[:, q], alone, rtol=1e-12)


@njit
def in_two_lanes(table, row, x, variables, mu, sigma, steps, seen, rate):
    few.march_few(two(0.0), table, row, x, variables, mu, sigma, steps, 0, 1, seen, 0, rate)


def test_two_units_are_each_as_alone_where_no_guess_is_right():
    """Drives that jump in every step, at times out of the table, of units with three adaptation variables."""
    third = AdaptationVariable(0.0, 5e-12, 0.05, -0.08)
    made = replace(unit(SIGMA, 1.2 * SIGMA), adaptation=(*VARIABLES, third), parameters={**starting_values(3), **MODES})
    table, dt, rng, steps = made.table(2e-4), 2e-4, np.random.default_rng(1), 400
    mu = rng.choice([0.3, 1.1, 1.9, 300.0], size=(steps, 2), p=[0.33, 0.33, 0.33, 0.01])
    sigma = SIGMA * rng.uniform(0.9, 1.3, size=(steps, 2))
    w, columns = np.array([1e-10, 2e-11, 1e-11]), np.zeros((2, kernel.slots(3)))
    for lane in range(2):
        kernel.start(*table, mu[0, lane], sigma[0, lane], w, 0, columns[lane])
    (lanes,), rate, seen = kernel.in_lanes(columns), np.empty((steps, 2)), np.empty((steps, kernel.seen_numbers(3)))
    in_two_lanes(
        table.table.reshape(-1), table.table[0].size, lanes, 3, mu.ravel(), sigma.ravel(), steps, seen.ravel(),
        rate.ravel(),
    )  # fmt: skip
    left = lanes.reshape(-1, 8)[kernel.OUTSIDE]
    for lane in range(2):
        alone = made.integrate(mu[:, lane].copy(), sigma[:, lane].copy(), w, dt=dt, steps_per_bin=1)
        np.testing.assert_allclose(rate[:, lane], alone.rate, rtol=1e-12)
        np.testing.assert_allclose(seen[:, lane], alone.V_mean, rtol=1e-12)
        assert left[lane] == alone.outside > 0


def test_readout_is_smooth_and_never_negative():
    x = np.linspace(-3.0, 2.0, 2001)
    y = np.array([readout(2.0 * value) for value in x])
    assert y.min() == 0.0
    slope = np.diff(y) / np.diff(x)
    assert np.abs(np.diff(slope)).max() < 2e-3
    assert slope.max() == pytest.approx(1.0)
