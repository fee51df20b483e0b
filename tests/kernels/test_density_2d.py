"""The two-dimensional kernel: conservation, order in time, dead time, agreement with independent theory."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.rungs.density_2d import Density2D, march, narrowed, outer_domain, step_drive
from popdyn.spec.network import Initial, Network, Neuron, PoissonDrive, Population, Protocol, Stimulus, WhiteNoise
from popdyn.theory.stationary_2d import stationary_2d
from popdyn.theory.threshold_integration import threshold_response, threshold_state

ROOT_MS = np.sqrt(1e-3)
ADEX = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "Delta_T": 1.5e-3, "V_peak": -40e-3, "V_reset": -70e-3,
    "t_ref": 0.0, "I_e": 0.0, "a": 4e-9, "b": 80e-12, "tau_w": 0.06, "E_w": -80e-3,
}  # fmt: skip
MIXED = (
    Stimulus("E", "mu", "ou", {"std": 0.4, "tau": 0.05}),
    Stimulus("E", "mu", "step", {"at": 0.02, "until": 0.1, "amplitude": 0.7}),
    Stimulus("E", "sigma", "step", {"at": 0.12, "until": 0.18, "amplitude": 1.0 * ROOT_MS}),
)

SMOOTH = (
    Stimulus("E", "mu", "sine", {"at": 0.0, "until": 0.2, "frequency": 15.0, "amplitude": 0.8, "phase": 0.0}),
    Stimulus(
        "E", "sigma", "sine", {"at": 0.0, "until": 0.2, "frequency": 25.0, "amplitude": 0.5 * ROOT_MS, "phase": 0.0}
    ),
)


def population(mu=1.5, sigma=2.0, **changes):
    initial = Initial(-65e-3, 5e-3, 100e-12, 20e-12)
    return Population("E", 1000, Neuron("adex", ADEX | changes), WhiteNoise(mu, sigma * ROOT_MS), (), initial)


def run(neurons, protocol, cells=48, w_nodes=48, dt=2.5e-4):
    domain = outer_domain(neurons, *step_drive(neurons, protocol, 1e-3))
    return march(neurons, protocol, domain, cells, w_nodes, dt)


@pytest.mark.parametrize(
    "changes",
    [{}, *({"t_ref": t} for t in (2e-3, 1.7e-3, 1e-4)), {"a": 0.0}, {"b": 0.0}, {"a": 0.0, "b": 0.0, "t_ref": 2e-3}],
)
def test_mass_is_conserved_and_the_density_of_V_is_positive(changes):
    neurons = population(**changes)
    result = run(neurons, Protocol("mixed", 0.2, 0.05, 1, MIXED))
    assert np.max(np.abs(result.mass_error)) < 1e-12
    assert result.least.min() > -1e-9
    assert result.rate.max() > 20.0


@pytest.mark.parametrize("t_ref", [0.0, 2e-3])
@pytest.mark.parametrize("stimuli", [SMOOTH, MIXED[1:]])
def test_second_order_in_time(t_ref, stimuli):
    """Where the drive is smooth or jumps between steps (Ornstein-Uhlenbeck input is rougher than the order counts)."""
    neurons, protocol = population(t_ref=t_ref), Protocol("moving", 0.2, 0.05, 1, stimuli)
    rates = [run(neurons, protocol, dt=dt).rate[60:] for dt in (2.5e-4, 1.25e-4, 0.625e-4)]
    first, second = np.std(rates[0] - rates[1]), np.std(rates[1] - rates[2])
    assert np.log2(first / second) == pytest.approx(2.0, abs=0.1)
    assert first / 3 < 1e-3 * np.std(rates[2])


@pytest.mark.parametrize("changes", [{}, {"t_ref": 2e-3}, {"t_ref": 1.7e-3}, {"a": 0.0, "tau_w": 0.03, "b": 100e-12}])
def test_settles_on_the_stationary_state(changes):
    """The marched density and the spike-to-spike chain are separate codes on the same cells."""
    neurons = population(**changes)
    protocol = Protocol("rest", 0.05, 0.55, 0)
    data = Density2D(Network("n", {"E": neurons}, {"rest": protocol}), cells=64, w_nodes=48).simulate("rest")
    state = stationary_2d(neurons.neuron.parameters, "adex", 1.5, 2.0 * ROOT_MS)[0]
    assert float(data.rate[0, -1, 0]) == pytest.approx(state.rate, rel=2e-4)
    assert float(data.V_mean[0, -1, 0]) == pytest.approx(state.V_mean, abs=5e-6)
    assert float(data.w_mean[0, -1, 0]) == pytest.approx(state.w_mean, rel=2e-4)


@pytest.mark.parametrize("target", ["mu", "sigma"])
def test_small_sine_is_the_linear_response_without_adaptation(target):
    neurons = population(mu=1.0, sigma=1.5, a=0.0, b=0.0, t_ref=2e-3)
    p, f, amplitude = neurons.neuron.parameters, 40.0, 1e-3 if target == "mu" else 1e-3 * ROOT_MS
    wave = {"at": 0.0, "until": 0.3, "frequency": f, "amplitude": amplitude, "phase": 0.0}
    sine = Stimulus("E", target, "sine", wave)
    protocol = Protocol("sine", 0.3, 0.2, 0, (sine,))
    data = Density2D(Network("n", {"E": neurons}, {"sine": protocol}), cells=96).simulate("sine")
    t, rate = data.time.values[-200:], data.rate.values[0, -200:, 0]
    turn = np.exp(-2j * np.pi * f * t)
    measured = 2j * np.mean((rate - rate.mean()) * turn) / amplitude / np.sinc(f * 1e-3)
    response = threshold_response(p, "eif", 1.0, 1.5 * ROOT_MS, f, target="mu" if target == "mu" else "D").rate[0]
    expected = response if target == "mu" else response * 1.5 * ROOT_MS
    assert abs(measured / expected - 1) < 2e-3
    assert rate.mean() == pytest.approx(threshold_state(p, "eif", 1.0, 1.5 * ROOT_MS).rate, rel=1e-4)


def test_dead_time_is_continuous_in_its_length():
    """A dead time just off a whole number of steps takes the interpolating branch."""
    protocol = Protocol("mixed", 0.2, 0.05, 1, MIXED)
    whole, off = (run(population(t_ref=t), protocol).rate for t in (2e-3, 2e-3 + 1e-8))
    assert np.max(np.abs(whole - off)) < 1e-3


def test_poisson_drive_and_current_are_mean_and_variance():
    protocol = Protocol("rest", 0.05, 0.05, 0)
    white = population(mu=1.5, sigma=2.0)
    source = PoissonDrive(100, 5.0, 1e-3)
    rest = WhiteNoise(1.5 - 0.5 - 0.2, np.sqrt((2.0 * ROOT_MS) ** 2 - 100 * 5.0 * 1e-6))
    current = Neuron("adex", white.neuron.parameters | {"I_e": 0.2 * ADEX["C_m"]})
    shot = replace(white, neuron=current, noise=rest, poisson=(source,))
    assert run(shot, protocol).rate == pytest.approx(run(white, protocol).rate, rel=1e-9)
    rates = [Density2D(Network("n", {"E": p}, {})).rates()["E"] for p in (shot, white)]
    assert rates[0] == pytest.approx(rates[1], rel=1e-9)


def test_narrowed_domain_changes_nothing():
    neurons, protocol = population(t_ref=2e-3), Protocol("mixed", 0.2, 0.05, 1, MIXED)
    outer = outer_domain(neurons, *step_drive(neurons, protocol, 1e-3))
    inner = narrowed(outer, march(neurons, protocol, outer, 48, 64, 2.5e-4), neurons)
    assert inner.V_lower > outer.V_lower
    assert inner.w_high < outer.w_high
    wide, tight = (
        np.tensordot([-1 / 3, 4 / 3], [march(neurons, protocol, d, 128, 64, 2.5e-4, k).rate[60:] for k in (1, 2)], 1)
        for d in (outer, inner)
    )
    assert np.sqrt(np.mean((wide - tight) ** 2)) < 3e-4 * np.std(tight)


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"t_ref": 2e-3}, {"a": 0.0, "tau_w": 0.03, "b": 100e-12}])
def test_default_trajectory_is_within_a_tenth_of_a_percent(changes):
    neurons, protocol = population(**changes), Protocol("mixed", 0.2, 0.3, 1, MIXED)
    network = Network("n", {"E": neurons}, {"mixed": protocol})
    usual = Density2D(network).simulate("mixed").rate.values[0, 300:, 0]
    finer = Density2D(network, cells=256, w_nodes=96, dt=1.25e-4).simulate("mixed").rate.values[0, 300:, 0]
    assert np.sqrt(np.mean((usual - finer) ** 2)) < 1e-3 * np.std(finer)
