"""Cohorts: one update against samples, what is conserved, rates against spiking neurons, and finite size."""

import numpy as np
import pytest
from cohort_cases import plain, two_currents, two_thresholds
from spiking_gif import spikes

from popdyn.kernels.cohort_state import MASS, MEAN, OLD
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import march, noise_of, start
from popdyn.theory.escape_renewal import renewal, renewal_spectrum

FINEST = AgeGrid(5e-4, 200, 1)  # a cohort for every step


def matrix(state, size, slot):
    rows = state.slots[MEAN + size :, slot]
    return np.array([[rows[max(i, j) * (max(i, j) + 1) // 2 + min(i, j)] for j in range(size)] for i in range(size)])


def moments(cohorts):
    """Mass, mean and second moment about 0 of all slow variables, dead time included."""
    state, size = cohorts.state, cohorts.model.modes.shape[1]
    mass, first = 0.0, np.zeros(size - 1)
    second = np.zeros((size - 1, size - 1))
    for c in range(state.slots.shape[1]):
        n, m = state.slots[MASS, c], state.slots[MEAN + 1 : MEAN + size, c]
        mass, first = mass + n, first + n * m
        second += n * (matrix(state, size, c)[1:, 1:] + np.outer(m, m))
    place = [[size + max(i, j) * (max(i, j) + 1) // 2 + min(i, j) for j in range(size - 1)] for i in range(size - 1)]
    for row in state.pool:
        mass, first = mass + row[0], first + row[0] * row[1:size]
        second += row[0] * (row[place] + np.outer(row[1:size], row[1:size]))
    return mass, first, second


@pytest.mark.parametrize(("raised", "P"), [(0.0, 0.031), (16e-3, 0.70)])
def test_one_update_is_that_of_samples(raised, P):
    """A cohort of normal (V, threshold, drive): moments of those that fire and of the others, from 10^6 samples.

    Bounds of 5 standard errors of the samples.
    """
    problem = plain(20e-3, frozen={"V_T_star": 3e-3, "mu": 0.2}, correlation={("V_T_star", "mu"): 0.3})
    dt = 1e-3
    cohorts = start(problem, dt=dt, V_mean=15e-3 + raised, V_std=3e-3)
    size, rng = 3, np.random.default_rng(1)
    shape = np.linalg.cholesky(matrix(cohorts.state, size, OLD))
    z = cohorts.state.slots[MEAN : MEAN + size, OLD] + rng.standard_normal((1_000_000, size)) @ shape.T
    decay = np.exp(-dt / problem.tau_m)
    V = decay * z[:, 0] + problem.tau_m * (1.0 - decay) * problem.mu + problem.tau_m * z[:, 2]
    hazard = problem.lambda_0 * np.exp((V - problem.V_T_star - z[:, 1]) / problem.Delta_V)
    fired = rng.random(V.size) < -np.expm1(-hazard * dt)
    share = march(cohorts, np.array([problem.mu]), noise_of(problem)[None])[0][0] * dt
    assert abs(fired.mean() - share) < 5.0 * np.sqrt(share / V.size)
    assert share == pytest.approx(P, rel=0.05)
    z[:, 0] *= decay
    state, scale = cohorts.state, np.array([decay, 1.0, 1.0])
    stayed = z[~fired]
    mean, cov = scale * state.slots[MEAN : MEAN + size, OLD], np.outer(scale, scale) * matrix(state, size, OLD)
    spread = np.sqrt(np.diag(cov))
    assert np.all(np.abs(stayed.mean(axis=0) - mean) < 5.0 * spread / np.sqrt(len(stayed)))
    error = np.sqrt((np.outer(np.diag(cov), np.diag(cov)) + cov**2) / len(stayed))
    assert np.all(np.abs(np.cov(stayed.T) - cov) < 5.0 * error)
    x = z[fired][:, 1:]
    row = state.pool[(state.place[0] - 1) % state.pool.shape[0]]
    assert np.all(np.abs(x.mean(axis=0) - row[1:3]) < 5.0 * x.std(axis=0) / np.sqrt(len(x)))
    found = np.array([[row[3], row[4]], [row[4], row[5]]])
    assert np.all(np.abs(np.cov(x.T) - found) < 5.0 * np.sqrt(2.0 / len(x)) * np.outer(x.std(axis=0), x.std(axis=0)))


@pytest.mark.parametrize("mu", [20e-3, 60e-3])
def test_mass_and_frozen_moments_stay_and_covariances_are_positive(mu):
    """Also where, at 60 mV, more than 0.6 of all neurons fire in the first step."""
    frozen = {"V_T_star": 2.5e-3, "mu": 0.2, "adaptation": 0.4}
    problem = two_thresholds(mu, frozen=frozen, correlation={("V_T_star", "mu"): 0.5}, sigma=0.02)
    cohorts = start(problem, dt=1e-3, V_mean=0.5 * mu)
    _, first, second = moments(cohorts)
    rate, _ = march(cohorts, np.full(1500, problem.mu), np.tile(noise_of(problem), (1500, 1)))
    mass, first_now, second_now = moments(cohorts)
    assert mass == pytest.approx(1.0, abs=1e-12)
    assert first_now[2:] == pytest.approx(first[2:], abs=1e-11)
    assert second_now[2:, 2:] == pytest.approx(second[2:, 2:], rel=1e-11, abs=1e-14)
    state = cohorts.state
    for c in np.flatnonzero(state.slots[MASS] > 1e-9):
        cov = matrix(state, 6, c)
        width = np.sqrt(np.diag(cov))
        assert np.linalg.eigvalsh(cov / np.outer(width, width)).min() > -1e-9
    assert mu < 50e-3 or rate[0] * 1e-3 > 0.6


def settled(problem, dt, grid, closure="gaussian"):
    cohorts, steps = start(problem, dt=dt, grid=grid, closure=closure), round(4.0 / dt)
    rate, _ = march(cohorts, np.full(steps, problem.mu), np.tile(noise_of(problem), (steps, 1)))
    return rate[-round(0.5 / dt) :].mean()


@pytest.mark.parametrize(("mu", "published"), [(16e-3, 5.931), (23e-3, 14.108)])
def test_rates_of_two_moving_thresholds(mu, published):
    """Against a spiking simulation of 10^6 spikes (standard error 0.1 %): 0.1 %, at three steps."""
    for dt in (1e-4, 5e-4, 1e-3):
        assert settled(two_thresholds(mu), dt, AgeGrid()) == pytest.approx(published, rel=1e-3)


@pytest.mark.parametrize("case", [two_thresholds, two_currents, plain])
def test_wide_cohorts_of_old_neurons_cost_nothing(case):
    """An age grid that widens against a cohort for every step: 1e-5 of the rate, beyond 60 ms of history, too."""
    fine = settled(case(20e-3), 5e-4, FINEST)
    assert settled(case(20e-3), 5e-4, AgeGrid()) == pytest.approx(fine, rel=1e-5)
    assert settled(case(20e-3), 5e-4, AgeGrid(1e-3, 6, 5)) == pytest.approx(fine, rel=1e-5)


@pytest.mark.parametrize("case", [two_thresholds, two_currents])
@pytest.mark.parametrize("sigma", [0.0, 0.02])
def test_steps_of_the_drive_against_spiking_neurons(case, sigma):
    """5 ms bins of 4,000 neurons over two steps: chi^2 over its degrees of freedom within 5 standard deviations.

    Spikes of a bin are no more variable than Poisson's; a false alarm in 10^6 or less.
    """
    dt, size, steps = 5e-4, 4000, 1600
    problem = case(18e-3, sigma=sigma)
    mu = np.repeat([18e-3, 24e-3], [steps // 2, steps // 2]) / problem.tau_m
    counts = spikes(problem, mu, size, dt, 3).reshape(-1, 10).sum(axis=1)
    cohorts = start(problem, dt=dt, V_mean=0.0)
    rate, _ = march(cohorts, mu, np.tile(noise_of(problem), (steps, 1)))
    expected = size * dt * rate.reshape(-1, 10).sum(axis=1)
    seen = expected > 5.0
    chi2 = np.mean((counts - expected)[seen] ** 2 / expected[seen])
    assert chi2 < 1.0 + 5.0 * np.sqrt(2.0 / seen.sum())
    assert abs(counts.sum() / expected.sum() - 1.0) < 5.0 / np.sqrt(counts.sum())


def finite(problem, seconds, neurons, seed=1, dt=5e-4):
    steps = round(seconds / dt)
    cohorts, words = start(problem, dt=dt), np.random.SeedSequence(seed).generate_state(4, np.uint64)
    many = np.tile(noise_of(problem), (steps, 1))
    rate, seen = march(cohorts, np.full(steps, problem.mu), many, neurons=neurons, words=words, every=steps)
    return rate, moments(cohorts), seen


def test_finite_size_is_reproducible_and_counts_whole_spikes():
    problem = two_thresholds(20e-3)
    rate, (mass, _, _), _ = finite(problem, 2.0, 300.0)
    counts = rate * 300.0 * 5e-4
    assert np.allclose(counts, np.round(counts), atol=1e-9)
    assert mass == pytest.approx(1.0, abs=1e-12)
    assert np.array_equal(rate, finite(problem, 2.0, 300.0)[0])
    assert not np.array_equal(rate, finite(problem, 2.0, 300.0, seed=2)[0])


def test_many_neurons_are_the_deterministic_code():
    """10^12 neurons: the rate is that of N -> infinity within its noise."""
    problem = two_thresholds(20e-3)
    rate, _, _ = finite(problem, 1.0, 1e12)
    cohorts = start(problem, dt=5e-4)
    smooth, _ = march(cohorts, np.full(2000, problem.mu), np.tile(noise_of(problem), (2000, 1)))
    assert np.max(np.abs(rate - smooth)) < 6.0 * np.sqrt(smooth.max() / 1e12 / 5e-4) + 1e-9


def test_finite_size_keeps_frozen_moments():
    problem = plain(20e-3, frozen={"V_T_star": 2.5e-3})
    _, (mass, first, second), _ = finite(problem, 20.0, 200.0)
    assert mass == pytest.approx(1.0, abs=1e-11)
    assert abs(first[0]) < 1e-11
    assert second[0, 0] == pytest.approx(2.5e-3**2, rel=0.02)


def test_spectrum_of_a_finite_population_is_that_of_renewal_theory():
    """N = 500, 400 s: bands within 4 standard errors, 1/sqrt(T df) of them 1 to 2 %."""
    problem, dt, N, segment = plain(20e-3), 5e-4, 500.0, 2048
    rate = finite(problem, 400.0, N)[0][2000:]
    whole = rate[: rate.size // segment * segment].reshape(-1, segment)
    window = np.hanning(segment)
    power = np.abs(np.fft.rfft((whole - rate.mean()) * window, axis=1)) ** 2
    power = power.mean(axis=0) * dt / np.sum(window**2)
    f = np.fft.rfftfreq(segment, dt)
    for low, high in ((3.0, 12.0), (12.0, 30.0), (30.0, 80.0), (80.0, 300.0)):
        band = (f >= low) & (f < high)
        theory = renewal_spectrum(renewal(problem), f[band]).mean() / N
        error = 1.0 / np.sqrt((high - low) * 400.0)
        assert power[band].mean() == pytest.approx(theory, rel=4.0 * error)
