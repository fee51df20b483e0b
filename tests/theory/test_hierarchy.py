"""Newton's state against the marched one, and the response against the slope of the f-I curve."""

import numpy as np
import pytest

from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.theory.problem import CLOSURES, W_UNIT

ADAPTING = {"model": "adex", "tau_w": "60 ms", "b": "80 pA", "a": "4 nS", "E_w": "-80 mV"}


def spec(t_ref="0 ms", mu=1.5, sigma=2.0, duration="1500 ms", stimulus=(), **neuron):
    return load({
        "schema": 1,
        "name": "test",
        "populations": {"E": {
            "size": 100,
            "neuron": {**ADAPTING, "t_ref": t_ref, **neuron},
            "noise": {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"},
        }},
        "protocols": {"p": {"duration": duration, "transient": "500 ms", "stimulus": list(stimulus)}},
    })  # fmt: skip


@pytest.mark.parametrize("t_ref", ["0 ms", "2 ms"])
@pytest.mark.parametrize("closure", CLOSURES)
def test_newton_finds_what_marching_reaches(closure, t_ref):
    """Rate, mean V and mean w after 2 s of marching, to 1e-6: two codes of the same equations."""
    network = spec(t_ref)
    density = Density(network, closure=closure)
    end = density.simulate("p").isel(run=0, population=0, time=-1)
    state = density.state("E")
    assert state.rate == pytest.approx(float(end.rate), rel=2e-6)
    assert state.V_mean == pytest.approx(float(end.V_mean), rel=1e-6)
    assert state.w_mean * W_UNIT == pytest.approx(float(end.w_mean), rel=2e-6)


@pytest.mark.parametrize("closure", ["mean", "hermite2", "cumulant3"])
def test_response_at_zero_frequency_is_the_slope_of_the_fI_curve(closure):
    """d rate/d mu from the resolvent against a central difference of the stationary rate: 1e-5."""
    density = Density(spec("2 ms"), closure=closure)
    mu, step = density.problems["E"].mu, 2e-3
    low, high = density.transfer("E", np.array([mu - step, mu + step]))
    slope = (high.rate - low.rate) / (2 * step)
    at_zero, nearly = density.linear_response(np.array([0.0, 1e-6]), population="E")
    assert at_zero.real == pytest.approx(slope, rel=1e-5)
    assert abs(at_zero.imag) < 1e-9 * abs(slope)
    assert abs(nearly - at_zero) < 1e-5 * abs(slope)


def test_response_to_D_at_zero_frequency():
    density = Density(spec("2 ms"))
    problem = density.problems["E"]
    step = 1e-4 * problem.D
    rates = [density.state("E", sigma=float(np.sqrt(2 * (problem.D + s)))).rate for s in (-step, step)]
    at_zero = density.linear_response(np.zeros(1), population="E", target="D")[0]
    assert at_zero.real == pytest.approx((rates[1] - rates[0]) / (2 * step), rel=1e-4)


@pytest.mark.parametrize("frequency", [10.0, 100.0, 300.0])
@pytest.mark.parametrize("target", ["mu", "D"])
def test_response_against_a_small_sine(frequency, target):
    """Fundamental of the marched density's answer to a 2 % sine, adaptation in the loop: 1 % of the largest |H|."""
    amplitude = 0.03 if target == "mu" else 0.02
    kind = {
        "population": "E", "kind": "sine", "frequency": f"{frequency} Hz", "until": "1 s",
        "target": "mu" if target == "mu" else "sigma",
        "amplitude": f"{amplitude} mV/ms" if target == "mu" else f"{amplitude} mV/sqrt(ms)",
    }  # fmt: skip
    density = Density(spec("2 ms", duration="1 s", stimulus=[kind]), dt=5e-5)
    trace = density.simulate("p").isel(run=0, population=0)
    late = trace.time.values > 0.5
    t, r = trace.time.values[late], trace.rate.values[late]
    wave = np.exp(-2j * np.pi * frequency * t)
    fundamental = 2.0 * np.mean((r - r.mean()) * wave) / np.sinc(frequency * 1e-3)
    sigma = density.problems["E"].sigma
    size = amplitude if target == "mu" else sigma * amplitude * 1e-3 / np.sqrt(1e-3)
    measured = fundamental * 1j / size  # sine, not cosine
    grid = np.array([0.0, 5.0, 10.0, 20.0, 40.0, 80.0, frequency])
    H = density.linear_response(grid, population="E", target=target)
    assert abs(measured - H[-1]) < 0.01 * np.abs(H).max()


def test_without_adaptation_every_closure_is_the_same_density():
    network = spec(a="0 nS", b="0 pA")
    rates = {closure: Density(network, closure=closure).rates()["E"] for closure in CLOSURES}
    assert len(set(rates.values())) == 1
