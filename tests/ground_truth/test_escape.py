"""Neurons with escape noise against what is known of them: Poisson processes, renewal theory, means of linear filters.

One simulation at a step of 0.5 ms by Brian2's numpy target; half of that would hide a bias of first order.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from popdyn.ground_truth import simulate
from popdyn.ground_truth.jobs import job
from popdyn.ground_truth.plan import is_plain

from .escape_cases import DELTA, LAMBDA, RESET, TAU, V_T, mean, population, renewal_rate, spec

STC = {"tau_stc": ["20 ms", "60 ms"], "q_stc": ["30 pA", "-5 pA"]}
SFA = {"tau_sfa": ["30 ms"], "q_sfa": ["3 mV"]}
NOISE = {"mu": "0.5 mV/ms", "sigma": "1 mV/sqrt(ms)"}
DT, DURATION = 5e-4, 1.5


@pytest.fixture(scope="module")
def truth():
    shots = {"K": 40, "nu": "20 Hz", "J": "1 mV"}
    slow = {"K": 100, "nu": "200 Hz", "J": "0.05 mV", "synapse": "exponential", "tau_syn": "5 ms"}
    populations = {
        "still": population("poisson", 6000, 24.0, mu=1.6),
        "noisy": population("poisson", 6000, 12.0, mu=0.8, sigma=1.0),
        "shots": population("poisson", 6000, 12.0, poisson=[shots]),
        "renewal": population("gif", 9000, 0.0, mu=2.0, **RESET),
        "restless": population("gif", 8000, 0.0, mu=1.5, **RESET | {"t_ref": "0 ms"}),
        "odd": population("gif", 4000, 0.0, mu=2.0, **RESET | {"t_ref": "0.7 ms"}),
        "filtered": population("gif", 1000, 0.0, poisson=[slow], **RESET | {"V_T_star": "100 mV", "t_ref": "0 ms"}),
        "currents": population("gif", 1000, 0.0, mu=2.0, **RESET, **STC, **SFA),
    }
    return simulate(spec(populations, DURATION, 0.25), "p", dt=DT, backend="numpy", groups=1, seed=5)


def test_without_noise_it_is_a_poisson_process(truth):
    """Rate 10 exp(3) = 200.86 Hz to 0.3 % (4.6 standard errors), CV 1 and variance of the count per neuron.

    A step of lambda dt = 0.1 would lose 5 % if it held one spike at the most.
    """
    expected = LAMBDA * np.exp(3.0)
    assert mean(truth, "still") == pytest.approx(expected, rel=3e-3)
    counts = truth["neuron_rate_still"].values[0] * DURATION
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / counts.size))
    assert truth["neuron_cv_still"].values.mean() == pytest.approx(1.0, abs=0.01)


def test_hazard_of_a_free_membrane_under_white_noise(truth):
    """Stationary Gaussian V of variance sigma^2 tau/2: lambda_0 exp((m - V_T)/Delta + variance/(2 Delta^2)).

    1 % is 4 standard errors: exp(V/Delta) has CV 1.1 and 130 independent values per neuron.
    """
    variance = 1.0e-3 * TAU / 2
    expected = LAMBDA * np.exp((12e-3 - V_T) / DELTA + variance / (2 * DELTA**2))
    assert mean(truth, "noisy") == pytest.approx(expected, rel=1e-2)


def test_hazard_of_a_free_membrane_under_poisson_jumps(truth):
    """Campbell: E exp(V/Delta) = exp(K nu integral (exp(J exp(-t/tau)/Delta) - 1) dt); 1.2 % is 4 standard errors."""
    t = np.linspace(0, 20 * TAU, 200_001)
    inner = np.trapezoid(np.expm1(1e-3 * np.exp(-t / TAU) / DELTA), t)
    expected = LAMBDA * np.exp(-V_T / DELTA + 40 * 20.0 * inner)
    assert mean(truth, "shots") == pytest.approx(expected, rel=1.2e-2)


@pytest.mark.parametrize(
    ("name", "mu", "t_ref"), [("renewal", 2.0, 4e-3), ("restless", 1.5, 0.0), ("odd", 2.0, 0.7e-3)]
)
def test_without_adaptation_it_is_a_renewal_process(truth, name, mu, t_ref):
    """The mean rate of numerical integration to 0.3 %, 4 standard errors or more; t_ref need not be whole steps."""
    rate = renewal_rate(mu, t_ref)
    assert 20 < rate < 110
    assert mean(truth, name) == pytest.approx(rate, rel=3e-3)
    assert json.loads(truth.attrs["dead_time"])[name] == pytest.approx(t_ref)


def test_filtered_input_drives_the_membrane_like_a_mean_current(truth):
    """Below a threshold far away: <V> = K nu J tau; the mean over neurons and time is exact to 0.5 %."""
    assert mean(truth, "filtered", "V_mean") == pytest.approx(100 * 200.0 * 0.05e-3 * TAU, rel=5e-3)
    assert mean(truth, "filtered") == 0


def test_w_is_the_sum_of_the_spike_triggered_currents(truth):
    """Stationary: <w> = rate sum q tau, whatever the spikes; nan where a neuron has no such current, 0 where none."""
    w = truth["w_mean"]
    expected = mean(truth, "currents") * (30e-12 * 20e-3 - 5e-12 * 60e-3)
    assert mean(truth, "currents", "w_mean") == pytest.approx(expected, rel=5e-3)
    assert np.isnan(w.sel(population="still")).all()
    assert (w.sel(population="renewal") == 0).all()
    assert mean(truth, "currents") < 0.9 * mean(truth, "renewal")


def test_escape_noise_is_never_the_plain_case():
    assert not is_plain(spec({"E": population("gif", 10, 0.0, **RESET)}))


def test_the_default_step():
    """0.1 ms; less where a diffusion neuron is in the network."""
    both = {"E": population("gif", 10, 0.0, **RESET), "I": {"size": 5, "neuron": {"model": "lif"}, "noise": NOISE}}
    assert job(spec({"E": both["E"]}), "p").dt == 1e-4
    assert job(spec(both), "p").dt == 5e-5
