"""Responses without adaptation: slopes of the stationary rate, the limit of small jumps, spectra."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.spec import load
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode, without_padding
from popdyn.theory.hierarchy import linear_response
from popdyn.theory.jumps import aligned_operator, make_jumps
from popdyn.theory.problem import density_problem
from popdyn.theory.renewal import spike_spectrum
from popdyn.theory.stationary import find_stationary
from popdyn.theory.train_response import TrainNode

LIF = {
    "model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV",
    "t_ref": "2 ms",
}  # fmt: skip


def problem(mu, sigma):
    noise = {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 100, "neuron": LIF, "noise": noise}}})
    return density_problem(network.populations["E"])


def node(J=0.2e-3, rate=5000.0, parts=2):
    """Excitation alone: rest at rate J tau_m = 20 mV."""
    whole = problem(rate * J, np.sqrt(rate) * J * 1e3 * np.sqrt(1e-3))
    op = aligned_operator(replace(whole, mu=0.0, sigma=0.0), J, -0.015, whole.D, parts)
    return FrozenNode(op, make_jumps(op, [[(1.0, J)]]), 0.0, 0.0, np.array([rate]), whole.t_ref)


def test_at_frequency_zero_it_is_the_slope():
    """By mu, by D (white noise beside the jumps) and by the rate of the jumps."""
    base = replace(node(), D=2e-5)
    slopes = base.response(np.zeros(1))[:, 0].real
    for row, step, change in (
        (0, 1e-4, lambda s: replace(base, mu=s)),
        (1, 1e-8, lambda s: replace(base, D=base.D + s)),
        (2, 0.1, lambda s: replace(base, rates=base.rates + s)),
    ):
        difference = (change(step).rate - change(-step).rate) / (2 * step)
        assert slopes[row] == pytest.approx(difference, rel=1e-4), row


def test_small_jumps_are_diffusion():
    """J at 0.5 % of the span: the response to the jumps' rate is J H_mu + J^2/2 H_D within 1.5 % of it at 0."""
    J, rate = 0.05e-3, 18_000.0
    frequencies = np.array([0.0, 5.0, 30.0, 100.0])
    found = node(J, rate, 1).response(2j * np.pi * frequencies)[2]
    whole = problem(rate * J, np.sqrt(rate) * J * 1e3 * np.sqrt(1e-3))
    op = choose_grid(whole, Domain(whole.mu, whole.mu, whole.sigma, whole.sigma), refine=2.0).operator
    h = whole.hierarchy("mean")
    state = find_stationary(op, h, whole.mu, whole.D)
    omega = 2 * np.pi * frequencies
    to_mu, to_D = (linear_response(op, h, state, omega, target) for target in ("mu", "D"))
    expected = J * to_mu + 0.5 * J**2 * to_D
    assert np.abs(found - expected).max() < 0.015 * abs(expected[0])
    assert node(J, rate, 1).spectrum(frequencies) == pytest.approx(
        spike_spectrum(op, h, state, frequencies), abs=0.015 * state.rate
    )


def test_jumps_fire_at_once():
    """At high frequency the response is the share of neurons within a jump of the threshold, not zero."""
    base = node()
    at_once = base.response(np.array([2j * np.pi * 1e5]))[2, 0]
    through = base.rate / base.rates[0]  # without white noise every spike is made by a jump
    assert abs(at_once - through) < 0.05 * through


def test_padding_is_taken_off():
    base = node()
    n = base.operator.width.size
    op, jumps = without_padding(base.operator, base.jumps)
    assert op.width.size == n
    more = 3
    none, same = np.zeros((3, more)), np.full(more, op.width[0])
    padded = op._replace(
        width=np.append(same, op.width), up=np.hstack([none, op.up]), down=np.hstack([none, op.down]),
        reset=np.append(none[0], op.reset), centre=np.append(op.centre[0] - same.cumsum()[::-1], op.centre),
        drift=np.append(same, op.drift), spacing=np.append(same, op.spacing),
    )  # fmt: skip
    wide = jumps._replace(
        band=np.pad(jumps.band, ((0, 0), (more, 0), (0, 0))), out=np.pad(jumps.out, ((0, 0), (more, 0))),
        matrix=np.pad(jumps.matrix, ((more, 0), (0, 0))),
    )  # fmt: skip
    cut, cut_jumps = without_padding(padded, wide)
    assert cut.width.size == n
    assert replace(base, operator=cut, jumps=cut_jumps).rate == pytest.approx(base.rate, rel=1e-12)


def white_node(neuron=LIF, refine=1.0):
    """Without jumps, on its own grid."""
    noise = {"mu": "0.9 mV/ms", "sigma": "0.8 mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 100, "neuron": neuron, "noise": noise}}})
    whole = density_problem(network.populations["E"])
    domain = Domain(whole.mu, whole.mu, whole.sigma, whole.sigma)
    op = choose_grid(whole, domain, tolerance=1e-3, refine=refine).operator
    return FrozenNode(op, make_jumps(op, []), whole.mu, whole.D, np.zeros(0), whole.t_ref)


def test_noise_of_all_frequencies_is_white():
    """int K df = (d rate/d D)/2; at a hard threshold to 2 % on 280 cells, error falling like the width of a cell."""
    frequencies = np.append(0.0, np.geomspace(0.02, 2e7, 700))
    found = white_node({**LIF, "model": "eif", "Delta_T": "2 mV", "V_th": "15 mV", "V_peak": "30 mV"}, 2.0)
    whole = 2.0 * np.trapezoid(found.noise_response(frequencies), frequencies)
    assert whole == pytest.approx(0.5 * found.response(np.zeros(1))[1, 0].real, rel=0.01)


def test_weak_coloured_noise():
    """A dip of 1 % of the noise, carried in moments by TrainNode, to second order."""
    found, beta, gamma = white_node(), 60.0, 30.0
    sigma2 = 0.02 * found.D
    frequencies = np.append(0.0, np.geomspace(0.05, 2e3, 200))
    omega = 2.0 * np.pi * frequencies
    dip = ((beta - gamma) ** 2 + omega**2) / (beta**2 + omega**2) - 1.0
    change = 2.0 * np.trapezoid(found.noise_response(frequencies) * sigma2 * dip, frequencies)
    assert change == pytest.approx(TrainNode(found, beta, gamma, sigma2).rate - found.rate, rel=0.01)
