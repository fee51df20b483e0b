"""Spectra of spike trains: two codes for renewal neurons, limits, and simulated neurons for adapting ones."""

import numpy as np
import pytest

from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.theory.renewal import renewal_spectrum, spike_spectrum

FREQUENCIES = np.array([0.0, 1.0, 5.0, 20.0, 50.0, 100.0, 300.0])
ADEX = {"model": "adex", "tau_w": "60 ms", "b": "80 pA", "a": "4 nS", "E_w": "-80 mV", "t_ref": "2 ms"}


def state(neuron, mu, sigma, closure="cumulant3", refine=4.0):
    noise = {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 100, "neuron": neuron, "noise": noise}}})
    density = Density(network, closure=closure, refine=refine)
    problem = density.problems["E"]
    parameters = network.populations["E"].neuron.parameters
    return density.grids["E"].operator, problem.hierarchy(closure), density.state("E"), parameters, problem


@pytest.mark.parametrize(
    ("neuron", "mu", "sigma"), [({"model": "lif"}, 0.8, 1.5), ({"model": "eif", "t_ref": "2 ms"}, 0.8, 2.0)]
)
def test_without_adaptation_it_is_the_renewal_spectrum(neuron, mu, sigma):
    """Resolvent of the density against threshold integration: 0.1 % of the rate, with refractory time."""
    op, h, at, parameters, problem = state(neuron, mu, sigma)
    found = spike_spectrum(op, h, at, FREQUENCIES)
    truth = renewal_spectrum(parameters, neuron["model"], problem.mu, problem.sigma, FREQUENCIES)
    assert found == pytest.approx(truth, abs=1e-3 * at.rate)


def test_limits_of_the_renewal_spectrum():
    """S -> r at high frequency; rare spikes far below threshold are a Poisson process."""
    _, _, _, parameters, problem = state({"model": "lif"}, 0.25, 0.8, refine=1.0)
    rare = renewal_spectrum(parameters, "lif", problem.mu, problem.sigma, np.array([0.0, 1.0, 300.0, 2000.0]))
    assert rare / rare[-1] == pytest.approx(np.ones(4), rel=0.03)


def test_adapting_spectrum_converges_over_the_closures():
    spectra = {}
    for closure in ("mean", "hermite1", "cumulant3", "cumulant4"):
        op, h, at, *_ = state(ADEX, 1.5, 2.0, closure, refine=1.0)
        spectra[closure] = spike_spectrum(op, h, at, FREQUENCIES) / at.rate
    assert spectra["cumulant3"] == pytest.approx(spectra["cumulant4"], abs=2e-3)
    assert np.abs(spectra["hermite1"] - spectra["cumulant4"]).max() > 5e-3
    assert spectra["mean"][0] < 0.0  # no density has this: w is not a number but a distribution


@pytest.mark.slow
def test_adapting_spectrum_against_simulated_neurons():
    """4,000 AdEx neurons for 4 s: bands within 2 % of the rate, five standard errors of the lowest."""
    op, h, at, parameters, problem = state(ADEX, 1.5, 2.0)
    frequencies, power, rate = simulated(parameters, problem, neurons=4000, duration=4.0)
    assert rate == pytest.approx(at.rate, rel=0.01)
    for low, high in ((0.25, 2.0), (2.0, 8.0), (8.0, 20.0), (20.0, 50.0), (50.0, 150.0)):
        band = (frequencies >= low) & (frequencies < high)
        expected = spike_spectrum(op, h, at, frequencies[band]).mean()
        assert power[band].mean() == pytest.approx(expected, abs=0.02 * at.rate), (low, high)


def simulated(p, problem, neurons, duration, dt=2e-5, bin=1e-3, warm=0.5):
    """Spectrum of single spike trains, (frequency,), averaged over neurons, by Euler steps."""
    rng = np.random.default_rng(5)
    V, w = rng.normal(-0.06, 0.003, neurons), np.full(neurons, 50e-12)
    free = np.zeros(neurons)
    per_bin, counts = round(bin / dt), []
    now = np.zeros(neurons, dtype=np.int8)
    for step in range(round((warm + duration) / dt)):
        active = free <= step * dt + 1e-12
        drift = problem.drift(np.minimum(V, p["V_peak"])) + problem.mu - w / p["C_m"]
        w += dt * (p["a"] * (V - p["E_w"]) - w) / p["tau_w"]
        V = np.where(active, V + dt * drift + problem.sigma * np.sqrt(dt) * rng.standard_normal(neurons), V)
        fired = active & (p["V_peak"] < V)
        V[fired], free[fired] = p["V_reset"], (step + 1) * dt + p["t_ref"]
        w[fired] += p["b"]
        now += fired
        if (step + 1) % per_bin == 0:
            if step * dt >= warm:
                counts.append(now)
            now = np.zeros(neurons, dtype=np.int8)
    trains = np.array(counts, dtype=float) / bin
    rate = float(trains.mean())
    power = np.abs(np.fft.rfft(trains - rate, axis=0)) ** 2 * bin / trains.shape[0]
    return np.fft.rfftfreq(trains.shape[0], bin), power.mean(axis=1), rate
