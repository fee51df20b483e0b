"""A rule over thresholds follows a step as many thresholds do; short form of tests/verification/heterogeneity.py."""

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.rungs.density import Density
from popdyn.spec.network import Initial, Network, Neuron, Population, Protocol, Stimulus, WhiteNoise
from popdyn.theory.heterogeneity import Node
from popdyn.theory.heterogeneity_features import protocol_drives
from popdyn.theory.quadrature import at_node, quadrature

PARAMETERS = {
    "C_m": 200e-12, "g_L": 10e-9, "E_L": -65e-3, "V_th": -50e-3, "V_reset": -70e-3, "t_ref": 0.0, "I_e": 0.0,
    "Delta_T": 1.5e-3, "V_peak": -40e-3, "a": 4e-9, "b": 40e-12, "tau_w": 0.2, "E_w": -80e-3,
}  # fmt: skip
STD = 2.5e-3
POPULATION = Population(
    "E", 1000, Neuron("adex", PARAMETERS), WhiteNoise(1.15, 1e-3 / np.sqrt(1e-3)), (),
    Initial(-60e-3, 3e-3, 5e-11, 0.0), spread={"V_th": Distribution("normal", (-50e-3, STD))},
)  # fmt: skip
PROTOCOL = Protocol("step", 0.4, 0.2, 1, (
    Stimulus("E", "mu", "pulse", {"at": 0.05, "width": 0.15, "amplitude": 0.5}),
    Stimulus("E", "mu", "sine", {"at": 0.2, "until": 0.4, "frequency": 10.0, "amplitude": 0.4, "phase": 0.0}),
))  # fmt: skip


def rate(nodes):
    total = 0.0
    for node in nodes:
        network = Network("node", {"E": at_node(POPULATION, node)}, {"step": PROTOCOL})
        trace = Density(network, closure="hermite1").simulate("step")
        total = total + node.weight * trace.rate.sel(time=trace.time > 0).values[0, :, 0]
    return total


def hermite(count):
    x, weight = np.polynomial.hermite_e.hermegauss(count)
    return [
        Node(w, PARAMETERS | {"V_th": -50e-3 + STD * z}, POPULATION.noise.mu, POPULATION.noise.sigma)
        for z, w in zip(x, weight / weight.sum(), strict=True)
    ]


@pytest.fixture(scope="module")
def truth():
    return rate(hermite(13))


def nrmse(found, truth):
    return float(np.sqrt(np.mean((found - truth) ** 2)) / np.std(truth))


def test_five_nodes_are_within_the_bar_and_their_estimate(truth):
    rule = quadrature(POPULATION, count=5, drives=protocol_drives(POPULATION, [PROTOCOL]))
    error = nrmse(rate(rule.nodes), truth)
    assert error <= 0.003
    assert 0.2 * error <= rule.error <= 5.0 * error


def test_three_designed_nodes_beat_three_of_gauss_and_hermite(truth):
    rule = quadrature(POPULATION, count=3, drives=protocol_drives(POPULATION, [PROTOCOL]))
    assert len(rule.nodes) == 3
    assert nrmse(rate(rule.nodes), truth) < 0.8 * nrmse(rate(hermite(3)), truth)


def test_the_spread_matters(truth):
    assert nrmse(rate(hermite(1)), truth) > 0.05
