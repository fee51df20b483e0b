"""The unit rung: exact statics, its own linear response, its domain, and its file."""

from __future__ import annotations

import copy
import json
import warnings
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, SpecError, UsageError
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import fitted, starting_values
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.model_file import read_model, write_model
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain, increasing_spline
from popdyn.rungs.unit import CascadeUnit, join
from popdyn.spec import load
from popdyn.spec.network import Protocol, Stimulus
from popdyn.theory.discretisation import Domain

SIGMA = 2e-3 / np.sqrt(1e-3)
ADAPTATION = AdaptationVariable(4e-9, 40e-12, 0.2, -0.065)
POPULATION = {
    "size": 100,
    "neuron": {"model": "adex", "a": "4 nS", "b": "40 pA", "tau_w": "200 ms"},
    "noise": {"mu": "1.5 mV/ms", "sigma": "2 mV/sqrt(ms)"},
}
NETWORK = load(
    {
        "schema": 1,
        "populations": {"E": POPULATION, "I": POPULATION},
        "protocols": {"rest": {"duration": "1 s", "transient": "2 s"}},
    }
)


def gain_row(sigma: float) -> GainRow:
    """From a gain over effective drive, so that it has an inverse."""
    e = np.linspace(-2.5, 3.5, 60)
    rate = 120.0 / (1.0 + np.exp(-(e - 1.5 + 10 * (SIGMA - sigma)) / 0.4))
    V_mean = -0.06 + 2e-3 * np.tanh(e)
    return GainRow(float(sigma), e + ADAPTATION.stationary(rate, V_mean) / 2e-10, rate, V_mean)


MODES = {
    "kappa_re": 0.05, "kappa_im": 0.2, "harmonic_re": 0.1, "harmonic_im": -0.1, "omega_exponent": 0.1,
    "adaptation_saturation": 0.3, "kappa_sigma_re": 0.5, "harmonic_sigma_im": 0.3, "alpha_sigma_exponent": 0.5,
}  # fmt: skip


def population(name: str = "E", sigmas: tuple[float, ...] = (SIGMA,)) -> CascadePopulation:
    parameters = {**starting_values(1), **MODES}
    return CascadePopulation(
        name, 2e-10, (ADAPTATION,), StaticGain(tuple(gain_row(s) for s in sigmas)),
        parameters, 12.0, SIGMA, Domain(0.0, 3.0, min(sigmas), max(sigmas)),
    )  # fmt: skip


@pytest.fixture
def rung() -> CascadeUnit:
    return CascadeUnit(NETWORK, {"E": population()})


def protocol(*stimuli: Stimulus, duration: float = 1.0, transient: float = 2.0) -> Protocol:
    return Protocol("made", duration, transient, 3, stimuli)


def step(amplitude: float, target: str = "mu") -> Stimulus:
    return Stimulus("E", target, "step", {"at": 0.2, "until": 0.6, "amplitude": amplitude})


@pytest.mark.parametrize(("strength", "saturation"), [(0.7, 0.0), (1.0, 0.5), (1.1, -0.02)])
def test_statics_are_the_table_whatever_the_pull(strength, saturation):
    unit = population()
    unit = replace(
        unit, parameters={**unit.parameters, "adaptation_strength": strength, "adaptation_saturation": saturation}
    )
    row = unit.gain.rows[0]
    for i in range(5, 55, 7):
        assert unit.stationary(row.mu[i], SIGMA)[1].rate == pytest.approx(row.rate[i], rel=1e-9)


def test_long_simulation_ends_at_the_stationary_rate(rung):
    dataset = rung.simulate("rest")
    assert float(dataset["rate"].values[0, -1, 0]) == pytest.approx(rung.rates()["E"], rel=1e-4)


def test_spline_rises_and_is_fourth_order():
    def error(n: int) -> float:
        x = np.linspace(0, 1, n)
        fine = np.linspace(0, 1, 1001)
        return float(np.max(np.abs(increasing_spline(x, np.exp(3 * x))(fine) - np.exp(3 * fine))))

    assert np.log2(error(11) / error(21)) > 3.5
    kinked = increasing_spline(np.arange(6.0), np.array([0.0, 1e-3, 2e-3, 5.0, 5.001, 5.002]))
    assert np.all(np.diff(kinked(np.linspace(0, 5, 2001))) > 0)


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize(("frequency", "target"), [(3.0, "mu"), (12.0, "mu"), (60.0, "mu"), (12.0, "D"), (40.0, "D")])
def test_linear_response_is_the_derivative_of_the_simulation(frequency, target, spread):
    unit = population(sigmas=(SIGMA, 1.2 * SIGMA))
    if spread:
        unit = replace(unit, parameters={**starting_values(1, spread=True), **MODES})
    mu, sigma = 1.5, 1.1 * SIGMA
    dt, periods = 1e-4, 4
    t = (np.arange(round(3.0 / dt)) + 0.5) * dt
    w = np.array([unit.adaptation[0].stationary(*unit.stationary(mu, sigma)[1][:2])])
    size = 2e-3 if target == "mu" else 1e-3 * sigma**2
    wave = size * np.cos(2 * np.pi * frequency * t)
    base, sign = [], 1.0
    for sign in (1.0, -1.0):
        m = mu + sign * wave * (target == "mu")
        s = np.sqrt(sigma**2 + 2 * sign * wave * (target == "D"))
        base.append(unit.integrate(m, s, w, dt=dt, steps_per_bin=1).rate)
    count = round(periods / frequency / dt)
    response = 0.5 * (base[0] - base[1])[-count:] / size
    found = 2 * np.mean(response * np.exp(-2j * np.pi * frequency * (t[-count:] + dt / 2)))
    exact = unit.linear_response(np.array([frequency]), mu, sigma, target)[0]
    assert abs(found - exact) < 0.02 * abs(exact)


def test_response_at_zero_frequency_is_the_slope_of_the_curve(rung):
    unit = rung.units["E"]
    slope = (unit.stationary(1.501, SIGMA)[1].rate - unit.stationary(1.499, SIGMA)[1].rate) / 2e-3
    response = rung.linear_response(np.array([1e-4]), population="E")[0]
    assert response.real == pytest.approx(slope, rel=1e-4)
    with pytest.raises(DomainError, match="one sigma"):
        rung.linear_response(np.array([1.0]), population="E", target="D")


def test_inside_the_domain_nothing_is_said(rung):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dataset = rung.simulate(protocol(step(1.0)), strict=True)
    assert dataset.attrs["outside_domain"] == 0


@pytest.mark.parametrize("stimulus", [step(2.0), step(-2.0), step(0.3 * SIGMA, "sigma")])
def test_outside_the_domain_it_warns_flags_or_refuses(rung, stimulus):
    with pytest.warns(DomainWarning, match=r"populations\.E: 40\.00% of the time outside"):
        dataset = rung.simulate(protocol(stimulus))
    assert dataset.attrs["outside_domain"] == 1
    assert json.loads(dataset.attrs["outside_domain_share"])["E"]["input"] == pytest.approx(0.4)
    with pytest.raises(DomainError, match="wider domain"):
        rung.simulate(protocol(stimulus), strict=True)


def test_the_rate_is_never_negative(rung):
    violent = Stimulus("E", "mu", "ou", {"std": 3.0, "tau": 3e-3})
    with pytest.warns(DomainWarning):
        dataset = rung.simulate(protocol(violent))
    assert float(dataset["rate"].min()) >= 0


def test_populations_join(rung):
    both = join([rung, CascadeUnit(NETWORK, {"I": population("I")})])
    dataset = both.simulate("rest")
    assert list(dataset["population"].values) == ["E", "I"]
    assert np.array_equal(dataset["rate"].sel(population="E"), dataset["rate"].sel(population="I"))
    assert set(both.rates()) == {"E", "I"}


def test_wrong_words_are_refused(rung):
    for call in (
        lambda: rung.simulate("nothing"),
        lambda: rung.simulate("rest", dt=3e-4),
        lambda: rung.linear_response(np.ones(1), population="X"),
        lambda: rung.linear_response(np.ones(1), population="E", target="w"),
        lambda: CascadeUnit(NETWORK, {"X": population("X")}),
    ):
        with pytest.raises(UsageError, match="allowed"):
            call()


def test_equations_hold_every_parameter(rung):
    text = rung.equations()
    for name in set(fitted(1)) - {"adaptation_strength", "adaptation_saturation"}:
        assert f"  {name} = " in text
    assert "  s = 1 1" in text
    assert "domain: mu 0 to 3 V/s" in text


def test_model_file_gives_the_model_back(rung, tmp_path):
    write_model(rung, tmp_path / "model.json")
    again = read_model(tmp_path / "model.json")
    write_model(again, tmp_path / "again.json")
    assert (tmp_path / "model.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    assert np.array_equal(again.simulate("rest")["rate"], rung.simulate("rest")["rate"])
    assert again.network == rung.network


def spreading() -> CascadePopulation:
    return replace(population(), parameters=starting_values(1, spread=True))


def test_a_unit_that_follows_the_spread_of_w_is_read_as_it_was_written(rung, tmp_path):
    made = CascadeUnit(NETWORK, {"E": spreading()})
    write_model(made, tmp_path / "model.json")
    again = read_model(tmp_path / "model.json")
    assert again.units["E"].parameters == made.units["E"].parameters
    assert np.array_equal(again.simulate("rest")["rate"], made.simulate("rest")["rate"])
    document = json.loads((tmp_path / "model.json").read_text())
    document["units"]["E"]["adaptation"] = []
    with pytest.raises(SpecError, match=r"units\.E\.adaptation"):
        CascadeUnit.from_dict(document)


def _set(path: str, value: object):
    def change(document):
        *way, last = path.split(".")
        at = document
        for key in way:
            at = at[int(key)] if key.isdigit() else at[key]
        at[last] = value

    return change


def _row(**change):
    return {"sigma": 1, "mu": [1, 2, 3, 4], "rate": [1, 2, 3, 4], "V_mean": [0, 0, 0, 0], **change}


ESTIMATE = {"name": "alpha", "low": 1, "high": 2, "identified": True}
BAD = {
    "kind": _set("kind", "something"),
    "schema": _set("schema", 2),
    "rung": _set("rung", "modes"),
    "spec_hash": _set("spec_hash", "0" * 64),
    "units": _set("units", {}),
    "units.X": _set("units.X", {}),
    "units.E.C_m": _set("units.E.C_m", 0),
    "units.E.domain.mu_low": _set("units.E.domain.mu_low", 9.0),
    "units.E.parameters.alpha.value": _set("units.E.parameters.alpha.value", "45"),
    "units.E.parameters.tau_h.unit": _set("units.E.parameters.tau_h.unit", "ms"),
    "units.E.adaptation[0].tau": _set("units.E.adaptation", [{"a": 0, "b": 0, "tau": -1, "E": 0, "current": 1}]),
    "units.E.gain": _set("units.E.gain", []),
    "units.E.gain[0].rate": _set("units.E.gain", [_row(rate=[4, 3, 2, 1])]),
    "units.E.gain[0].mu": _set("units.E.gain", [_row(mu=[1, 2, 3, 4, 5])]),
    "units.E.gain[0].V_mean": _set("units.E.gain", [_row(V_mean=[0, 0, 0, 10**400])]),
    "units.E.fit.parameters[0].low": _set("units.E.fit", {"parameters": [{**ESTIMATE, "low": "x"}]}),
    "populations.E.neuron.C_m": _set("network.populations.E.neuron.C_m", -1.0),
}


@pytest.mark.parametrize("where", list(BAD))
def test_a_broken_model_is_refused_by_name(rung, where):
    document = copy.deepcopy(rung.to_dict())
    BAD[where](document)
    with pytest.raises(SpecError) as error:
        CascadeUnit.from_dict(document)
    assert any(fault.path == where for fault in error.value.faults), error.value


def test_all_faults_of_a_model_come_at_once(rung):
    document = copy.deepcopy(rung.to_dict())
    for where in ("units.E.C_m", "units.E.domain.mu_low", "units.E.parameters.tau_h.unit"):
        BAD[where](document)
    with pytest.raises(SpecError) as error:
        CascadeUnit.from_dict(document)
    assert len(error.value.faults) == 3


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, '{"kind": NaN}', "null", '"text"', '{"C_m": 1' + "0" * 5000 + "}", "\ud800"]
)
def test_a_file_that_is_no_model_is_refused(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(SpecError):
        read_model(path)
    with pytest.raises(SpecError):
        read_model(tmp_path / "absent.json")
