"""Each kind is the function its documentation says; random ones are the same for everybody who asks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from popdyn.errors import UsageError
from popdyn.spec import load
from popdyn.stimuli import KINDS, Span, drive, piecewise_linear, waveforms

SPAN = Span(duration=1.0, transient=0.2, seed=3, index=0)


def test_piecewise_linear_equals_interp_where_there_are_no_jumps():
    rng = np.random.default_rng(0)
    times = np.sort(rng.uniform(0, 1, 50))
    values = rng.normal(size=50)
    t = rng.uniform(times[0], 2, 1000)
    assert piecewise_linear(times, values)(t) == pytest.approx(np.interp(t, times, values), abs=1e-12)


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
