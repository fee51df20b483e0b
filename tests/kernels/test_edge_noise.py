"""Noise of finite size: its spectrum against renewal theory, by algebra and as drawn; without end, without noise."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from popdyn.kernels import density_1d as kernel
from popdyn.kernels.edge_noise import Noise, no_noise, normal
from popdyn.kernels.jumps import no_jumps
from popdyn.kernels.operators import Hierarchy, assemble_fitted
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Protocol
from popdyn.theory.grid import frozen_state
from popdyn.theory.renewal import renewal_spectrum, spike_spectrum
from popdyn.theory.stationary import find_stationary

SIZE = 1000
LIF = {"model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV"}
ADEX = {"model": "adex", "t_ref": "2 ms", "tau_w": "60 ms", "b": "60 pA", "a": "4 nS"}
DRIVES = {
    "fluctuations": {"mu": "0.75 mV/ms", "sigma": "1.2 mV/sqrt(ms)"},
    "mean": {"mu": "1.0 mV/ms", "sigma": "1 mV/sqrt(ms)"},
}
FREQUENCIES = np.array([1.0, 3.0, 10.0, 30.0, 60.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 600.0])


def uncoupled(neuron, noise):
    population = {"size": SIZE, "neuron": neuron, "noise": noise}
    return load({"schema": 1, "populations": {"E": population}})


def spectrum_of_the_scheme(network, dt, frequencies):
    """Two-sided spectrum [1/s] of the counted spikes, times N, of BDF2 with its noise, by its z-transform.

    With z = exp(-i omega dt), BDF2 is (1 - z)(1 - z/3) W p = 2/3 dt (M p + reset z^(t_ref/dt) R) + (1 - z/3) dB,
    and the spikes counted in a step are 2/3 dt R / (1 - z/3).
    """
    grid = CoupledDensity(network).derivation.grids[0]
    op, problem = grid.operator, grid.problem
    up, down = np.zeros(op.width.size), np.zeros(op.width.size)
    assemble_fitted(op, problem.mu, problem.D, np.zeros(0), 0.0, up, down)
    M = np.diag(-up) - np.diag(np.append(0.0, down[:-1])) + np.diag(up[:-1], -1) + np.diag(down[:-1], 1)
    edges = np.eye(op.width.size, k=-1) - np.eye(op.width.size)  # a crossing takes from its cell, gives to the next
    p = frozen_state(op._replace(up=np.stack([up, 0 * up, 0 * up]), down=np.stack([down, 0 * up, 0 * up])), 0.0, 0.0,
                     problem.t_ref)[1]  # fmt: skip
    variance = up * p + down * np.append(p[1:], 0.0)  # of the flow over each edge, per neuron and time
    fire = np.zeros(op.width.size)
    fire[-1] = up[-1]
    found = []
    for f in frequencies:
        z, late, step = np.exp(-2j * np.pi * f * dt), np.exp(-2j * np.pi * f * problem.t_ref), 2.0 * dt / 3.0
        whole = np.diag((1.0 - z) * (1.0 - z / 3.0) * op.width) - step * M - step * late * np.outer(op.reset, fire)
        noise = (1.0 - z / 3.0) * edges.astype(complex)
        noise[:, -1] += (1.0 - z / 3.0) * late * op.reset
        flux = fire @ np.linalg.solve(whole, noise)
        flux[-1] += (1.0 - z / 3.0) / step
        counted = flux * step / (1.0 - z / 3.0)
        found.append(float((np.abs(counted) ** 2) @ variance))
    return np.array(found)


def renewal(network, frequencies):
    population = network.populations["E"]
    noise = population.noise
    return renewal_spectrum(population.neuron.parameters, population.neuron.model, noise.mu, noise.sigma, frequencies)


@pytest.mark.parametrize("drive", DRIVES)
@pytest.mark.parametrize("t_ref", ["0 ms", "2 ms"])
@pytest.mark.parametrize(("dt", "highest"), [(5e-5, 600.0), (1e-4, 500.0)])
def test_spectrum_of_an_uncoupled_population(drive, t_ref, dt, highest):
    """1 to 600 Hz within 1 % of the renewal spectrum at dt = 0.05 ms; at 0.1 ms up to 500 Hz."""
    network = uncoupled({**LIF, "t_ref": t_ref}, DRIVES[drive])
    f = FREQUENCIES[highest >= FREQUENCIES]
    ratio = spectrum_of_the_scheme(network, dt, f) / renewal(network, f)
    assert np.max(np.abs(ratio - 1.0)) < 0.01


EDGES = np.array([1, 6, 16, 40, 80, 140, 220, 320, 480])  # [1/s] of the bands
SEGMENT = 1000  # bins of 1 ms


def drawn_spectrum(network, duration, **options):
    """N times the spectrum of the population rate in the bands, and its relative standard errors."""
    density = CoupledDensity(network, finite=True, **options)
    rate = density.simulate(Protocol("p", duration, 0.5, 0), seed=3)["rate"].sel(time=slice(0.0, None)).values[0, :, 0]
    parts = rate.reshape(-1, SEGMENT)
    power = (np.abs(np.fft.rfft(parts - rate.mean(), axis=1)) ** 2).mean(axis=0) * 1e-3 / SEGMENT * SIZE
    bands = list(pairwise(EDGES))
    error = np.array([1.0 / np.sqrt((high - low) * len(parts)) for low, high in bands])  # of exponential variables
    return np.array([power[low:high].mean() for low, high in bands]), error, float(rate.mean())


def binned(frequencies, dt, spectrum):
    """What a spectrum of steps of dt becomes in bins of 1 ms: attenuated, and folded back from above 500 Hz."""
    steps, known = round(1e-3 / dt), np.geomspace(1.0, 0.5 / dt, 60)
    values, total = spectrum(known), np.zeros(len(frequencies))
    for fold in range(steps):
        f = frequencies + 1000.0 * fold
        kept = np.sin(np.pi * f * dt * steps) / (steps * np.sin(np.pi * f * dt))
        total += np.interp(np.minimum(f, 1.0 / dt - f), known, values) * kept**2
    return total


def in_bands(dt, spectrum):
    middle = 0.5 * (EDGES[1:] + EDGES[:-1] - 1.0)
    at = np.concatenate([[low, m, high - 1] for low, m, high in zip(EDGES, middle, EDGES[1:], strict=False)])
    low, mid, high = binned(at.astype(float), dt, spectrum).reshape(-1, 3).T
    return (low + 4.0 * mid + high) / 6.0


@pytest.mark.parametrize("drive", DRIVES)
def test_the_noise_drawn_has_that_spectrum(drive):
    """20 s of 1000 neurons in 8 bands, 3 standard errors: false alarm of 2 % for another seed."""
    network = uncoupled({**LIF, "t_ref": "2 ms"}, DRIVES[drive])
    found, error, mean = drawn_spectrum(network, 20.0)
    expected = in_bands(1e-4, lambda f: spectrum_of_the_scheme(network, 1e-4, f))
    assert np.all(np.abs(found / expected - 1.0) < 3.0 * error)
    rate = CoupledDensity(network).derivation.point.rates[0]
    assert mean == pytest.approx(rate, abs=3.0 * np.sqrt(renewal(network, [1e-3])[0] / SIZE / 20.0) + 1e-3 * rate)


def test_adapting_neurons_fluctuate_as_their_own_hierarchy_says():
    """10 s of 1000 AdEx neurons (`hermite2`, w drawn with every crossing) against the spectrum of its linear response.

    At dt = 0.025 ms: 3 standard errors and 4 %, for what BDF2 takes above 1 kHz and bins of 1 ms fold back (at 0.1 ms
    10 % of the highest band, 1 % of the spectrum itself).
    """
    network = uncoupled(ADEX, {"mu": "1.2 mV/ms", "sigma": "2 mV/sqrt(ms)"})
    found, error, mean = drawn_spectrum(network, 10.0, closure="hermite2", dt=2.5e-5)
    grid = CoupledDensity(network, closure="hermite2").derivation.grids[0]
    h = grid.problem.hierarchy("hermite2")
    state = find_stationary(grid.operator, h, grid.problem.mu, grid.problem.D)
    expected = in_bands(1e-4, lambda f: spike_spectrum(grid.operator, h, state, f))
    assert np.all(np.abs(found / expected - 1.0) < 3.0 * error + 0.04)
    assert mean == pytest.approx(state.rate, rel=0.01)


@pytest.mark.parametrize("order", [0, 2])
def test_infinitely_many_neurons_are_the_deterministic_code(order):
    """Bit for bit, at 1e300 neurons."""
    network = uncoupled(ADEX, DRIVES["mean"])
    grid = CoupledDensity(network, closure="hermite2").derivation.grids[0]
    op, n = grid.operator, grid.operator.width.size
    problem = grid.problem.hierarchy("hermite2")
    h = problem if order else Hierarchy(*problem[:-2], 0, problem.closure)
    states = []
    for noise in (
        no_noise(),
        Noise(np.array([1e300]), np.arange(1, 5).astype(np.uint64), np.zeros((1, n, 5)), np.zeros((2, n)), np.zeros(2)),
    ):
        fields = np.zeros((3, n, 8))
        fields[:, :, 0] = 1.0 / op.width.sum()
        fields[:, :, 2] = 0.1 * fields[:, :, 0]
        scalars = np.zeros((3, kernel.SCALARS))
        for level in range(3):
            kernel.measure(op, h.order, fields[level], scalars[level])
        past = np.zeros((int(h.t_ref / 1e-4) + 2, kernel.PAST))
        state = kernel.State(
            fields, scalars, past, np.zeros((5, n)), np.zeros((n, 8)), np.zeros(1, np.int64), np.zeros((6, 8))
        )
        none = no_jumps(n)
        for k in range(300):
            alone = (none, np.zeros(0), noise, state.star, np.zeros(3), np.zeros(0))
            kernel.advance(op, h, state, 1.2, 1e-3, 1e-4, k == 0, 0, *alone)
        states.append(state)
    np.testing.assert_array_equal(states[0].fields, states[1].fields)
    np.testing.assert_array_equal(states[0].scalars, states[1].scalars)


def test_seeds_are_reproducible():
    density = CoupledDensity(uncoupled({**LIF, "t_ref": "2 ms"}, DRIVES["mean"]), finite=True)
    protocol = Protocol("p", 0.2, 0.0, 0)
    first, again, other = (density.simulate(protocol, seed=s)["rate"].values for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_generator_is_standard_normal_to_its_fourth_moment():
    """100,000 draws, 4 standard errors; kurtosis of 64 heads is 3 - 1/32."""
    words = np.random.SeedSequence(5).generate_state(4, np.uint64)
    x = np.array([normal(words) for _ in range(100_000)])
    assert abs(x.mean()) < 4.0 / np.sqrt(x.size)
    assert abs((x**2).mean() - 1.0) < 4.0 * np.sqrt(2.0 / x.size)
    assert abs((x**4).mean() - (3.0 - 1.0 / 32.0)) < 4.0 * np.sqrt(96.0 / x.size)
    assert abs(np.mean(x[1:] * x[:-1])) < 4.0 / np.sqrt(x.size)
