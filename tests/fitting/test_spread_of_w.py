"""The law of the spread of w that units of nodes follow, against the density's own variance of w."""

import numpy as np
import pytest

from popdyn.fitting.node_target import node_target
from popdyn.kernels.unit_law import spread_after
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_nodes import groups_of
from popdyn.rungs.modes_training import SETTLE, march_through
from popdyn.spec import load
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import W_UNIT

B, TAU_W, LOSS = 60e-12, 0.2, 4.5
DRIVES = (0.6, 0.9, 1.1, 1.6, 2.5, 4.0, 8.0, 15.0)  # [V/s]
SIGMA, BIN = 0.052, 1e-3


@pytest.fixture(scope="module")
def node():
    """A node that excites itself."""
    neuron = {
        "model": "adex", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-65 mV", "V_th": "-50 mV", "Delta_T": "1.5 mV",
        "V_peak": "-40 mV", "V_reset": "-70 mV", "a": "4 nS", "b": "60 pA", "tau_w": "200 ms", "E_w": "-80 mV",
    }  # fmt: skip
    wire = {"pre": "E", "post": "E", "rule": "fixed_indegree", "K": 100, "J": "0.1 mV", "delay": "3 ms"}
    population = {"size": 1000, "neuron": neuron, "noise": {"mu": "1.1 mV/ms", "sigma": "1.65 mV/sqrt(ms)"}}
    density = CoupledDensity(load({"schema": 1, "populations": {"E": population}, "connections": [wire]}))
    (group,) = groups_of(density.derivation)
    domain = Domain(0.0, 16.0, 0.9 * SIGMA, 1.1 * SIGMA)
    target = node_target(density.network, "E", group, domain, (1.1, SIGMA), density.closure, density.dt)
    return target.groups[0][1]


def variance_of_w(fields, node):
    """Of fields (..., cell, order) [A^2]."""
    q_0, q_2 = (fields[..., k] @ node.operator.width for k in (0, 2))
    return q_2 / q_0 * W_UNIT**2


def test_one_number_gives_the_stationary_spread_from_1_to_160_hz(node):
    """Without the loss it would be b^2 tau_w rate/2, at 160 Hz eighty times as much."""
    states = [node._state(mu, SIGMA) for mu in DRIVES]
    rate = np.array([state.rate for state in states])
    variance = np.array([variance_of_w(state.fields, node) for state in states])
    law = B**2 * rate / (2.0 / TAU_W + LOSS * rate)
    assert rate[0] < 1.0
    assert rate[-1] > 150.0
    assert np.max(np.abs(law / variance - 1.0)) < 0.12
    assert 0.5 * B**2 * TAU_W * rate[-1] > 50.0 * variance[-1]


def test_it_follows_bursts_and_what_comes_after_them(node):
    """Two bursts of 60 ms in 0.8 s: the spread is not that of the mean rate, nor that of the rate at the moment."""
    t = node.dt * np.arange(1, round(1.1 / node.dt) + 1) - SETTLE
    burst = ((t > 0.1) & (t < 0.16)) | ((t > 0.5) & (t < 0.56))
    drive = StepDrive(np.where(burst, 7.0, 1.1), np.full(t.size, 0.5 * SIGMA**2), np.zeros(t.size, dtype=bool))
    h = node.problem.hierarchy(node.closure)
    run = march_through(node.operator, h, node.population.initial, drive, node.dt, every=BIN)
    bins = len(run.rate)
    variance = variance_of_w(run.snapshots.fields[-bins:], node)
    kept, law = np.exp(-2.0 * BIN / TAU_W), [variance[0] / B**2]
    for rate in run.rate[1:]:
        law.append(spread_after(law[-1], kept, 0.5 * TAU_W * (1.0 - kept), 0.5 * TAU_W * (1.0 - kept) * LOSS, rate))
    error = B**2 * np.array(law) - variance
    still = B**2 * run.rate / (2.0 / TAU_W + LOSS * run.rate) - variance
    rms, rms_still = (np.sqrt(np.mean(e**2)) / variance.max() for e in (error, still))
    assert rms < 0.12
    assert rms < 0.6 * rms_still
    assert run.rate.max() > 100.0
