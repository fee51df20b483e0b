"""Noise of regular trains: regularity against the renewal spectrum, its filter, and neurons under noise with a dip."""

import numpy as np
import pytest
from numba import njit
from scipy.integrate import quad

from popdyn.spec import load
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.frozen_response import FrozenNode
from popdyn.theory.grid import frozen_state
from popdyn.theory.jumps import make_jumps
from popdyn.theory.problem import density_problem
from popdyn.theory.renewal import renewal_spectrum
from popdyn.theory.train_noise import Regularity, regularity
from popdyn.theory.train_response import TrainNode

TAU = 20e-3
STATES = {"mean-driven": (1.1, 1.0), "fluctuation-driven": (0.6, 2.0), "slow": (0.45, 1.0)}  # mV/ms, mV/sqrt(ms)


def lif(mu, sigma, t_ref=2.0):
    neuron = {"model": "lif", "tau_m": "20 ms", "t_ref": f"{t_ref} ms"}
    noise = {"mu": f"{mu} mV/ms", "sigma": f"{sigma} mV/sqrt(ms)"}
    network = load({"schema": 1, "populations": {"E": {"size": 100, "neuron": neuron, "noise": noise}}})
    problem = density_problem(network.populations["E"])
    domain = Domain(problem.mu, problem.mu, problem.sigma, problem.sigma)
    grid = choose_grid(problem, domain, tolerance=2e-4)
    return network.populations["E"].neuron.parameters, problem, grid.operator


def coloured_rate(op, u, D, t_ref, beta, gamma, sigma2):
    """Rate of a node in whose noise sigma2 has the dip."""
    return TrainNode(FrozenNode(op, make_jumps(op, []), u, D, np.zeros(0), t_ref), beta, gamma, sigma2).rate


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_regularity_of_the_renewal_spectrum(state):
    """CV^2 = S(0)/r, and F = int S/r 2 tau / (1 + (2 pi f tau)^2) df, by threshold integration."""
    parameters, problem, op = lif(*state)
    found = regularity(op, problem.mu, problem.D, problem.t_ref, TAU)
    rate, _ = frozen_state(op, problem.mu, problem.D, problem.t_ref)
    x = (np.arange(400) + 0.5) / 400  # f = tan(pi x / 2) / (2 pi tau): the weight is flat in x
    spectrum = renewal_spectrum(
        parameters, "lif", problem.mu, problem.sigma, np.tan(0.5 * np.pi * x) / (2 * np.pi * TAU)
    )
    zero = renewal_spectrum(parameters, "lif", problem.mu, problem.sigma, np.array([0.0]))[0]
    assert found.cv2 == pytest.approx(zero / rate, abs=2e-3)
    assert spectrum.mean() / rate == pytest.approx(found.F, abs=3e-3)


@pytest.mark.parametrize(("cv2", "F"), [(0.3, 0.6), (0.7, 0.9), (0.05, 0.8)])
def test_the_filter_has_both_numbers(cv2, F):
    beta, gamma = Regularity(cv2, F, TAU).filter()

    def spectrum(w):
        return ((beta - gamma) ** 2 + w**2) / (beta**2 + w**2)

    seen, _ = quad(lambda x: spectrum(np.tan(x) / TAU), 0.0, np.pi / 2)
    assert spectrum(0.0) == pytest.approx(cv2)
    assert seen / (np.pi / 2) == pytest.approx(F, rel=1e-6)


def test_at_another_rate_the_recovery_stays():
    trains = Regularity(0.5, 0.8, TAU)
    (beta, gamma), (faster, more) = trains.filter(), trains.at_rate(1.3).filter()
    assert more == pytest.approx(1.3 * gamma)
    assert faster - more == pytest.approx(beta - gamma)
    assert trains.at_rate(1.3).F < trains.F
    assert Regularity(1.0, 0.9, TAU).at_rate(1.3).filter() == (0.0, 0.0)


def test_irregular_trains_are_poisson():
    assert Regularity(1.0, 0.9, TAU).filter() == (0.0, 0.0)
    assert Regularity(0.8, 1.02, TAU).filter() == (0.0, 0.0)


def test_without_a_dip_it_is_the_rate_of_white_noise():
    _, problem, op = lif(0.6, 2.0)
    white, _ = frozen_state(op, problem.mu, problem.D, problem.t_ref)
    given = (op, problem.mu, problem.D, problem.t_ref)
    sigma2 = 2.0 * problem.D
    assert coloured_rate(*given, 100.0, 1e-9, sigma2) == pytest.approx(white, rel=1e-6)
    assert coloured_rate(*given, 100.0, 50.0, 0.0) == pytest.approx(white, rel=1e-9)
    slopes = [(coloured_rate(*given, 100.0, gamma, sigma2) / white - 1.0) / gamma for gamma in (0.01, 0.02)]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-3)
    assert slopes[0] < 0.0


def test_a_fast_dip_is_less_white_noise_and_a_slow_one_none():
    """beta -> infinity at fixed gamma / beta: noise of CV^2 the intensity; beta -> 0: the dip is at no frequency."""
    _, problem, op = lif(1.1, 1.0)
    given, sigma2 = (op, problem.mu, problem.D, problem.t_ref), 2.0 * problem.D
    white, _ = frozen_state(op, problem.mu, problem.D, problem.t_ref)
    assert coloured_rate(*given, 1e-3, 0.5e-3, sigma2) == pytest.approx(white, rel=1e-3)


@njit
def spikes_of(mu, sigma, t_ref, beta, gamma, neurons, transient, steps, dt, seed):
    """Spikes of LIF neurons under sigma (xi - y), y' = -beta y + gamma xi; the barrier lowered for the steps' sake."""
    np.random.seed(seed)
    barrier, count, silent = -50e-3 - 0.5826 * sigma * np.sqrt(dt), 0, round(t_ref / dt)
    for _ in range(neurons):
        V, y, held = -70e-3 + 20e-3 * np.random.random(), 0.0, 0
        for k in range(transient + steps):
            dW = np.sqrt(dt) * np.random.standard_normal()
            if held > 0:
                held -= 1
            else:
                V += dt * ((-65e-3 - V) / 20e-3 + mu) + sigma * (dW - y * dt)
                if barrier <= V:
                    V, held = -70e-3, silent
                    count += k >= transient
            y += -beta * y * dt + gamma * dW
    return count


def simulated(problem, beta, gamma, *, neurons=1000, duration=2.0, dt=5e-5):
    given = (problem.mu, problem.sigma, problem.t_ref, beta, gamma, neurons)
    return spikes_of(*given, round(0.3 / dt), round(duration / dt), dt, 1) / neurons / duration


def test_neurons_under_noise_with_a_dip():
    """Within 1 % of the simulation, and at least three times nearer to it than white noise."""
    _, problem, op = lif(*STATES["fluctuation-driven"])
    beta, gamma = Regularity(0.1, 0.5, TAU).filter()
    found = coloured_rate(op, problem.mu, problem.D, problem.t_ref, beta, gamma, 2.0 * problem.D)
    white, _ = frozen_state(op, problem.mu, problem.D, problem.t_ref)
    truth = simulated(problem, beta, gamma)
    assert found == pytest.approx(truth, rel=0.01)
    assert abs(white / truth - 1.0) > 3.0 * abs(found / truth - 1.0)
