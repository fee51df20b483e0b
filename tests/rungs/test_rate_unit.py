"""Simple rate units as a rung: rest, response, domain, and the file."""

from __future__ import annotations

import copy
import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, NumericsError, SpecError, UsageError
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.families import FAMILIES, of_unit
from popdyn.rungs.model_file import read_any_model, write_model
from popdyn.rungs.rate_population import RatePopulation
from popdyn.rungs.rate_unit import RateUnit
from popdyn.spec import load
from popdyn.spec.network import Protocol, Stimulus
from popdyn.theory.discretisation import Domain

SIGMA = 2e-3 / np.sqrt(1e-3)
POPULATION = {"size": 100, "neuron": {"model": "adex"}, "noise": {"mu": "1.5 mV/ms", "sigma": "2 mV/sqrt(ms)"}}
NETWORK = load(
    {"schema": 1, "populations": {"E": POPULATION}, "protocols": {"rest": {"duration": "1 s", "transient": "3 s"}}}
)
VALUES = {
    "threshold": 0.5, "threshold_sigma": -3.0, "tau_r": 0.02, "quickening": 2.0, "strength_1": 0.01, "tau_a_1": 0.2,
    "strength_2": 0.02, "tau_a_2": 0.05, "gain": 20.0, "smoothness": 0.3, "smoothness_sigma": 2.0, "rate_scale": 10.0,
    "exponent": 1.7, "exponent_sigma": 3.0, "rate_max": 60.0,
}  # fmt: skip


def population(family: str, *, varying_sigma: bool = True) -> RatePopulation:
    names = of_unit(FAMILIES[family], 2, varying_tau=True, varying_sigma=varying_sigma)
    domain = Domain(0.0, 3.0, 0.9 * SIGMA, 1.1 * SIGMA) if varying_sigma else Domain(0.0, 3.0, SIGMA, SIGMA)
    return RatePopulation("E", family, {p.name: VALUES[p.name] for p in names}, 2, 1.5, 1.5, SIGMA, domain)


def rung(family: str = "softplus", **options: bool) -> RateUnit:
    return RateUnit(NETWORK, {"E": population(family, **options)})


def step(amplitude: float) -> Protocol:
    return Protocol(
        "made", 1.0, 0.2, 3, (Stimulus("E", "mu", "step", {"at": 0.2, "until": 0.6, "amplitude": amplitude}),)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_long_simulation_ends_at_the_stationary_rate(family):
    made = rung(family)
    assert float(made.simulate("rest")["rate"].values[0, -1, 0]) == pytest.approx(made.rates()["E"], rel=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("frequency", "target"), [(3.0, "mu"), (40.0, "mu"), (12.0, "D")])
def test_linear_response_is_the_derivative_of_the_simulation(family, frequency, target):
    unit, mu, sigma, dt = population(family), 1.5, SIGMA, 1e-4
    t = (np.arange(round(3.0 / dt)) + 0.5) * dt
    size = 1e-4 if target == "mu" else 1e-4 * sigma**2
    wave, answers = size * np.cos(2 * np.pi * frequency * t), []
    for sign in (1.0, -1.0):
        m = mu + sign * wave * (target == "mu")
        s = np.sqrt(sigma**2 + 2 * sign * wave * (target == "D"))
        answers.append(unit.integrate(m, s, dt=dt, steps_per_bin=1))
    last = round(3 / frequency / dt)
    response = 0.5 * (answers[0] - answers[1])[-last:] / size
    found = 2 * np.mean(response * np.exp(-2j * np.pi * frequency * t[-last:]))
    exact = unit.linear_response(np.array([frequency]), mu, sigma, target)[0]
    assert abs(found - exact) < 2e-3 * abs(exact)


def test_a_unit_of_one_sigma_knows_no_response_to_noise():
    with pytest.raises(UsageError, match="one sigma"):
        rung(varying_sigma=False).linear_response(np.array([1.0]), population="E", target="D")


def test_outside_its_domain_it_warns_flags_or_refuses():
    made = rung()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made.simulate(step(1.0)).attrs["outside_domain"] == 0
    with pytest.warns(DomainWarning, match="mu 0 to 3 V/s"):
        flagged = made.simulate(step(2.0))
    assert flagged.attrs["outside_domain"] == 1
    assert json.loads(flagged.attrs["outside_domain_share"])["E"]["input"] == pytest.approx(0.4)
    assert flagged["rate"].values.max() > made.simulate(step(1.5))["rate"].values.max()  # nothing is clamped
    with pytest.raises(DomainError):
        made.simulate(step(2.0), strict=True)


def test_a_rate_that_is_no_number_or_a_step_that_is_too_long_is_an_error():
    unit = population("softplus")
    with pytest.raises(NumericsError, match="not finite"):
        unit.integrate(np.full(10, np.inf), np.full(10, SIGMA), dt=1e-4, steps_per_bin=1)
    with pytest.raises(NumericsError, match="too long"):
        unit.integrate(np.full(10, 1.0), np.full(10, SIGMA), dt=0.05, steps_per_bin=1)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_file_gives_the_same_unit_and_the_same_rates(family, tmp_path):
    made = rung(family)
    write_model(made, tmp_path / "model.json")
    again = read_any_model(tmp_path / "model.json")
    assert isinstance(again, RateUnit)
    assert again.units == made.units
    assert np.array_equal(again.simulate(step(1.0))["rate"], made.simulate(step(1.0))["rate"])
    assert again.equations() == made.equations()


def test_a_unit_of_a_recording_keeps_its_units_and_needs_no_spec(tmp_path):
    unit = replace(population("sigmoid"), drive_unit="A", noise_unit="(A) sqrt(s)")
    write_model(RateUnit(None, {"E": unit}), tmp_path / "model.json")
    again = read_any_model(tmp_path / "model.json")
    assert again.network is None
    assert "threshold = 0.5 A" in again.equations()
    assert again.simulate(step(0.2))["rate"].values.max() > again.rates()["E"]
    with pytest.raises(UsageError, match="no spec"):
        again.simulate("rest")


TAMPERED = [
    (("family",), "cubic", "softplus"),
    (("adaptation",), 1.5, "whole number"),
    (("drive_scale",), 0.0, "above 0"),
    (("domain", "mu_low"), 9.0, "at most mu_high"),
    (("parameters", "gain", "value"), -1.0, "above 0"),
    (("parameters", "gain", "unit"), "Hz", "units.E.parameters.gain.unit"),
    (("parameters", "slope"), {"value": 1.0}, "has not"),
]


@pytest.mark.parametrize(("place", "value", "message"), TAMPERED)
def test_a_file_that_was_tampered_with_is_refused(place, value, message):
    document = copy.deepcopy(rung().to_dict())
    entry = document["units"]["E"]
    for key in place[:-1]:
        entry = entry[key]
    entry[place[-1]] = value
    with pytest.raises(SpecError, match=message):
        RateUnit.from_dict(document)


def test_another_spec_or_population_is_refused():
    document = rung().to_dict()
    with pytest.raises(SpecError, match="the hash of"):
        RateUnit.from_dict({**document, "spec_hash": "0"})
    with pytest.raises(SpecError, match="no such population"):
        RateUnit.from_dict({**document, "units": {"X": document["units"]["E"]}})
    with pytest.raises(UsageError, match="allowed"):
        RatePopulation("E", "softplus", {"gain": 1.0}, 0, 1.0, 0.0, 0.0, Domain(0, 1, 0, 0))
