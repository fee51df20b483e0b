"""Verdicts of check_dt, without a simulation and (slow) with one."""

import math

import numpy as np
import pytest

from popdyn.errors import UsageError
from popdyn.ground_truth import Rate, check_dt, step_check

from .networks import network, population


def fake(monkeypatch, rate_of_dt, error):
    monkeypatch.setattr(step_check, "_rates", lambda decided, *_: {"E": Rate(rate_of_dt(decided.dt), error)})


def test_halves_until_the_rate_stays(monkeypatch):
    fake(monkeypatch, lambda dt: 10.0 - 3e3 * dt, error=1e-4)
    check = check_dt(network(population()), "p", tolerance=0.004, dt=5e-5)
    assert [step.verdict for step in check.halvings] == ["moves", "converged"]
    assert check.dt == pytest.approx(2.5e-5)
    assert check.halvings[0].change["E"] == pytest.approx(-0.075 / 9.925, rel=1e-3)
    assert check.finest["E"].mean == pytest.approx(10.0 - 3e3 * 1.25e-5)
    assert "0.05 ms -> 0.025 ms: E -0.76" in check.halvings[0].line()


def test_sampling_error_is_never_taken_for_convergence(monkeypatch):
    fake(monkeypatch, lambda dt: 10.0, error=0.02)
    check = check_dt(network(population()), "p", tolerance=0.001, dt=5e-5)
    assert check.dt is None
    assert {step.verdict for step in check.halvings} == {"undecided"}
    assert len(check.halvings) == 3


def test_a_rate_that_never_settles(monkeypatch):
    fake(monkeypatch, lambda dt: 30.0 + math.log(dt), error=1e-4)
    check = check_dt(network(population()), "p", tolerance=0.001, dt=5e-5)
    assert check.dt is None
    assert {step.verdict for step in check.halvings} == {"moves"}


def test_a_silent_population_has_converged(monkeypatch):
    fake(monkeypatch, lambda dt: 0.0, error=0.0)
    assert check_dt(network(population()), "p").dt == 20e-6


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 1.0, float("nan")])
def test_tolerances_that_make_no_sense(tolerance):
    with pytest.raises(UsageError):
        check_dt(network(population()), "p", tolerance)


@pytest.mark.slow
def test_the_default_step_of_adex():
    """aug at constant drive: halving 0.02 ms moves the rate less than 0.3 %."""
    sigma = 2e-3 / np.sqrt(1e-3)
    one = population(size=10_000, sigma=sigma, V=-60e-3, V_std=4e-3, w=150e-12)
    check = check_dt(network(one, duration=2.0, transient=1.0), "p", 0.003, most=1)
    assert check.dt == 20e-6, check.lines()
