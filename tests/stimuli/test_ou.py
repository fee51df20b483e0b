"""The Ornstein-Uhlenbeck process: its statistics, and that everybody gets the same one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from popdyn.errors import DomainError
from popdyn.spec import Protocol, Stimulus, load
from popdyn.stimuli import KINDS, Span, drive, waveforms
from popdyn.stimuli.ou import STEP

SPAN = Span(duration=1.0, transient=0.2, seed=3)


def test_ou_is_stationary_with_the_stated_spread_and_memory():
    """Over 300 s, 7500 independent values: each bound is 5 standard errors wide (false alarm < 1e-6 each)."""
    length = 300.0
    span = Span(duration=length, transient=0.0, seed=11)
    wave = KINDS["ou"].make({"std": 2.0, "tau": 0.02}, span)
    x = wave(np.arange(0, length, STEP))
    effective = length / (2 * 0.02)
    assert abs(x.mean()) < 5 * 2.0 / math.sqrt(effective)
    assert x.std() == pytest.approx(2.0, rel=5 / math.sqrt(2 * effective))
    for lag in (0.005, 0.02, 0.06):
        shift = round(lag / STEP)
        assert np.mean(x[shift:] * x[:-shift]) / 4 == pytest.approx(math.exp(-lag / 0.02), abs=5 / math.sqrt(effective))


def test_ou_starts_stationary():
    """The first value over 2000 seeds: standard deviation within 5 standard errors."""
    first = [
        float(KINDS["ou"].make({"std": 1.0, "tau": 0.05}, Span(0.001, 0.001, s))(np.array([-0.001]))[0])
        for s in range(2000)
    ]
    assert np.std(first) == pytest.approx(1.0, abs=5 / math.sqrt(4000))


def test_ou_is_the_same_function_for_everybody():
    stimulus = Stimulus("E", "mu", "ou", {"std": 1.0, "tau": 0.02})
    protocol = Protocol("p", 1.0, 0.2, 5, (stimulus, stimulus))
    t = np.linspace(-0.2, 1.0, 777)
    whole = waveforms(protocol, "E", "mu")(t)
    parts = np.concatenate([waveforms(protocol, "E", "mu")(part) for part in np.array_split(t, 7)])
    assert np.array_equal(whole, parts)
    one = Protocol("p", 1.0, 0.2, 5, (stimulus,))
    single = waveforms(one, "E", "mu")(t)
    assert not np.allclose(2 * single, whole)
    other_seed = waveforms(Protocol("p", 1.0, 0.2, 6, (stimulus,)), "E", "mu")(t)
    assert abs(np.corrcoef(single, other_seed)[0, 1]) < 0.9


def test_ou_does_not_depend_on_the_other_stimuli():
    ou = Stimulus("E", "mu", "ou", {"std": 1.0, "tau": 0.02})
    step = Stimulus("E", "mu", "step", {"at": 0.1, "until": 0.2, "amplitude": 1.0})
    t = np.linspace(-0.2, 1.0, 100)
    alone = waveforms(Protocol("p", 1.0, 0.2, 5, (ou,)), "E", "mu")(t)
    with_step = waveforms(Protocol("p", 1.0, 0.2, 5, (ou, step)), "E", "mu")(t)
    assert np.allclose(with_step - alone, waveforms(Protocol("p", 1.0, 0.2, 5, (step,)), "E", "mu")(t))


def test_ou_outside_its_protocol_is_refused():
    wave = KINDS["ou"].make({"std": 1.0, "tau": 0.02}, SPAN)
    wave(np.array([-0.2, 1.0]))
    for t in (-0.3, 1.1):
        with pytest.raises(DomainError, match="outside"):
            wave(np.array([t]))


def test_sigma_driven_negative_by_chance_is_refused():
    document = {
        "populations": {"E": {"size": 1, "neuron": {"model": "lif"}, "noise": {"sigma": "1 V/sqrt(s)"}}},
        "protocols": {
            "p": {
                "duration": "1 s",
                "stimulus": [{"target": "sigma", "kind": "ou", "std": "1 V/sqrt(s)", "tau": "20 ms"}],
            }
        },
    }
    network = load(document)
    with pytest.raises(DomainError, match=r"protocols\.p: sigma of population E falls to -"):
        drive(network.populations["E"], network.protocols["p"], np.linspace(0, 1, 1000))
