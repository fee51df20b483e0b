"""Each kind is the function its documentation says; random ones are the same for everybody who asks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popdyn.errors import DomainError, UsageError
from popdyn.spec import Protocol, Stimulus, load
from popdyn.stimuli import KINDS, TARGETS, Span, drive, piecewise_linear, waveforms
from popdyn.stimuli.ou import STEP

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)
T = np.array([-0.1, 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0])


def make(kind, **parameters):
    return KINDS[kind].make(parameters, SPAN)


def test_step():
    wave = make("step", at=0.2, until=0.4, amplitude=3.0)
    assert wave(T).tolist() == [0, 0, 0, 3, 3, 0, 0, 0]
    assert wave.breakpoints.tolist() == [0.2, 0.4]
    to_the_end = make("step", at=0.2, until=1.0, amplitude=3.0)
    assert to_the_end(T).tolist() == [0, 0, 0, 3, 3, 3, 3, 3]
    assert to_the_end.breakpoints.tolist() == [0.2]
    assert make("step", at=0.0, until=0.1, amplitude=1.0)(T).tolist() == [0, 1, 0, 0, 0, 0, 0, 0]


def test_pulse():
    wave = make("pulse", at=0.1, width=0.2, amplitude=-2.0)
    assert wave(np.array([0.0999, 0.1, 0.29, 0.31])).tolist() == [0, -2, -2, 0]


def test_ramp():
    wave = make("ramp", at=0.1, until=0.3, amplitude=2.0)
    assert wave(T) == pytest.approx([0, 0, 0, 1, 2, 2, 2, 2], abs=1e-15)
    assert wave.breakpoints.size == 0


def test_sine():
    wave = make("sine", at=0.1, until=0.6, frequency=5.0, amplitude=2.0, phase=math.pi / 2)
    t = np.linspace(0.1, 0.5999, 50)
    assert wave(t) == pytest.approx(2 * np.cos(2 * math.pi * 5 * (t - 0.1)), abs=1e-12)
    assert wave(np.array([0.05, 0.6, 0.7])).tolist() == [0, 0, 0]


def test_chirp_has_the_stated_frequencies():
    """Instantaneous frequency (zero crossings of a fine grid): f_start at the start, f_stop at the end."""
    wave = make("chirp", at=0.0, until=1.0, f_start=10.0, f_stop=50.0, amplitude=1.0)
    t = np.linspace(0, 1, 1_000_001)
    up = t[:-1][(wave(t)[:-1] < 0) & (wave(t)[1:] >= 0)]
    frequency = 1 / np.diff(up)
    middle = 0.5 * (up[:-1] + up[1:])
    assert frequency == pytest.approx(10 + 40 * middle, rel=2e-3)


def test_csv():
    wave = make("csv", times=(0.1, 0.3, 0.3, 0.5), values=(1.0, 3.0, 0.0, 2.0))
    assert wave(np.array([0.0, 0.0999, 0.1, 0.2, 0.2999999, 0.3, 0.4, 0.5, 0.9])) == pytest.approx(
        [0, 0, 1, 2, 3, 0, 1, 2, 2], abs=1e-5
    )
    assert wave.breakpoints.tolist() == [0.1, 0.3]
    assert make("csv", times=(0.2,), values=(4.0,))(T).tolist() == [0, 0, 0, 4, 4, 4, 4, 4]


def test_piecewise_linear_equals_interp_where_there_are_no_jumps():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 1, 50))
    values = rng.normal(size=50)
    t = rng.uniform(times[0], 2, 1000)
    assert piecewise_linear(times, values)(t) == pytest.approx(np.interp(t, times, values), abs=1e-12)


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


def test_only_ou_acts_during_the_transient():
    parameters = {
        "step": {"at": 0.0, "until": 1.0, "amplitude": 1.0},
        "ramp": {"at": 0.0, "until": 1.0, "amplitude": 1.0},
        "pulse": {"at": 0.0, "width": 0.5, "amplitude": 1.0},
        "sine": {"at": 0.0, "until": 1.0, "frequency": 3.0, "amplitude": 1.0, "phase": 1.0},
        "chirp": {"at": 0.0, "until": 1.0, "f_start": 3.0, "f_stop": 9.0, "amplitude": 1.0},
        "csv": {"times": (0.0, 1.0), "values": (1.0, 1.0)},
        "ou": {"std": 1.0, "tau": 0.02},
    }
    assert set(parameters) == set(KINDS)
    for kind, values in parameters.items():
        assert np.any(KINDS[kind].make(values, SPAN)(np.array([-0.15, -0.001]))) == (kind == "ou")


def test_drive_adds_everything_but_poisson():
    document = {
        "populations": {
            "E": {
                "size": 1,
                "neuron": {"model": "lif", "C_m": "200 pF", "I_e": "50 pA"},
                "noise": {"mu": "0.5 mV/ms", "sigma": "2 V/sqrt(s)"},
                "poisson": [{"K": 10, "nu": "5 Hz", "J": "0.1 mV"}],
            }
        },
        "protocols": {
            "p": {
                "duration": "1 s",
                "stimulus": [
                    {"target": "mu", "kind": "step", "at": "500 ms", "amplitude": "1 mV/ms"},
                    {"target": "mu", "kind": "step", "at": "700 ms", "amplitude": "1 mV/ms"},
                    {"target": "sigma", "kind": "step", "at": "500 ms", "amplitude": "-1 V/sqrt(s)"},
                ],
            }
        },
    }
    network = load(document)
    t = np.array([-0.1, 0.0, 0.5, 0.8])
    mu, sigma = drive(network.populations["E"], network.protocols["p"], t)
    assert mu == pytest.approx([0.75, 0.75, 1.75, 2.75], rel=1e-12)
    assert sigma == pytest.approx([2, 2, 1, 1])
    assert waveforms(network.protocols["p"], "E", "mu").breakpoints.tolist() == [0.5, 0.7]
    assert waveforms(network.protocols["p"], "nobody", "mu")(t).tolist() == [0, 0, 0, 0]
    with pytest.raises(UsageError, match="mu, sigma"):
        waveforms(network.protocols["p"], "E", "I_e")


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


small = st.floats(-3, 3)
times = st.tuples(st.floats(0, 0.9), st.floats(0.01, 1)).map(lambda p: (p[0], min(p[0] + p[1], 1.0)))


@settings(max_examples=150, deadline=None)
@given(
    times,
    small,
    st.floats(0.01, 30),
    st.floats(0, 30),
    st.floats(-7, 7),
    st.sampled_from(["step", "ramp", "sine", "chirp"]),
)
def test_lowest_is_never_above_the_waveform(span, amplitude, f, g, phase, kind):
    at, until = span
    p = {"at": at, "until": until, "amplitude": amplitude, "frequency": f, "f_start": g, "f_stop": f, "phase": phase}
    shape = KINDS[kind]
    used = {q.name: p[q.name] for q in shape.parameters}
    t = np.linspace(0, 1, 3001)
    wave = shape.make(used, SPAN)(t)
    low = piecewise_linear(*shape.lowest(used, SPAN))(t)
    assert np.all(low <= wave + 1e-9)
    inside = (t >= at) & (t <= until)
    if inside.sum() > 500:
        assert low[inside].min() >= wave[inside].min() - 0.05 * abs(amplitude)


def test_registry_is_complete():
    """Every kind is under its own name; parameters have units and documentation; every target has a unit."""
    from pathlib import Path

    import popdyn.stimuli as package

    assert set(TARGETS) == {"mu", "sigma"}
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.doc
        assert all(p.doc and p.unit for p in kind.parameters)
    files = {path.stem for path in Path(package.__file__).parent.glob("*.py")} - {"__init__", "base", "piecewise"}
    assert files == {"csv", "oscillation", "ou", "pulse", "ramp", "step"}
