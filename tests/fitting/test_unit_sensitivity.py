"""Derivatives of units by spiking parameters: against refits, for every parameter of an adapting neuron."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fitted_cases import adex

from popdyn.errors import NumericsError, UsageError
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import density_over_domain, training_domain
from popdyn.fitting.protocols import SLOW, TRAINING_STEPS, Job, ranges
from popdyn.fitting.rate_fit import Shape
from popdyn.fitting.unit_sensitivity import fitted_point, gradient, hessian, root, unit_sensitivity
from popdyn.spec.network import Protocol
from popdyn.theory.sensitivity import identifiable, parameters_of, scale_of

NETWORK = adex("strong", t_ref="2 ms")
SHAPE = Shape("softplus", 1)
MOVE = 3e-3
"""Of a parameter's scale: to the refits."""


def _jobs():
    """Slow random input and a staircase: shorter than a fit's own protocols, and cheap."""
    who = NETWORK.populations["E"]
    mu, _ = ranges(who, training_domain(make_target(density_over_domain(NETWORK), "E")))
    slow = Protocol("slow", 0.7, 0.1, 7, (mu.offset(0.7), mu.random(SLOW, 4.0)))
    steps = Protocol("steps", 0.84, 0.1, 0, (mu.offset(0.84), *mu.staircase(TRAINING_STEPS, 0.07)))
    return Job(slow, "slow"), Job(steps, "steps")


@pytest.fixture(scope="module")
def found():
    return unit_sensitivity(fitted_point(NETWORK, "E", SHAPE, jobs=_jobs()))


def test_the_point_is_a_root_of_the_gradient(found):
    point = found.point
    assert np.max(np.abs(gradient(point.misfit, point.x[None]))) < 1e-9
    assert set(found.names) == set(parameters_of(point.rate.population))
    assert set(found.parameters) == set(point.values)


@pytest.mark.parametrize("name", list(parameters_of(NETWORK.populations["E"])))
def test_changing_a_spiking_parameter_changes_the_unit(found, name):
    """A refit moves by the derivative, and the derivative is not zero: nothing a spec holds is decoration."""
    point, k = found.point, found.names.index(name)
    population = point.rate.population
    step = MOVE * scale_of(population, name)
    high, low = (root(point.misfit_at(name, move), point.x) for move in (step, -step))
    refitted, exact = (high - low) / (2 * MOVE), found.scaled[:, k]
    assert np.max(np.abs(exact)) > 1e-3
    assert refitted == pytest.approx(exact, abs=2e-3 * np.max(np.abs(exact)))
    assert refitted @ exact > 0


def test_the_gauss_newton_derivative_is_not_exact_where_the_unit_misses(found):
    error = found.gauss_newton_error
    print(f"Gauss-Newton: off by {error.min():.0%} to {error.max():.0%}")
    assert np.median(error) > 0.02
    point, parts = found.point, _parts(found.point.misfit.lengths)
    missed, weights = point.misfit.residuals(point.x[None])[0], point.misfit.weights
    perfect = tuple(
        replace(t, rate=t.rate + missed[part] / weight)
        for t, weight, part in zip(point.misfit.targets, weights, parts, strict=True)
    )
    exactly = replace(point.misfit, targets=perfect)
    residuals, slopes = exactly.with_slopes(point.x[None])
    assert np.max(np.abs(residuals)) < 1e-12
    gauss = slopes[0].T @ slopes[0]
    assert np.max(np.abs(hessian(exactly, point.x) - gauss)) < 1e-6 * np.max(np.abs(gauss))


def test_the_error_of_gauss_newton_knows_no_units(found):
    """Where one unit parameter is counted in a unit a million times smaller, no error changes."""
    space, factor = found.point.misfit.coordinates, np.ones(len(found.parameters))
    factor[found.parameters.index("tau_r")] = 1e6
    misfit = replace(found.point.misfit, coordinates=replace(space, natural=space.natural * factor))
    finer = replace(
        found, point=replace(found.point, misfit=misfit),
        exact=found.exact * factor[:, None], gauss_newton=found.gauss_newton * factor[:, None],
    )  # fmt: skip
    assert finer.gauss_newton_error == pytest.approx(found.gauss_newton_error)


def _parts(lengths):
    ends = np.cumsum([0, *lengths])
    return [slice(a, b) for a, b in pairwise(ends)]


def test_what_the_unit_sees_of_the_spiking_neuron(found):
    values, directions = identifiable(found.scaled)
    count = len(found.parameters)
    assert values[count - 1] > 1e-3 * values[0]
    assert np.allclose(values[count:], 0.0)
    bias, mu = found.names.index("I_e"), found.names.index("mu")
    assert np.all(np.isfinite(directions))
    ratio = found.exact[:, bias] / found.exact[:, mu]
    assert ratio == pytest.approx(1.0 / 200e-12, rel=1e-4)


def test_the_spread_of_units_is_that_of_the_parameters_to_first_order(found):
    sd = found.spread({"b": 10e-12, "V_th": 1e-3}, [("b", "V_th", 1.0)])
    b, V_th = (found.exact[:, found.names.index(name)] for name in ("b", "V_th"))
    assert list(sd.values()) == pytest.approx(np.abs(10e-12 * b + 1e-3 * V_th))


def test_spread_populations_and_fits_without_a_root_are_refused():
    spread = replace(NETWORK.populations["E"], spread={"V_th": None})
    with pytest.raises(UsageError, match=r"populations\.E: differs in V_th; allowed: equal neurons"):
        fitted_point(replace(NETWORK, populations={"E": spread}), "E", SHAPE)
    with pytest.raises(NumericsError, match="no smooth best fit here"):
        fitted_point(NETWORK, "E", Shape("softplus", 4), ["b"], jobs=_jobs())
