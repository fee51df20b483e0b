"""Stimuli on the rate of Poisson sources."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.errors import DomainError, SpecError
from popdyn.spec import load
from popdyn.stimuli import source_rates, waveforms


def spec(*stimuli: dict, poisson: bool = True) -> dict:
    sources = [{"K": 100, "nu": "8 Hz", "J": "0.1 mV"}, {"K": 50, "nu": "5 Hz", "J": "-0.1 mV"}]
    population = {"size": 10, "neuron": {"model": "lif"}, "noise": {"sigma": "1 mV/sqrt(ms)"}}
    stimuli = [{"target": "nu"} | stimulus for stimulus in stimuli]
    return {
        "populations": {"E": population | ({"poisson": sources} if poisson else {})},
        "protocols": {"p": {"duration": "1 s", "stimulus": stimuli}},
    }


def test_a_stimulus_on_nu_adds_to_every_source():
    network = load(spec({"kind": "step", "at": "500 ms", "amplitude": "3 Hz"}))
    t = np.array([-0.1, 0.2, 0.6])
    assert waveforms(network.protocols["p"], "E", "nu")(t).tolist() == [0.0, 0.0, 3.0]
    rates = source_rates(network.populations["E"], network.protocols["p"], t)
    assert rates.tolist() == [[8.0, 8.0, 11.0], [5.0, 5.0, 8.0]]


def test_nu_may_fall_to_zero_and_not_below():
    assert load(spec({"kind": "step", "amplitude": "-5 Hz"}))
    with pytest.raises(SpecError, match=r"nu of population E can fall to -0.1 Hz at 0 ms; allowed: nu of at least 0"):
        load(spec({"kind": "step", "amplitude": "-5.1 Hz"}))
    with pytest.raises(SpecError, match="nu of population E"):
        load(spec({"kind": "sine", "frequency": "3 Hz", "amplitude": "6 Hz"}))


def test_there_has_to_be_a_poisson_drive():
    with pytest.raises(SpecError, match="which has no Poisson drive"):
        load(spec({"kind": "step", "amplitude": "1 Hz"}, poisson=False))


def test_units():
    with pytest.raises(SpecError, match="a rate or frequency"):
        load(spec({"kind": "step", "amplitude": "1 mV/ms"}))


def test_a_random_stimulus_that_takes_nu_below_zero_is_an_error_when_it_is_drawn():
    network = load(spec({"kind": "ou", "std": "5 Hz", "tau": "20 ms"}))
    with pytest.raises(DomainError, match="nu of population E falls to"):
        source_rates(network.populations["E"], network.protocols["p"], np.linspace(0, 1, 1000))
