"""The cascade unit against the density rung: what it must reach on protocols that no fit has seen."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace

import numpy as np
import pytest
from fitted_cases import adex, eif

from popdyn.errors import UsageError
from popdyn.fitting import fit_cascade
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import density_over_domain
from popdyn.rungs.cascade_parameters import fitted as parameters_of
from popdyn.rungs.density import Density
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec.network import Protocol, Stimulus

OU, FAST, STEPS, BIAS = 0.04, 0.12, 0.02, 0.005


@pytest.fixture(scope="module", params=["aug", "strong"])
def fitted(request):
    density = density_over_domain(adex(request.param))
    return density, fit_cascade(density, "E")


@pytest.fixture(scope="module")
def plain():
    density = Density(eif())
    return density, fit_cascade(density, "E")


def test_held_out_errors(fitted):
    errors = {e.protocol: e for e in fitted[1].heldout}
    assert errors["heldout_ou"].nrmse <= OU
    assert errors["heldout_fast"].nrmse <= FAST
    assert errors["heldout_steps"].nrmse <= STEPS
    assert all(abs(e.bias) <= BIAS for e in errors.values())
    assert all(e.correlation > 0.99 for e in errors.values())


def test_units_of_the_literature_are_beside_it_and_worse(fitted):
    ours = {e.protocol: e.nrmse for e in fitted[1].heldout}
    assert [b.name for b in fitted[1].baselines] == ["LNexp", "LNdos", "spec1", "spec2"]
    assert fitted[1].baselines_not_offered == ""
    for baseline in fitted[1].baselines:
        assert all(2.0 * ours[e.protocol] < e.nrmse < 1.0 for e in baseline.errors)


def test_the_spec_s_own_protocol_is_held_out_too(fitted):
    density, fit = fitted
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unit = fit.unit.simulate("wander", strict=True)["rate"].values[0, :, 0]
    exact = density.simulate("wander")["rate"].values[0, :, 0]
    unit, exact = (x[-2000:].reshape(-1, 5).mean(axis=1) for x in (unit, exact))
    assert np.sqrt(np.mean((unit - exact) ** 2)) <= OU * exact.std()


def test_statics_are_exact_over_the_domain(fitted):
    density, fit = fitted
    unit, state = fit.unit.units["E"], None
    for mu in np.linspace(fit.domain.mu_low, fit.domain.mu_high, 23):
        state = density.state("E", float(mu), None, state)
        rate = unit.stationary(float(mu), unit.reference_sigma)[1].rate
        assert abs(rate - state.rate) <= 1e-4 * max(state.rate, 1e-2)
    assert fit.unit.rates()["E"] == pytest.approx(density.rates()["E"], rel=1e-4)


def test_response_misfit_is_that_of_the_two_rungs(fitted):
    density, fit = fitted
    assert fit.response.relative < 0.1
    at = np.array([fit.response.frequency])
    frequencies = np.geomspace(0.5, 300, 40)
    exact, found = (r.linear_response(at, population="E") for r in (density, fit.unit))
    scale = np.abs(density.linear_response(frequencies, population="E")).max()
    assert abs(exact[0] - found[0]) / scale == pytest.approx(fit.response.relative, rel=1e-4)  # Newton's tolerance


def test_parameters_are_identified_and_meaningful(fitted):
    estimates = {p.name: p for p in fitted[1].parameters}
    firm = [p for name, p in estimates.items() if not name.startswith("harmonic")]
    assert all(p.identified and p.low < p.value < p.high for p in firm)
    assert all(p.low < p.value < p.high for p in estimates.values())
    assert 0.9 < estimates["adaptation_strength"].value < 1.3
    assert 0.7 < estimates["omega_ratio"].value < 1.2  # the mode rings once per spike
    assert {p.unit for p in estimates.values()} == {"1", "s", "1/s"}


def test_the_fit_s_report_travels_with_the_model(fitted):
    fit = fitted[1]
    document = json.loads(json.dumps(fit.unit.to_dict(), allow_nan=False))
    again = CascadeUnit.from_dict(document)
    assert again.fits["E"] == json.loads(json.dumps(fit.to_dict()))
    assert again.equations() == fit.unit.equations()
    assert "[" in again.equations()


def test_without_adaptation_there_is_no_adaptation_strength(plain):
    fit = plain[1]
    assert [p.name for p in fit.parameters] == [n for n in parameters_of(0) if "sigma" not in n]
    assert max(e.nrmse for e in fit.heldout) < 0.05


def test_same_seed_same_fit_other_seed_other_inputs(plain):
    density, fit = plain
    again = fit_cascade(density, "E")
    assert replace(again, cpu_s=0.0).to_dict() == replace(fit, cpu_s=0.0).to_dict()
    other = fit_cascade(density, "E", seed=1)
    assert other.parameters != fit.parameters
    for one, two in zip(fit.parameters, other.parameters, strict=True):  # seeds fixed: the largest is 0.95 half-widths
        reach = 0.5 * 2**0.5 * (one.high - one.low)
        assert abs(one.value - two.value) < reach, one.name


def test_what_the_data_do_not_fix_is_named(plain):
    density = plain[0]
    slow = Stimulus("E", "mu", "sine", {"at": 0.0, "until": 2.0, "frequency": 0.5, "amplitude": 0.05, "phase": 0.0})
    training = [Protocol("slow", 2.0, 0.3, 0, (slow,))]
    fit = fit_cascade(density, "E", training=training, heldout=training)
    loose = {p.name: p for p in fit.parameters if not p.identified}
    assert {"alpha_exponent", "kappa_exponent"} <= set(loose)
    assert all(p.why for p in loose.values())
    assert "(not fixed by the data)" in fit.unit.equations()


def test_an_unknown_population_is_refused(plain):
    with pytest.raises(UsageError, match="allowed: E"):
        fit_cascade(plain[0], "X")


def test_populations_are_fitted_one_by_one(plain):
    one = plain[0].network
    two = replace(one, populations={"E": one.populations["E"], "I": replace(one.populations["E"], name="I")})
    pulse = Stimulus("I", "mu", "pulse", {"at": 0.05, "width": 0.05, "amplitude": 0.2})
    training = [Protocol("pulse", 0.2, 0.1, 0, (pulse,))]
    fit = fit_cascade(Density(two), "I", training=training, heldout=training)
    assert fit.population == "I"
    assert list(fit.unit.units) == ["I"]
    assert list(fit.unit.network.populations) == ["E", "I"]


def test_one_of_several_populations_keeps_its_grid():
    network = eif()
    both = replace(network, populations={**network.populations, "I": replace(network.populations["E"], name="I")})
    density = density_over_domain(both)
    ((weight, group),) = make_target(density, "E").groups
    assert weight == 1.0
    alone = group.density
    assert alone.domains["E"] == density.domains["E"]
    assert np.array_equal(alone.grids["E"].operator.centre, density.grids["E"].operator.centre)


def test_a_protocol_that_moves_nothing_is_refused(plain):
    with pytest.raises(UsageError, match="does not move"):
        fit_cascade(plain[0], "E", training=[Protocol("rest", 0.2, 1.5, 0)])
