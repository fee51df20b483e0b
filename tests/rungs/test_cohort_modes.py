"""Modes of escape-noise populations against the cohorts that they are the modes of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, NumericsError, SpecError, UsageError
from popdyn.rungs.choose import density_rung
from popdyn.rungs.cohort_modes import CohortModes, derive_cohort_modes
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.gated_choice import stable
from popdyn.rungs.gated_training import Marching, inputs, march_through
from popdyn.rungs.modes_measured import check_rate
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated_fit import exponents

TOLERANCE = 0.005
GIF = {
    "model": "gif", "C_m": "150 pF", "tau_m": "15 ms", "E_L": "0 mV", "V_reset": "0 mV", "t_ref": "4 ms",
    "lambda_0": "10 Hz", "Delta_V": "3 mV", "V_T_star": "15 mV", "tau_sfa": ["30 ms"], "q_sfa": ["3 mV"],
    "tau_stc": ["300 ms"], "q_stc": ["5 pA"],
}  # fmt: skip
POISSON = {"model": "poisson", "V_T_star": "-50 mV", "Delta_V": "3 mV", "lambda_0": "20 Hz"}
OU = {"population": "E", "target": "mu", "kind": "ou", "std": "0.2 mV/ms", "tau": "25 ms"}
FAST = OU | {"std": "0.35 mV/ms", "tau": "6 ms"}
STEP = {"population": "E", "target": "mu", "kind": "pulse", "at": "0.3 s", "width": "0.4 s", "amplitude": "0.5 mV/ms"}
PROTOCOLS = {
    name: {"duration": "1 s", "transient": "0.4 s", "seed": 5, "stimulus": [stimulus]}
    for name, stimulus in (("ou", OU), ("fast", FAST), ("step", STEP))
}


def alone(neuron=GIF, protocols=PROTOCOLS, sigma=0.0, **more):
    population = {"size": 500, "neuron": neuron, "noise": {"mu": "1.2 mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}}
    return load({"schema": 1, "populations": {"E": population | more}, "protocols": protocols})


@pytest.fixture(scope="module")
def both():
    density = density_rung(alone())
    return density, derive_cohort_modes(density, tolerance=TOLERANCE)


def rate(dataset):
    return dataset["rate"].sel(time=slice(0, None)).values[0, :, 0]


def test_few_modes_reach_the_tolerance_on_inputs_they_were_not_trained_on(both):
    choice = both[1].choices["E"]
    assert choice.reduced.states <= 16
    assert choice.reached
    assert [e.kind for e in choice.errors] == ["slow", "fast", "steps", "sine", "chirp"]
    assert choice.tried[0][1] < choice.reduced.count or choice.tried[0][2] <= TOLERANCE


@pytest.mark.parametrize("protocol", ["ou", "fast", "step"])
def test_protocols_of_the_spec(both, protocol):
    density, modes = both
    exact, found = density.simulate(protocol), modes.simulate(protocol, strict=True)
    error = np.sqrt(np.mean((rate(found) - rate(exact)) ** 2)) / np.std(rate(exact))
    assert error < TOLERANCE
    assert error / 4.0 < found.attrs["error_estimate"] < 4.0 * error
    assert found.attrs["outside_domain"] == 0
    late = {"time": slice(0, None)}
    assert float(np.abs(found["V_mean"] - exact["V_mean"]).sel(late).max()) < 4e-4
    current = exact["w_mean"].sel(late)
    assert float(np.abs(found["w_mean"].sel(late) - current).max()) < 0.01 * float(current.max())


def test_rest_and_response(both):
    density, modes = both
    assert modes.rates()["E"] == pytest.approx(density.rates()["E"], rel=3e-3)
    f = np.array([1.0, 5.0, 20.0, 80.0])
    exact, found = (rung.linear_response(f, population="E") for rung in (density, modes))
    assert np.max(np.abs(found - exact)) < 0.01 * np.max(np.abs(exact))
    with pytest.raises(DomainError, match="one sigma"):
        modes.linear_response(f, population="E", target="D")
    with pytest.raises(UsageError, match="target"):
        modes.linear_response(f, population="E", target="w")


def test_equations_say_what_the_modes_are(both):
    text = both[1].equations()
    assert "2 means of traces" in text
    for words in ("input filter", "adaptation", "of the response", "held out", "domain: mu"):
        assert words in text


def test_a_file_holds_all_of_it(both):
    modes = both[1]
    again = CohortModes.from_dict(json.loads(json.dumps(modes.to_dict())))
    assert np.array_equal(rate(again.simulate("ou")), rate(modes.simulate("ou")))
    assert again.equations() == modes.equations()
    broken = json.loads(json.dumps(modes.to_dict()))
    broken["populations"]["E"]["R"] = broken["populations"]["E"]["R"][:-1]
    broken["populations"]["E"]["modes"] = "many"
    with pytest.raises(SpecError, match="modes"):
        CohortModes.from_dict(broken)


def test_outside_the_domain_it_says_so(both):
    modes = both[1]
    far = modes.network.protocols["step"]
    strong = replace(far.stimuli[0], parameters={**far.stimuli[0].parameters, "amplitude": 0.7})
    protocol = replace(far, stimuli=(strong,))
    with pytest.raises(DomainError, match="domain of validity"):
        modes.simulate(protocol, strict=True)
    with pytest.warns(DomainWarning, match="outside"):
        found = modes.simulate(protocol)
    assert found.attrs["outside_domain"] == 1
    assert json.loads(found.attrs["outside_domain_share"])["E"] > 0.2


def test_rates_below_zero_are_errors(both):
    choice = both[1].choices["E"]
    rate, lowest = np.ones(3), np.ones(3)
    check_rate("E", choice, rate, lowest)
    lowest[1] = -1.1 * choice.tolerance * choice.largest
    with pytest.raises(NumericsError, match="domain"):
        check_rate("E", choice, rate, lowest)


def test_what_grows_is_no_model(both):
    density, modes = both
    reduced, problem = modes.choices["E"].reduced, density.problems["E"]
    marching = Marching(problem, "gaussian", density.dt, density.grid, 0.0)
    mu = inputs(modes.choices["E"].domain, (("fast", 0.2),), density.dt, 0)[0][1]
    paths = [march_through(marching, mu, exponents(problem))]
    assert stable(reduced, paths, 0)
    R = reduced.modes.R.copy()
    R[0, -1, -1] += 200.0
    assert not stable(replace(reduced, modes=reduced.modes._replace(R=R)), paths, 0)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (alone(POISSON), "leave its neurons"),
        (alone(GIF | {"adaptation_scale": {"normal": [1.0, 0.2]}}), "adaptation_scale"),
        (alone(sigma=0.5, protocols={"p": PROTOCOLS["step"] | {"stimulus": [
            {"population": "E", "target": "sigma", "kind": "step", "at": "0 s", "amplitude": "0.2 mV/sqrt(ms)"}
        ]}}), "sigma of population E changes"),
    ],
)  # fmt: skip
def test_what_is_refused(network, words):
    with pytest.raises(DomainError, match=words):
        derive_cohort_modes(density_rung(network))


def test_connections_are_refused():
    wires = {"pre": "E", "post": "E", "J": "0.2 mV", "rule": "pairwise_bernoulli", "p": 0.1, "delay": "1 ms"}
    network = load({
        "schema": 1, "populations": {"E": {"size": 500, "neuron": GIF, "noise": {"mu": "1.2 mV/ms"}}},
        "connections": [wires], "protocols": {},
    })  # fmt: skip
    with pytest.raises(DomainError, match="connections"):
        derive_cohort_modes(density_rung(network, settle=False))


def test_an_unknown_protocol_is_named(both):
    with pytest.raises(UsageError, match="allowed: ou, fast, step"):
        both[1].simulate("none")
    assert both[1].simulate(Protocol("short", 0.02, 0.0, 0))["rate"].sizes["time"] == 20


def test_a_gate_of_many_decades_is_refused():
    steep = alone(GIF | {"Delta_V": "1 mV"})
    wide = Domain(0.55, 1.8, 0.0, 0.0)
    with pytest.raises(NumericsError, match="no stable modes"):
        derive_cohort_modes(density_rung(steep), domains={"E": wide}, tolerance=TOLERANCE, modes=8)
