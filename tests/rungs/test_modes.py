"""Modes of single populations against the density that they are the modes of."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from popdyn.errors import DomainError, NumericsError, SpecError
from popdyn.kernels import modes as kernel
from popdyn.rungs.density import Density
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.modes import Modes, derive_modes
from popdyn.rungs.modes_choice import first_modes_state, resting_state
from popdyn.rungs.modes_measured import check_rate
from popdyn.spec import load

TOLERANCE = 0.005
PROTOCOL = {
    "duration": "1.5 s", "transient": "0.3 s", "seed": 3,
    "stimulus": [
        {"population": "E", "target": "mu", "kind": "ou", "std": "0.1 mV/ms", "tau": "20 ms"},
        {"population": "E", "target": "mu", "kind": "pulse", "at": "0.5 s", "width": "0.5 s", "amplitude": "0.4 mV/ms"},
        {"population": "E", "target": "sigma", "kind": "pulse", "at": "0.8 s", "width": "0.4 s",
         "amplitude": "0.6 mV/sqrt(ms)"},
    ],
}  # fmt: skip
NEURONS = {
    "lif": ({"model": "lif", "t_ref": "2 ms"}, {"mu": "0.8 mV/ms", "sigma": "2 mV/sqrt(ms)"}),
    "adex": (
        {"model": "adex", "t_ref": "1 ms", "b": "60 pA", "tau_w": "100 ms", "a": "4 nS"},
        {"mu": "1.6 mV/ms", "sigma": "2 mV/sqrt(ms)"},
    ),
}


@pytest.fixture(scope="module", params=["lif", "adex"])
def both(request):
    neuron, noise = NEURONS[request.param]
    network = load({
        "schema": 1, "populations": {"E": {"size": 1000, "neuron": neuron, "noise": noise}},
        "protocols": {"mixed": PROTOCOL},
    })  # fmt: skip
    first = Density(network)
    d = first.domains["E"]
    wide = replace(d, mu_low=d.mu_low - 0.1, mu_high=d.mu_high + 0.1, sigma_high=1.02 * d.sigma_high)
    wide = replace(wide, sigma_low=0.98 * d.sigma_low)
    density = Density(network, domain={"E": wide})
    return density, derive_modes(density, tolerance=TOLERANCE)


def rate(dataset):
    return dataset["rate"].sel(time=slice(0, None)).values[0, :, 0]


def test_few_modes_reach_the_tolerance_on_inputs_they_were_not_trained_on(both):
    density, modes = both
    exact, found = rate(density.simulate("mixed")), modes.simulate("mixed")
    assert modes.choices["E"].reduced.states <= 18
    assert modes.choices["E"].reached
    error = np.sqrt(np.mean((rate(found) - exact) ** 2)) / exact.std()
    assert error <= TOLERANCE
    assert abs(rate(found).mean() / exact.mean() - 1.0) < 1e-3
    assert 0.3 < found.attrs["error_estimate"] / error < 3.0


def test_mean_potential_and_adaptation_follow_the_density(both):
    density, modes = both
    exact, found = (x.simulate("mixed").sel(time=slice(0, None)) for x in both)
    assert np.max(np.abs(found["V_mean"].values - exact["V_mean"].values)) < 0.3e-3
    swing = float(np.ptp(exact["w_mean"].values))
    assert np.max(np.abs(found["w_mean"].values - exact["w_mean"].values)) <= 0.02 * swing
    assert density.network is modes.network


def test_rest_and_linear_response_are_those_of_the_density(both):
    density, modes = both
    assert modes.rates()["E"] == pytest.approx(density.rates()["E"], rel=3e-3)
    frequencies = np.array([0.0, 1.0, 10.0, 40.0, 200.0])
    exact = density.linear_response(frequencies, population="E")
    found = modes.linear_response(frequencies, population="E")
    assert np.max(np.abs(found - exact)) < 0.015 * np.max(np.abs(exact))


def test_linear_response_is_the_answer_to_a_small_step(both):
    _, modes = both
    slope = modes.linear_response(np.zeros(1), population="E")[0]
    mu, sigma = modes.state("E").mu, float(np.sqrt(2.0 * modes.state("E").D))
    move = 1e-4
    up, down = (modes.state("E", mu + m, sigma).rate for m in (move, -move))
    assert (up - down) / (2.0 * move) == pytest.approx(slope.real, rel=1e-5)
    assert abs(slope.imag) < 1e-9 * abs(slope.real)


def test_mass_is_kept_exactly(both):
    choice = both[1].choices["E"]
    state = first_modes_state(choice.reduced.modes, choice.x, choice.W, 1e-4)
    mu = 0.5 * (choice.domain.mu_low + choice.domain.mu_high)
    D = 0.5 * choice.domain.sigma_low**2
    for t in range(5000):
        kernel.advance(choice.reduced.modes, state, mu * (1.0 + 0.1 * np.sin(0.01 * t)), D, 1e-4, t == 0)
    assert state.x[0, 0] + state.scalars[0, kernel.Q] == pytest.approx(1.0, abs=1e-10)


def test_a_model_file_gives_the_same_trajectory_and_refuses_what_was_edited(both):
    modes = both[1]
    document = json.loads(json.dumps(modes.to_dict()))
    again = Modes.from_dict(document)
    assert np.array_equal(rate(again.simulate("mixed")), rate(modes.simulate("mixed")))
    document["populations"]["E"]["R"][3] = "none"
    document["populations"]["E"]["domain"]["mu_low"] = None
    with pytest.raises(SpecError) as caught:
        Modes.from_dict(document)
    assert len(caught.value.faults) == 2


def test_outside_the_domain_is_refused_or_flagged(both):
    modes = both[1]
    louder = replace(modes.network.protocols["mixed"].stimuli[1], parameters={
        **modes.network.protocols["mixed"].stimuli[1].parameters, "amplitude": 2.5,
    })  # fmt: skip
    beyond = replace(modes.network.protocols["mixed"], stimuli=(louder,))
    with pytest.raises(DomainError, match="outside the domain"):
        modes.simulate(beyond, strict=True)
    with pytest.warns(DomainWarning):
        assert modes.simulate(beyond).attrs["outside_domain"] == 1


@pytest.mark.parametrize(("least", "words"), [(-0.6, "-0.6 Hz"), (np.nan, "not finite")])
def test_a_rate_below_zero_by_more_than_the_tolerance_is_an_error(both, least, words):
    choice = replace(both[1].choices["E"], largest=100.0)
    rate, lowest = np.ones(5), np.ones(5)
    lowest[3] = -0.4
    check_rate("E", choice, rate, lowest)
    rate[3] = lowest[3] = least
    with pytest.raises(NumericsError, match=f"{words} at t = 0.003 s"):
        check_rate("E", choice, rate, lowest)


def test_the_text_names_the_modes(both):
    text = both[1].equations()
    assert "x' = (R_0 + u R_1 + D R_2" in text
    assert "of the response, refractoriness" in text or "of the response, input filter" in text
    assert ("adaptation" in text) == (both[1].choices["E"].reduced.order > 0)


def test_a_rested_population_has_all_its_neurons(both):
    choice = both[1].choices["E"]
    state, modes = resting_state(choice, 1e-4), choice.reduced.modes
    assert state.x[0, 0] + state.scalars[0, kernel.Q] == pytest.approx(1.0, abs=1e-12)
    d, before = choice.domain, state.scalars[0].copy()
    mu, D = 0.5 * (d.mu_low + d.mu_high), 0.125 * (d.sigma_low + d.sigma_high) ** 2
    for t in range(3000):
        rate = kernel.advance(modes, state, mu, D, 1e-4, t == 0)
    assert rate == pytest.approx(both[1].state("E", mu, float(np.sqrt(2.0 * D))).rate, rel=1e-6)
    assert np.max(np.abs(state.scalars[0] - before)) < 1e-6 * np.max(np.abs(before))
