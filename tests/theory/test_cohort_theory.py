"""Stationary state, response and spectrum of cohorts against renewal theory and spiking neurons; frozen variables."""

from dataclasses import replace

import numpy as np
import pytest
from cohort_cases import plain, two_currents, two_thresholds
from spiking_gif import spikes

from popdyn.theory.cohort_grid import AgeGrid, age_grid
from popdyn.theory.cohort_march import march, start, stationary
from popdyn.theory.cohort_response import linear_response, regular_share, spike_spectrum
from popdyn.theory.escape_renewal import interval_transform, renewal, renewal_response, renewal_spectrum
from popdyn.theory.predicted_error import predicted_error
from popdyn.theory.quasi_renewal import quasi_renewal_rates

FREQUENCIES = np.array([1.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 400.0])


@pytest.mark.parametrize("mu", [14e-3, 16e-3, 23e-3, 30e-3])
def test_without_adaptation_it_is_renewal_theory(mu):
    """Rate to 1e-4 at dt 0.5 ms, 1e-5 at 0.1 ms; spectrum to 1e-4 of it, response to mu to 5e-4 of that at 1 Hz."""
    problem = plain(mu)
    exact = renewal(problem)
    assert stationary(problem).rate == pytest.approx(exact.rate, rel=1e-4)
    assert stationary(problem, dt=1e-4).rate == pytest.approx(exact.rate, rel=1e-5)
    spectrum = renewal_spectrum(exact, FREQUENCIES)
    assert spike_spectrum(problem, FREQUENCIES) == pytest.approx(spectrum, abs=1e-4 * exact.rate)
    found, theory = linear_response(problem, FREQUENCIES), renewal_response(exact, FREQUENCIES)
    assert np.max(np.abs(found - theory)) < 5e-4 * abs(theory[0])


@pytest.mark.parametrize("tau_m", [0.01, 0.015, 0.02])
def test_the_default_ages_are_as_good_as_many(tau_m):
    """Steps into volleys, against cohorts of 0.5 ms and 0.2 s of history: 1e-4 nrmse at any tau_m, 24 or 32 slots."""
    problem = replace(plain(18e-3), tau_m=tau_m)
    grid = age_grid(problem)
    assert grid.slots == (24 if tau_m == 0.01 else 32)
    t = 5e-4 * np.arange(2000)
    mu = np.where((t % 0.4) < 0.2, 1.0, 1.6) * 18e-3 / tau_m
    D = np.zeros((t.size, 1))
    default, many = (march(start(problem, grid=g), mu, D)[0][400:] for g in (grid, AgeGrid(5e-4, 16, 5)))
    assert np.sqrt(np.mean((default - many) ** 2)) < 1e-4 * np.std(many)


def test_a_finer_grid_of_ages_remembers_as_long():
    for grid in (AgeGrid(), AgeGrid(levels=3), AgeGrid(ring=11, levels=2), AgeGrid(ring=31, levels=1)):
        assert grid.finer.ring == 2 * grid.ring
        assert grid.finer.history > 0.9 * grid.history


def test_renewal_theory_itself():
    """rho(0) = 1, the response at zero frequency is the slope of the rate, S -> r at high frequency."""
    problem = plain(20e-3)
    at, step = renewal(problem), 1e-3
    assert abs(interval_transform(at, 0.0)[0] - 1.0) < 1e-6
    slope = (renewal(replace(problem, mu=problem.mu + step)).rate - renewal(problem).rate) / step
    assert renewal_response(at, 0.01)[0].real == pytest.approx(slope, rel=1e-3)
    assert renewal_spectrum(at, 3000.0)[0] == pytest.approx(at.rate, rel=1e-2)
    with pytest.raises(ValueError, match="no adaptation"):
        renewal(two_thresholds(20e-3))


@pytest.mark.parametrize("case", [two_thresholds, two_currents])
def test_response_at_zero_frequency_is_the_slope_of_the_rate(case):
    problem, step = case(20e-3, sigma=0.02), 5e-3
    up, down = (stationary(replace(problem, mu=problem.mu + sign * step), dt=1e-4).rate for sign in (1.0, -1.0))
    assert linear_response(problem, [0.0])[0].real == pytest.approx((up - down) / (2.0 * step), rel=1e-3)
    step = 0.02 * problem.D
    sigmas = [np.sqrt(2.0 * (problem.D + sign * step)) for sign in (1.0, -1.0)]
    up, down = (stationary(replace(problem, sigma=float(s)), dt=1e-4).rate for s in sigmas)
    assert linear_response(problem, [0.0], "D")[0].real == pytest.approx((up - down) / (2.0 * step), rel=2e-3)


def test_spectrum_of_adapting_neurons():
    """Against the pooled spikes of 500 independent neurons, 60 s: bands within 5 standard errors (1 to 7 %)."""
    problem, dt, N, segment = two_thresholds(20e-3), 5e-4, 500, 4096
    counts = spikes(problem, np.full(round(64.0 / dt), problem.mu), N, dt, 1)[round(4.0 / dt) :] / dt
    whole = counts[: counts.size // segment * segment].reshape(-1, segment)
    power = np.abs(np.fft.rfft((whole - counts.mean()) * np.hanning(segment), axis=1)) ** 2
    power = power.mean(axis=0) * dt / np.sum(np.hanning(segment) ** 2) / N
    f = np.fft.rfftfreq(segment, dt)
    for low, high in ((1.5, 5.0), (5.0, 15.0), (15.0, 50.0), (50.0, 200.0)):
        band = (f >= low) & (f < high)
        theory = spike_spectrum(problem, f[band][:: max(1, band.sum() // 12)], dt=dt).mean()
        assert power[band].mean() == pytest.approx(theory, rel=5.0 / np.sqrt((high - low) * 60.0))


def test_a_frozen_threshold_is_an_average_over_thresholds():
    """One cohort set against 9 nodes of the Gaussian: 0.2 % of the rate at a spread of Delta_V."""
    z, weight = np.polynomial.hermite_e.hermegauss(9)
    for case in (plain, two_thresholds):
        problem = case(18e-3)
        nodes = [stationary(replace(problem, V_T_star=problem.V_T_star + 3e-3 * x)).rate for x in z]
        mean = np.sum(weight * np.array(nodes)) / np.sum(weight)
        assert stationary(case(18e-3, frozen={"V_T_star": 3e-3})).rate == pytest.approx(mean, rel=4e-3)


def test_a_frozen_drive_shifts_V_and_a_frozen_threshold_the_exponent():
    """Far from reset the two are the same but for their sign; with full correlation they cancel."""
    one = {"V_T_star": 2e-3, "mu": 2e-3 / 15e-3}
    both = stationary(plain(18e-3, frozen=one, correlation={("V_T_star", "mu"): 0.999999}))
    none, alone = stationary(plain(18e-3)), stationary(plain(18e-3, frozen={"V_T_star": 2e-3}))
    assert abs(both.rate / none.rate - 1.0) < 0.3 * abs(alone.rate / none.rate - 1.0)


def test_four_kinds_of_heterogeneity_at_once():
    """Thresholds, drive, reset and adaptation of 20,000 drawn neurons, 8 s: 1.5 % (their draw alone costs 0.5 %)."""
    frozen = {"V_T_star": 2.5e-3, "mu": 0.1, "adaptation": 0.4}
    problem, dt, size = two_thresholds(20e-3, frozen=frozen), 5e-4, 4000
    rng = np.random.default_rng(2)
    z = rng.standard_normal((size // 2, 3))
    z = np.concatenate([z, -z]) / np.sqrt(np.mean(z**2, axis=0))
    values = np.zeros((size, 4))
    values[:, 0], values[:, 1], values[:, 3] = 2.5e-3 * z[:, 0], 0.1 * z[:, 1], 0.4 * z[:, 2]
    counts = spikes(problem, np.full(round(8.0 / dt), problem.mu), size, dt, 1, values)[round(3.0 / dt) :]
    assert stationary(problem).rate == pytest.approx(counts.sum() / size / 5.0, rel=1.5e-2)


def test_trains_of_regular_neurons_bring_less_noise():
    """The share tends to one for rare spikes, and is CV^2-like for a slow membrane."""
    assert regular_share(plain(0.0), 20e-3, 5e-3) == pytest.approx(1.0, abs=0.01)
    regular = plain(25e-3)
    squared = renewal_spectrum(renewal(regular), 0.5)[0] / renewal(regular).rate
    assert regular_share(regular, 5.0, 0.0) == pytest.approx(squared, abs=0.02)


def test_quasi_renewal_theory_is_exact_without_adaptation_and_low_with_it():
    problem = plain(20e-3)
    assert quasi_renewal_rates(problem, np.full(2000, problem.mu), 5e-4)[-1] == pytest.approx(
        renewal(problem).rate, rel=1e-4
    )
    problem = two_thresholds(16e-3)
    rate = quasi_renewal_rates(problem, np.full(8000, problem.mu), 1e-3)[-1]
    assert rate / stationary(problem).rate - 1.0 == pytest.approx(-0.013, abs=0.005)


def test_predicted_error():
    """The steps of dt and of the age grid are within the error predicted for them; all parts are small."""
    problem = two_thresholds(20e-3, sigma=0.04)
    found = predicted_error(problem)
    assert set(found) == {"closure", "history", "ages", "step"}
    finer = stationary(problem, dt=5e-5).rate
    assert abs(stationary(problem).rate / finer - 1.0) < found["step"]
    assert found["history"] < 1e-4
    assert found["ages"] < 1e-4
    assert found["closure"] < 5e-3
