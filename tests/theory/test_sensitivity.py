"""Derivatives of rates by spiking parameters: against differences of whole solves, and what symmetry says of them."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.errors import UsageError
from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.theory.hierarchy import linear_response
from popdyn.theory.problem import density_problem
from popdyn.theory.sensitivity import (
    at_value,
    identifiable,
    parameters_of,
    rate_sensitivity,
    response_sensitivity,
    scale_of,
    value_of,
)
from popdyn.theory.stationary import find_stationary

CLOSURE = "cumulant3"
NEURONS = {
    "lif": {"model": "lif", "t_ref": "2 ms"},
    "eif": {"model": "eif", "t_ref": "2 ms"},
    "adex": {"model": "adex", "t_ref": "2 ms", "E_w": "-80 mV"},
    "adex, a = b = 0": {"model": "adex", "a": "0 nS", "b": "0 pA", "E_w": "-80 mV"},
}
NOISE = {"lif": ("0.8 mV/ms", "2 mV/sqrt(ms)"), "eif": ("0.7 mV/ms", "2 mV/sqrt(ms)")}
POTENTIALS = ("E_L", "V_th", "V_peak", "V_reset", "E_w")


def _found(case):
    mu, sigma = NOISE.get(case, ("1.5 mV/ms", "2 mV/sqrt(ms)"))
    noise = {"mu": mu, "sigma": sigma}
    network = load({"schema": 1, "populations": {"E": {"size": 10, "neuron": NEURONS[case], "noise": noise}}})
    density = Density(network)
    return rate_sensitivity(network.populations["E"], density.grids["E"].operator, CLOSURE), density


@pytest.fixture(scope="module", params=NEURONS)
def found(request):
    return _found(request.param)


def _solved(sensitivity, name, move):
    """The whole stationary problem at another value, on the same cells."""
    population = sensitivity.population
    problem = density_problem(at_value(population, name, value_of(population, name) + move))
    order = sensitivity.state.fields.shape[1] - 1
    h = problem.hierarchy(CLOSURE)
    if order:
        h = h._replace(order=order, closure=2)
    return find_stationary(sensitivity.grid.operator(problem), h, problem.mu, problem.D, sensitivity.state).rate


def test_every_parameter_against_differences_of_solves(found):
    sensitivity, _ = found
    assert set(sensitivity.names) == set(parameters_of(sensitivity.population))
    for name, exact in zip(sensitivity.names, sensitivity.gradient, strict=True):
        h = 1e-3 * scale_of(sensitivity.population, name)
        near, far = (_solved(sensitivity, name, k * h) - _solved(sensitivity, name, -k * h) for k in (1, 2))
        assert (8 * near - far) / (12 * h) == pytest.approx(exact, rel=1e-6, abs=1e-12), name
        assert exact != 0 or (name in ("tau_w", "E_w") and value_of(sensitivity.population, "b") == 0), name


def test_a_shift_of_all_potentials_changes_nothing(found):
    sensitivity, _ = found
    shifts = [g for name, g in zip(sensitivity.names, sensitivity.gradient, strict=True) if name in POTENTIALS]
    assert abs(sum(shifts)) < 1e-8 * max(np.abs(shifts))


def test_mu_and_the_bias_current_act_alike_and_as_the_response_at_frequency_zero(found):
    sensitivity, density = found
    by = dict(zip(sensitivity.names, sensitivity.gradient, strict=True))
    C_m = value_of(sensitivity.population, "C_m")
    assert by["I_e"] == pytest.approx(by["mu"] / C_m, rel=1e-8)
    if value_of(sensitivity.population, "t_ref") > 0:
        response = density.linear_response(np.zeros(1), population="E")[0].real
        assert by["mu"] == pytest.approx(response, rel=2e-3)  # the same on another reference of the operator


def test_response_sensitivity_against_differences_of_solves():
    sensitivity, _ = _found("adex")
    frequencies = np.array([2.0, 30.0])
    exact = response_sensitivity(sensitivity, frequencies)
    for name in ("b", "V_th", "t_ref", "sigma"):
        h = 1e-3 * scale_of(sensitivity.population, name)
        values = []
        for move in (-h, h):
            value = value_of(sensitivity.population, name) + move
            problem = density_problem(at_value(sensitivity.population, name, value))
            op, hierarchy = sensitivity.grid.operator(problem), problem.hierarchy(CLOSURE)
            state = find_stationary(op, hierarchy, problem.mu, problem.D, sensitivity.state)
            values.append(linear_response(op, hierarchy, state, 2 * np.pi * frequencies, "mu"))
        row = exact[sensitivity.names.index(name)]
        assert np.max(np.abs((values[1] - values[0]) / (2 * h) - row)) < 1e-4 * np.max(np.abs(row)), name


def test_spread_and_directions_that_the_rate_does_not_see():
    sensitivity, _ = _found("eif")
    by = dict(zip(sensitivity.names, sensitivity.gradient, strict=True))
    sd = sensitivity.spread({"V_th": 2e-3, "E_L": 1e-3})
    assert sd == pytest.approx(np.hypot(2e-3 * by["V_th"], 1e-3 * by["E_L"]))
    values, directions = identifiable(sensitivity.scaled)
    assert values[0] == pytest.approx(np.linalg.norm(sensitivity.scaled))
    assert np.allclose(values[1:], 0.0)
    assert np.max(np.abs(directions[1:] @ sensitivity.scaled)) < 1e-9 * values[0]


def test_an_unknown_parameter_is_refused_by_name():
    sensitivity, _ = _found("lif")
    with pytest.raises(UsageError, match=r"populations\.E: got parameter 'tau_w'; allowed: C_m"):
        at_value(sensitivity.population, "tau_w", 0.1)
    with pytest.raises(UsageError, match="spread: got b; allowed"):
        sensitivity.spread({"b": 1.0})
