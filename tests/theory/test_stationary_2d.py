"""The stationary two-dimensional density against exact cases."""

import numpy as np
import pytest

from popdyn.errors import DomainError
from popdyn.neurons import MODELS
from popdyn.neurons.base import NeuronModel
from popdyn.theory.siegert import siegert_rate
from popdyn.theory.stationary_2d import find_domain, make_problem, solve_on, stationary_2d, stationary_rate_2d
from popdyn.theory.threshold_integration import threshold_state

ROOT_MS = np.sqrt(1e-3)
ADEX = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "Delta_T": 1.5e-3, "V_peak": -40e-3, "V_reset": -70e-3,
    "t_ref": 0.0, "I_e": 0.0, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip
AUG, STRONG = ADEX, ADEX | {"tau_w": 0.06, "b": 80e-12}
FAST = ADEX | {"tau_w": 0.03, "b": 100e-12, "a": 0.0}
PERFECT = NeuronModel(**{**MODELS["lif"].__dict__, "name": "perfect", "drift": lambda V, p: 0.0 * V})
STEP = 20e-3


def perfect(mu, sigma, tau_w, b, t_ref=0.0):
    neuron = ADEX | {"tau_w": tau_w, "b": b, "a": 0.0, "V_th": ADEX["V_reset"] + STEP, "t_ref": t_ref}
    return neuron, stationary_2d(neuron, PERFECT, mu, sigma * ROOT_MS)


@pytest.mark.parametrize(
    ("mu", "sigma", "tau_w", "b", "reached"),
    [
        (0.3, 1.5, 0.1, 100e-12, 1e-6),
        (1.5, 2.0, 0.2, 40e-12, 1e-7),
        (1.0, 1.0, 0.1, 0.0, 1e-7),
        (0.1, 2.0, 0.03, 120e-12, 5e-5),  # w often exceeds mu C_m: the density reaches 1 V down
    ],
)
def test_perfect_integrator(mu, sigma, tau_w, b, reached):
    exact = mu * ADEX["C_m"] / (ADEX["C_m"] * STEP + b * tau_w)
    state, error = perfect(mu, sigma, tau_w, b)[1]
    assert abs(state.rate - exact) < reached * exact
    assert abs(state.rate - exact) < error


def test_perfect_integrator_with_dead_time():
    """Balance of V between spikes: mu P - int_active w / C_m = r STEP, with the w of the pool from w at the spike."""
    mu, tau_w, b, t_ref = 1.0, 0.1, 100e-12, 5e-3
    state, _ = perfect(mu, 1.5, tau_w, b, t_ref)[1]
    in_pool = state.rate * tau_w * (1 - np.exp(-t_ref / tau_w)) * (state.w_spike_mean + b)
    active = state.w_mean - in_pool
    assert state.w_mean == pytest.approx(b * tau_w * state.rate, rel=1e-5)
    assert mu * (1 - state.rate * t_ref) - active / ADEX["C_m"] == pytest.approx(state.rate * STEP, rel=1e-4)


@pytest.mark.parametrize("t_ref", [0.0, 2e-3])
def test_without_adaptation_it_is_threshold_integration(t_ref):
    neuron = ADEX | {"a": 0.0, "b": 0.0, "t_ref": t_ref}
    state, error = stationary_2d(neuron, "adex", 1.0, 1.5 * ROOT_MS)
    exact = threshold_state(neuron, "adex", 1.0, 1.5 * ROOT_MS)
    assert state.rate == pytest.approx(exact.rate, rel=1e-6)
    assert state.V_mean == pytest.approx(exact.V_mean, abs=1e-8)
    assert error < 1e-5 * state.rate


def test_lif_is_siegert():
    lif = {"C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 2e-3, "I_e": 40e-12}
    rate, _ = stationary_rate_2d(lif, "lif", 0.55, 1.5 * ROOT_MS)
    assert rate == pytest.approx(float(siegert_rate(0.55, 1.5 * ROOT_MS, 0.02, 15e-3, -5e-3, 2e-3)), rel=1e-6)


@pytest.mark.parametrize("neuron", [AUG, STRONG, FAST, STRONG | {"t_ref": 2e-3}])
def test_second_order_in_V_and_converged_in_w(neuron):
    problem = make_problem(neuron, "adex", 1.0, 2.0 * ROOT_MS)
    domain = find_domain(problem)
    rates = [solve_on(problem, domain, 96, 64, refine).rate for refine in (1, 2, 4)]
    assert np.log2((rates[0] - rates[1]) / (rates[1] - rates[2])) == pytest.approx(2.0, abs=0.1)
    assert solve_on(problem, domain, 96, 128).rate == pytest.approx(rates[0], rel=1e-5)


@pytest.mark.parametrize("neuron", [AUG, FAST, STRONG | {"t_ref": 2e-3}])
def test_mean_of_w_balances_and_the_error_estimate_holds(neuron):
    state, error = stationary_2d(neuron, "adex", 1.2, 2.0 * ROOT_MS)
    balance = neuron["a"] * (state.V_mean - neuron["E_w"]) + neuron["b"] * neuron["tau_w"] * state.rate
    assert state.w_mean == pytest.approx(balance, rel=1e-6)
    finer = stationary_2d(neuron, "adex", 1.2, 2.0 * ROOT_MS, cells=192, w_nodes=96)[0]
    assert abs(finer.rate - state.rate) < error < 1e-4 * state.rate


def test_small_b_has_no_singular_limit():
    rates = [stationary_rate_2d(ADEX | {"a": 0.0, "b": b}, "adex", 1.0, 1.5 * ROOT_MS)[0] for b in (0.0, 1e-15, 1e-13)]
    assert rates[1] == pytest.approx(rates[0], rel=1e-4)
    slope = (rates[2] - rates[0]) / (rates[1] - rates[0])
    assert slope == pytest.approx(100.0, rel=0.02)


def test_refuses_no_noise_and_no_stationary_state():
    with pytest.raises(DomainError, match="needs noise"):
        stationary_rate_2d(ADEX, "adex", 1.0, 0.0)
    with pytest.raises(DomainError, match="minus infinity"):
        stationary_rate_2d(ADEX, PERFECT, -1.0, 0.05)


@pytest.mark.slow
def test_random_sets_reach_their_estimate():
    rng = np.random.default_rng(20)
    for _ in range(20):
        neuron = ADEX | {
            "tau_w": float(np.exp(rng.uniform(np.log(0.03), np.log(0.3)))),
            "b": rng.choice([0.0, 1.0]) * rng.uniform(0, 120e-12),
            "a": rng.choice([0.0, 1.0]) * rng.uniform(0, 8e-9), "t_ref": rng.choice([0.0, 2e-3]),
        }  # fmt: skip
        mu, sigma = rng.uniform(0.2, 3.0), rng.uniform(1.0, 3.0) * ROOT_MS
        rate, error = stationary_rate_2d(neuron, "adex", mu, sigma)
        finer = stationary_rate_2d(neuron, "adex", mu, sigma, cells=192, w_nodes=128)[0]
        assert abs(rate - finer) < error < 3e-4 * rate
