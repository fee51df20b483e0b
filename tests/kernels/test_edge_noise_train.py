"""Finite size under regular presynaptic trains, against neurons of their own noise; what noise conserves."""

import numpy as np
import pytest
from numba import njit

from popdyn.kernels import density_1d as kernel
from popdyn.kernels.density_state import TRAIN
from popdyn.kernels.edge_noise import Noise, no_noise
from popdyn.kernels.edge_noise_train import add_regular_noise
from popdyn.kernels.jumps import no_jumps
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.march import first_state
from popdyn.spec import load

SIZE, BETA, GAMMA = 500, 250.0, 150.0  # (1 - gamma/beta)^2 = 0.16 of the power of white noise is left at 0 Hz
TAU, V_TH, V_RESET, MU, SIGMA = 20e-3, 20e-3, 10e-3, 1.0, 0.04  # [s], [V], [V/s], [V/sqrt(s)]
WINDOW = 50e-3  # [s]
NEURON = {"model": "lif", "C_m": "200 pF", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV"}


def population():
    noise = {"mu": f"{MU} mV/ms", "sigma": f"{SIGMA * 1e3 / np.sqrt(1e3)} mV/sqrt(ms)"}
    return load({"schema": 1, "populations": {"E": {"size": SIZE, "neuron": NEURON, "noise": noise}}})


def a_noise(cells, neurons, seed):
    words = np.random.SeedSequence(seed).generate_state(4, np.uint64)
    kick = np.array([GAMMA, 1.0])
    return Noise(np.array([neurons]), words, np.zeros((1, cells, kernel.FIELDS)), np.zeros((2, cells)), kick)


@njit
def march(op, h, smooth, rough, noise, none, jumps, train, D, dt, steps):
    """Spikes per neuron and time of every step, of a population of finite size beside its noise-free companion."""
    counts, before, no_rate, shunt = np.zeros(steps), 0.0, np.zeros(0), np.zeros(0)
    for t in range(steps):
        start = t < 5
        kernel.advance(op, h, smooth, MU, D, dt, start, kernel.FITTED, jumps, no_rate, none, smooth.star, train, shunt)
        profile = smooth.fields[(smooth.done[0] - 1) % 3]
        rate = kernel.advance(
            op, h, rough, MU, D, dt, start, kernel.FITTED, jumps, no_rate, noise, profile, train, shunt
        )
        before = rate if start else (2.0 * rate + before) / 3.0
        counts[t] = before
    return counts


@njit
def neurons(count, duration, dt, seed):
    """Counts of every neuron per window: dV = (mu - V/tau) dt + sigma (dxi - y dt), dy = -beta y dt + gamma dxi."""
    np.random.seed(seed)
    windows, per = round(duration / WINDOW), round(WINDOW / dt)
    found, barrier = np.zeros((count, windows)), V_TH - 0.5826 * SIGMA * np.sqrt(dt)
    for i in range(count):
        V, y = V_RESET, 0.0
        for w in range(-4, windows):
            for _ in range(per):
                xi = np.sqrt(dt) * np.random.standard_normal()
                V += (MU - V / TAU) * dt + SIGMA * (xi - y * dt)
                y += -BETA * y * dt + GAMMA * xi
                if barrier <= V:
                    V = V_RESET
                    if w >= 0:
                        found[i, w] += 1.0
    return found


def a_population(seed, duration, gamma):
    """Rate [1/s] and variance over mean of the counts in a window, of the density of finite size."""
    grid = CoupledDensity(population(), jumps=False).derivation.grids[0]
    op, h, dt = grid.operator, grid.problem.hierarchy("mean"), 1e-4
    D, initial = 0.5 * SIGMA**2, population().populations["E"].initial
    noise = a_noise(op.width.size, float(SIZE), seed)
    noise.kick[0] = gamma
    train = np.array([BETA, gamma * SIGMA**2, gamma**2 * SIGMA**2 / (2.0 * BETA), gamma, 1.0])
    states = [first_state(op, h, initial, dt) for _ in range(2)]
    counts = march(
        op, h, *states, noise, no_noise(), no_jumps(op.width.size), train, D, dt, round((duration + 0.3) / dt)
    )[round(0.3 / dt) :]
    windows = counts.reshape(-1, round(WINDOW / dt)).sum(axis=1) * dt
    return counts.mean(), SIZE * windows.var() / windows.mean()


def test_regular_trains_make_regular_populations():
    """Variance of the counts of 500 neurons in 50 ms: within 12 % of neurons', and far from that under white noise."""
    counts = neurons(200, 10.0, 2e-5, 1)
    fano = float(np.mean(counts.var(axis=1)) / counts.mean())
    found = a_population(3, 30.0, GAMMA)
    assert found[0] == pytest.approx(counts.mean() / WINDOW, rel=0.03)
    assert found[1] == pytest.approx(fano, rel=0.12)
    assert a_population(3, 5.0, 1e-3)[1] > 1.5 * fano


def test_noise_keeps_mass_and_hands_on_what_neurons_carry():
    rng, n = np.random.default_rng(2), 12
    grid = CoupledDensity(population(), jumps=False).derivation.grids[0].operator
    op = type(grid)(*(part[..., -n:] for part in grid))
    x, outgoing = np.zeros((n, 8)), np.zeros(kernel.FLUXES)
    profile = np.zeros((n, 8))
    profile[:, 0], profile[:, TRAIN] = rng.random(n) + 1.0, rng.standard_normal(n)
    noise, up, down, step = a_noise(n, 100.0, 1), rng.random(n) + 1.0, rng.random(n) + 1.0, 1e-4
    train = np.array([BETA, 0.0, 1.0, 0.0, 1.0])
    fired = add_regular_noise(
        op, no_jumps(n), np.zeros(0), up, down, profile, noise, train, 1.0, step, 0.0, x, outgoing, step
    )
    assert np.abs(x[:, 0]).max() > 0.0
    assert x[:, 0].sum() + outgoing[0] * step == pytest.approx(0.0, abs=1e-15)
    assert x[:, TRAIN].sum() + fired * step == pytest.approx(0.0, abs=1e-15)
