"""Generalised integrate-and-fire neuron: the step that the ground truth runs, against numerical integration."""

from __future__ import annotations

import numpy as np
import pytest
from escape_steps import INPUT, P, stepped
from scipy.integrate import solve_ivp

from popdyn.neurons.gif import CURRENT, MODEL, THRESHOLD
from popdyn.neurons.traces import listed


def test_a_step_is_exact_in_V_and_its_hazard_of_third_order():
    """dV/dt with open conductances (leak_t), against an ODE solver; the integral of the hazard to 1e-4 at 1 ms."""

    def right(t, y):
        theta = INPUT["theta"] + (INPUT["theta_end"] - INPUT["theta"]) * t / INPUT["dt"]
        push = (P["g_L"] * (P["E_L"] - y[0]) - INPUT["w_t"] + P["I_e"]) / P["C_m"]
        hazard = P["lambda_0"] * np.exp((y[0] - P["V_T_star"] - theta) / P["Delta_V"])
        return [push - INPUT["leak_t"] * y[0] + INPUT["mu_t"], hazard]

    exact = solve_ivp(right, (0, INPUT["dt"]), [INPUT["V"], 0.0], rtol=1e-12, atol=1e-15).y[:, -1]
    found = stepped(MODEL, P | INPUT)
    assert found["V"] == pytest.approx(exact[0], rel=1e-9)
    errors = []
    for parts in (1, 2):
        state, total = P | INPUT | {"dt": INPUT["dt"] / parts}, 0.0
        for k in range(parts):
            ends = [INPUT["theta"] + (INPUT["theta_end"] - INPUT["theta"]) * (k + i) / parts for i in (0, 1)]
            state = stepped(MODEL, state | {"theta": ends[0], "theta_end": ends[1]})
            total += state["hazard"]
        errors.append(abs(total / exact[1] - 1))
    assert errors[0] < 1e-4
    assert errors[1] < errors[0] / 3.5
    assert INPUT["patience"] - found["patience"] == pytest.approx(found["hazard"])


def test_noise_of_a_step_is_that_of_the_ornstein_uhlenbeck_process():
    noisy = INPUT | {"sigma_t": 0.05, "leak_t": 0.0}
    still, up = (stepped(MODEL, P | noisy | {"z": z})["V"] for z in (0.0, 1.0))
    tau = P["C_m"] / P["g_L"]
    assert up - still == pytest.approx(0.05 * np.sqrt(tau / 2 * (1 - np.exp(-2 * INPUT["dt"] / tau))), rel=1e-12)


def test_the_hazard_of_a_noisy_step_is_the_mean_over_brownian_paths():
    """50,000 paths of 64 sub-steps with free ends: 0.3 % is 4 standard errors (the hazard varies by 17 %)."""
    rng, n, parts, dt = np.random.default_rng(0), 50_000, 64, 1e-4
    names = P | INPUT | {"sigma_t": 0.063, "theta": 0.0, "theta_end": 0.0, "dt": dt}
    coarse = np.mean(stepped(MODEL, names | {"z": rng.standard_normal(n)})["hazard"])
    state, fine = names | {"dt": dt / parts, "V": np.full(n, INPUT["V"])}, 0.0
    for _ in range(parts):
        state = stepped(MODEL, state | {"z": rng.standard_normal(n)})
        fine += np.mean(state["hazard"])
    assert coarse == pytest.approx(fine, rel=3e-3)
    bridge = 1 + dt * (0.063 / P["Delta_V"]) ** 2 / 12
    assert bridge > 1.003


def test_dead_time_does_not_depend_on_the_step():
    """A spike `since` before the end of its step; V then starts t_ref after it: the spans add up, 1.3 ms at dt 0.5."""
    names = P | INPUT | {"t_ref": 1.3e-3, "dt": 0.5e-3, "patience": -0.02, "hazard": 0.05, "span": 0.5e-3}
    state = stepped(MODEL, names, MODEL.brian2.reset)
    assert state["V"] == P["V_reset"]
    assert state["dead"] == pytest.approx(1.3e-3 - 0.2e-3)
    assert state["patience"] == pytest.approx(np.log(2))
    spans = []
    for _ in range(4):
        state = stepped(MODEL, state)
        spans.append(state["span"])
    assert spans == pytest.approx([0.0, 0.0, 0.4e-3, 0.5e-3], abs=1e-12)


def test_without_dead_time_the_rest_of_the_step_is_made_up_for():
    names = P | INPUT | {"t_ref": 0.0, "dt": 0.5e-3, "patience": -0.02, "hazard": 0.05, "span": 0.5e-3}
    state = stepped(MODEL, stepped(MODEL, names, MODEL.brian2.reset))
    assert state["span"] == pytest.approx(0.7e-3)


def test_lists_are_numbered_parameters():
    flat = {"tau_sfa_1": 0.03, "q_sfa_1": 3e-3, "tau_sfa_2": 0.5, "q_sfa_2": 0.6e-3, "E_L": 0.0}
    assert THRESHOLD.values(flat) == ((0.03, 3e-3), (0.5, 0.6e-3))
    assert CURRENT.values(flat) == ()
    assert MODEL.parameter("q_sfa_2").unit == "V"
    assert MODEL.parameter("q_sfa_2").name == "q_sfa_2"
    gathered = {"E_L": 0.0, "tau_sfa": [0.03, 0.5], "q_sfa": [3e-3, 0.6e-3], "tau_stc": [], "q_stc": []}
    assert listed(MODEL.traces, flat) == gathered
    assert [p.name for p in MODEL.of_neuron(flat)][-4:] == ["tau_sfa_1", "q_sfa_1", "tau_sfa_2", "q_sfa_2"]
