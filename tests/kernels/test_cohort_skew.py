"""Third cumulants of cohorts: one update against samples, what is conserved, and what a skewed spread does."""

from dataclasses import replace

import numpy as np
import pytest
from cohort_cases import plain, two_thresholds
from test_cohorts import matrix, moments

from popdyn.kernels.cohort_state import CLOSURE, MASS, MEAN, OLD, SKEWED, WORK, packed
from popdyn.theory.cohort_march import march, noise_of, start, stationary
from popdyn.theory.gif_problem import GifProblem

SHAPE = 2.0  # of a gamma distribution: skewness 2/sqrt(SHAPE)


def kappa(cohorts):
    """Place of the third cumulants."""
    size = cohorts.model.modes.shape[1]
    return MEAN + size + packed(size, 0) + WORK + size


def third(cohorts, f):
    """Third cumulant of a frozen variable over all neurons."""
    state, size = cohorts.state, cohorts.model.modes.shape[1]
    m, v = state.slots[MEAN + f], state.slots[MEAN + size + packed(f, f)]
    total = np.sum(state.slots[MASS] * (state.slots[kappa(cohorts) + f] + 3.0 * m * v + m**3))
    m, v, own = state.pool[:, f], state.pool[:, size + packed(f - 1, f - 1)], state.pool[:, f - size]
    return total + np.sum(state.pool[:, 0] * (own + 3.0 * m * v + m**3))


@pytest.mark.parametrize(("sign", "near"), [(-1.0, 0.15), (1.0, 0.02)])
def test_one_update_is_that_of_samples(sign, near):
    """A cohort of normal V and a gamma threshold of either sign: share, moments of those that fire and of the others.

    From 2*10^6 samples. The third cumulant takes away three quarters of the share's error, beyond 5 standard errors:
    what is left is of the fourth, and of hazards that saturate within the step. Mean and variance of
    those that stay are within 5 standard errors and 2 %, of those that fire within 0.1 s.d. and 30 %; the third
    cumulant within 2 %, within 15 % where the long tail is of low thresholds.
    """
    width = 3e-3
    problem = plain(20e-3, frozen={"V_T_star": width}, third={"V_T_star": sign * 2.0 / np.sqrt(SHAPE) * width**3})
    dt, rng = 5e-4, np.random.default_rng(1)
    cohorts, normal = (start(p, dt=dt, V_mean=15e-3, V_std=2e-3) for p in (problem, replace(problem, third={})))
    assert cohorts.model.whole[CLOSURE] == SKEWED != normal.model.whole[CLOSURE]
    x = sign * width * (rng.gamma(SHAPE, size=2_000_000) - SHAPE) / np.sqrt(SHAPE)
    decay = np.exp(-dt / problem.tau_m)
    V = decay * (15e-3 + 2e-3 * rng.standard_normal(x.size)) + problem.tau_m * (1.0 - decay) * problem.mu
    hazard = problem.lambda_0 * np.exp((V - problem.V_T_star - x) / problem.Delta_V)
    fired = rng.random(x.size) < -np.expm1(-hazard * dt)
    one = np.array([problem.mu])
    share, without = (march(c, one, noise_of(problem)[None])[0][0] * dt for c in (cohorts, normal))
    exact, error = fired.mean(), 5.0 * np.sqrt(share / x.size)
    assert abs(exact - share) < error + 0.25 * abs(exact - without)
    assert abs(exact - without) > 0.05 * exact
    row, stayed = cohorts.state.pool[(cohorts.state.place[0] - 1) % cohorts.state.pool.shape[0]], x[~fired]
    spread, gone, sample = stayed.std(), x[fired].std(), 5.0 / stayed.size**0.5
    assert abs(cohorts.state.slots[MEAN + 1, OLD] - stayed.mean()) < sample * spread
    assert matrix(cohorts.state, 2, OLD)[1, 1] == pytest.approx(stayed.var(), rel=0.02)
    skewness = np.mean((stayed - stayed.mean()) ** 3) / spread**3
    assert cohorts.state.slots[kappa(cohorts) + 1, OLD] == pytest.approx(skewness * spread**3, rel=near)
    assert abs(row[1] - x[fired].mean()) < 0.1 * gone
    assert row[2] == pytest.approx(gone**2, rel=0.3)


@pytest.mark.parametrize("neurons", [0.0, 300.0])
def test_third_cumulants_of_frozen_variables_stay(neurons):
    """Over all neurons, also with two of them that are correlated, with white noise, and of finite size."""
    frozen = {"V_T_star": 2.5e-3, "adaptation": 0.5}
    cumulants = {"V_T_star": -1.2 * 2.5e-3**3, "adaptation": 0.2}
    problem = two_thresholds(25e-3, frozen=frozen, third=cumulants, correlation={("V_T_star", "adaptation"): 0.4},
                             sigma=0.03)  # fmt: skip
    cohorts, words = start(problem), np.random.SeedSequence(1).generate_state(4, np.uint64)
    drive = np.full(4000, problem.mu)
    march(cohorts, drive, np.tile(noise_of(problem), (4000, 1)), neurons=neurons, words=words)
    assert moments(cohorts)[0] == pytest.approx(1.0, abs=1e-11)
    for f, name in ((3, "V_T_star"), (4, "adaptation")):
        assert third(cohorts, f) == pytest.approx(cumulants[name], rel=1e-9)
    for c in np.flatnonzero(cohorts.state.slots[MASS] > 1e-9):
        cov = matrix(cohorts.state, 5, c)
        width = np.sqrt(np.diag(cov))
        assert np.linalg.eigvalsh(cov / np.outer(width, width)).min() > -1e-9


def test_noise_skews_V_to_the_left():
    """Those that are far up have fired: the cohort of the old leans down, and more with more noise."""
    found = []
    for sigma in (0.03, 0.06):
        state = stationary(plain(15e-3, sigma=sigma), settled=1e-5).cohorts
        found.append(state.state.slots[kappa(state), OLD] / state.state.slots[MEAN + 1, OLD] ** 1.5)
    assert found[1] < found[0] < -0.01


def test_volleys_under_noise_go_on():
    """All fire within two steps. Cohorts of which next to nothing is left widened without end, and all fell silent."""
    problem = GifProblem(20e-3, 0.0, 0.0, 4e-3, 10.0, 2e-3, 15e-3, mu=3.488, sigma=0.014667515126973622)
    rates = []
    for dt in (5e-4, 1e-4):
        steps = round(3.0 / dt)
        rate = march(start(problem, dt=dt), np.full(steps, problem.mu), np.full((steps, 1), problem.D))[0]
        rates.append(rate[steps // 2 :].mean())
    assert rates[1] == pytest.approx(81.86, abs=0.05)
    assert rates[0] == pytest.approx(rates[1], rel=3e-3)
