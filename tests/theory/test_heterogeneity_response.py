"""Cheap rates and responses of many neurons, against exact ones of each."""

import numpy as np
import pytest

from popdyn.neurons import MODELS
from popdyn.spec.network import Initial, Neuron, Population, WhiteNoise
from popdyn.theory.grid import operator_on
from popdyn.theory.heterogeneity_response import frozen_rates, frozen_responses, mean_adaptation
from popdyn.theory.problem import W_UNIT, density_problem
from popdyn.theory.siegert import siegert_rate
from popdyn.theory.stationary import mean_adaptation as exact_adaptation
from popdyn.theory.threshold_integration import threshold_response, threshold_state

LIF = {"C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -60e-3, "t_ref": 2e-3, "I_e": 0.0}
ADEX = LIF | {"Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3}
SPREAD = {"g_L": [8e-9, 10e-9, 14e-9], "V_th": [-53e-3, -50e-3, -48e-3], "t_ref": [0.0, 2e-3, 5e-3]}
MU, SIGMA = np.array([0.5, 0.8, 1.5]), 0.04


def columns(parameters):
    return {name: np.array(SPREAD.get(name, [value] * 3))[:, None] for name, value in parameters.items()}


def arrays(values):
    u = np.broadcast_to(values, (3, MU.size)).copy()
    return u, np.full_like(u, 0.5 * SIGMA**2)


def test_rates_of_lif_against_siegert():
    p = columns(LIF)
    rate, _ = frozen_rates(MODELS["lif"], p, *arrays(MU))
    tau = p["C_m"] / p["g_L"]
    exact = siegert_rate(MU, SIGMA, tau, p["V_th"] - p["E_L"], p["V_reset"] - p["E_L"], p["t_ref"])
    assert rate == pytest.approx(exact, rel=3e-3)


@pytest.mark.parametrize("model", ["lif", "eif"])
def test_rates_and_responses_against_threshold_integration(model):
    p = columns(LIF if model == "lif" else {k: v for k, v in ADEX.items() if k not in ("a", "b", "tau_w", "E_w")})
    frequencies = np.array([3.0, 30.0, 90.0])
    u, D = arrays(MU)
    rate, response = frozen_responses(MODELS[model], p, u, D, frequencies)
    alone, V_mean = frozen_rates(MODELS[model], p, u, D)
    assert rate == pytest.approx(alone, rel=1e-12)
    for k in range(3):
        neuron = {name: float(value[k, 0]) for name, value in p.items()}
        for j, mu in enumerate(MU):
            state = threshold_state(neuron, model, mu, SIGMA)
            exact = threshold_response(neuron, model, mu, SIGMA, frequencies).rate
            assert rate[k, j] == pytest.approx(state.rate, rel=3e-3)
            assert V_mean[k, j] == pytest.approx(state.V_active, abs=0.03e-3)
            assert np.abs(response[k, j] - exact).max() <= 0.01 * np.abs(exact).max()


def test_mean_adaptation_against_the_grid():
    p = columns(ADEX)
    u, D = arrays(MU)
    W = mean_adaptation(MODELS["adex"], p, u, D)
    for k in range(3):
        neuron = Neuron("adex", {name: float(value[k, 0]) for name, value in p.items()})
        for j, mu in enumerate(MU):
            population = Population("E", 1, neuron, WhiteNoise(mu, SIGMA), (), Initial(-65e-3, 2e-3, 0.0, 0.0))
            problem = density_problem(population)
            op = operator_on(problem, 0.1e-3, mu - 0.8, problem.D, mu)
            exact = exact_adaptation(op, problem.hierarchy("mean"), mu, problem.D) * W_UNIT
            assert W[k, j] == pytest.approx(exact, rel=3e-3)


def test_silent_neurons_have_no_response_and_no_overflow():
    rate, response = frozen_responses(MODELS["lif"], columns(LIF), *arrays(-20.0), np.array([10.0]))
    assert np.all(rate < 1e-30)
    assert np.all(response == 0.0)
