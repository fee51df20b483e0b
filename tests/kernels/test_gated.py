"""Gated modes as equations: derivatives of a step, stationary state, response, mass, and the fit that finds them."""

from __future__ import annotations

import gated_scenarios as scenarios
import numpy as np
import pytest

from popdyn.kernels import gated as kernel
from popdyn.rungs.gated_training import Marching, march_through
from popdyn.theory import gated_fit
from popdyn.theory.cohort_grid import age_grid
from popdyn.theory.gated import derivatives, gates, linearised, response, stationary
from popdyn.theory.gated_fit import Path, exponents, regress
from popdyn.theory.gif_problem import modes as gif_modes

DT = scenarios.DT
CASES = [(4, 2, 3), (3, 0, 2), (3, 1, 0)]


def first_state(reduced, x):
    J, lag = reduced.modes.traces.shape[1], int(reduced.modes.numbers[kernel.LAG])
    return kernel.GatedState(
        x.copy(), np.zeros(1 + J), np.zeros((1 + lag, 1 + J)), np.zeros(x.size), np.zeros(len(reduced.modes.E)),
        np.zeros(2), np.zeros(1, dtype=np.int64),
    )  # fmt: skip


def step(reduced, x, abar, past, h):
    """The kernel's own step from x, abar, past fluxes (1 + J, depth), latest first, to h at its end."""
    n, lag = reduced.modes.numbers, int(reduced.modes.numbers[kernel.LAG])
    state = first_state(reduced, x)
    state.own[1:] = abar
    for k in range(lag):
        state.past[(lag - 1 - k) % len(state.past)] = past[:, k]
    state.done[0] = lag
    state.own[0] = (h - n[kernel.H_DRIVE] * 1.0) / n[kernel.H_DECAY]
    kernel.advance(reduced.modes, state, 1.0, DT)
    kernel.move(state, DT)
    latest = state.past[(state.done[0] - 1 - np.arange(max(lag, 1))) % len(state.past)].T
    return np.concatenate([state.x, state.own[1:], latest.ravel()])


@pytest.mark.parametrize(("K", "J", "lag"), CASES)
def test_derivatives_are_those_of_the_kernels_step(K, J, lag):
    reduced, rng = scenarios.made_up(K, J, lag), np.random.default_rng(2)
    depth = max(lag, 1)
    x, abar, past, h = scenarios.start(K), 0.3 + 0.2 * rng.random(J), 8.0 + rng.random((1 + J, depth)), 0.017
    late = past[:, -1]
    if lag == 0:
        g = gates(reduced.modes.numbers, reduced.modes.traces, np.array([h]), abar[None])[0][0]
        late = g * (reduced.modes.c[:, 0] + g * reduced.modes.c[:, 1]) @ x
    now, enter = derivatives(reduced.modes, DT, x, h, abar, late)
    at = np.concatenate([x, abar, past.ravel()])

    def moved(values, to_h=0.0):
        return step(reduced, values[:K], values[K : K + J], values[K + J :].reshape(1 + J, depth), h + to_h)

    for i in range(at.size):
        change = np.zeros(at.size)
        change[i] = 1e-6
        wanted = (moved(at + change) - moved(at - change)) / 2e-6
        assert np.allclose(now[:, i], wanted, rtol=1e-5, atol=1e-7), i
    assert np.allclose(enter, (moved(at, 1e-8) - moved(at, -1e-8)) / 2e-8, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("K", "J", "lag"), CASES)
def test_a_stationary_state_stays_and_answers_a_small_sine(K, J, lag):
    reduced = scenarios.made_up(K, J, lag)
    rest = stationary(reduced, 1.1)
    now, _ = linearised(reduced, rest)
    assert np.sort(np.abs(np.linalg.eigvals(now)))[-2] < 1.0  # the largest is the mass
    state = first_state(reduced, rest.x)
    n, steps, frequency, size = reduced.modes.numbers, 8000, 10.0, 1e-4
    state.own[0], state.own[1:] = 1.1 * n[kernel.H_DRIVE] / (1.0 - n[kernel.H_DECAY]), rest.abar
    g = gates(n, reduced.modes.traces, state.own[:1], rest.abar[None])[0][0]
    state.past[:] = g * (reduced.modes.c[:, 0] + g * reduced.modes.c[:, 1]) @ rest.x
    middle, end = (np.arange(steps) + 0.5) * DT, (np.arange(steps) + 1.0) * DT
    rate = np.zeros(steps)
    for t in range(steps):
        drive = 1.1 + size * np.sin(2.0 * np.pi * frequency * middle[t])
        rate[t] = kernel.advance(reduced.modes, state, drive, DT)
        kernel.move(state, DT)
    last = slice(steps // 2, steps)
    assert np.mean(rate[last]) == pytest.approx(rest.rate, rel=1e-6)
    found = 2.0 * np.mean((rate - rest.rate)[last] * np.exp(-2j * np.pi * frequency * end[last])) * 1j / size
    assert abs(found - response(reduced, rest, np.array([frequency]))[0]) < 2e-3 * abs(found)


def test_nobody_is_lost():
    reduced = scenarios.made_up(4, 2, 3)
    state = first_state(reduced, scenarios.start(4))
    for t in range(400):
        kernel.advance(reduced.modes, state, 1.1 + 0.3 * np.sin(t / 20.0), DT)
        kernel.move(state, DT)
        resting = DT * sum(state.past[(state.done[0] - 1 - k) % 4, 0] for k in range(3))
        assert state.x[0] + resting == pytest.approx(1.0, abs=1e-12)


def test_the_fit_finds_the_system_that_made_the_data(monkeypatch):
    monkeypatch.setattr(gated_fit, "DAMPING", 0.0)
    reduced, rng = scenarios.made_up(3, 1, 2), np.random.default_rng(3)
    modes = reduced.modes._replace(R=reduced.modes.R.copy(), v=np.array([1e-3, 2e-3, -1e-3, 5e-4]))
    modes.R[2] = 0.0
    reduced = scenarios.Gated(modes, DT, reduced.test, reduced.missing)
    state, steps = first_state(reduced, scenarios.start(3)), 3000
    x, abar, h, fluxes = np.zeros((steps + 1, 3)), np.zeros((steps + 1, 1)), np.zeros(steps), np.zeros((steps, 2))
    x[0], mu = state.x, 1.1 + 0.4 * rng.standard_normal(steps).cumsum() / np.sqrt(np.arange(1, steps + 1))
    for t in range(steps):
        kernel.advance(modes, state, mu[t], DT)
        fluxes[t] = state.past[(state.done[0] - 1) % 3]
        kernel.move(state, DT)
        x[t + 1], abar[t + 1], h[t] = state.x, state.own[1:], state.own[0]
    fired = fluxes[:, 1:] / fluxes[:, :1] + abar[:-1] * modes.traces[kernel.DECAY]
    V = np.column_stack([x, abar]) @ modes.v
    path = Path("", mu, h, fluxes[:, 0], x, abar, V, fired)
    assert np.allclose(path.fluxes(modes.traces[kernel.DECAY]), fluxes)
    found = regress(modes.numbers, modes.traces, [path], [x], modes.R[3], DT, squares=False)
    for name in ("R", "E", "c"):
        wanted = getattr(modes, name)
        assert np.allclose(getattr(found, name), wanted, atol=1e-5 * np.abs(wanted).max()), name
    assert np.allclose(V, np.column_stack([x, abar]) @ found.v, atol=1e-8)


def test_features_count_neurons_and_weigh_them_by_their_hazard():
    problem = scenarios.ADAPTING
    m, alpha = gif_modes(problem), exponents(problem)
    assert np.array_equal(alpha[0], m.slope)
    marching = Marching(problem, "gaussian", 1e-4, age_grid(problem), 0.0)
    path = march_through(marching, np.full(3000, problem.mu), np.stack([np.zeros(3), alpha[0]]))
    assert np.allclose(path.states[:, 1], path.states[:, 0], rtol=1e-12)
    gate = np.exp((path.h - problem.V_T_star) / problem.Delta_V + path.abar[1:] @ m.slope[1:])
    hazard = problem.lambda_0 * gate * path.states[1:, 2]
    assert np.max(np.abs(hazard / path.rate - 1.0)[500:]) < 0.03  # first order in 0.1 ms
