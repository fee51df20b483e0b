"""Who follows filtered noise sooner, and the mean potential where boundaries move."""

from dataclasses import replace

import numpy as np
import pytest

from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.theory.filtered_noise import SOONER, filtered_noise


def density(second=None, **more):
    source = {"K": 1000, "nu": "9 Hz", "J": "0.2 mV", "synapse": "exponential", "tau_syn": "1 ms"}
    neuron = {"model": "lif", "tau_m": "20 ms", "E_L": "0 mV", "V_th": "20 mV", "V_reset": "10 mV", "t_ref": "2 ms"}
    sources = [source, source | second] if second else [source]
    spec = {"schema": 1, "populations": {"E": {"size": 1000, "neuron": neuron, "poisson": sources}}}
    return CoupledDensity(load(spec | more), jumps=False, regular=False)


@pytest.mark.parametrize(
    ("second", "sooner"),
    [
        (None, True),
        ({"J": "-0.1 mV"}, True),
        ({"tau_syn": "2 ms"}, False),
        ({"synapse": "alpha"}, False),
    ],
)
def test_only_one_time_constant_of_exponential_currents_comes_sooner(second, sooner):
    made = density(second).derivation
    found = filtered_noise(made.problem, made.point)
    assert (found.c == (SOONER if sooner else 1.0)).all()
    assert found.gamma[0] > 0.0
    still = filtered_noise(made.problem, made.point, moving=False)
    assert (still.c == 1.0).all()
    assert still.gamma[0] == 0.0


def test_the_mean_potential_is_that_of_neurons_and_not_of_their_frame():
    """Sources of 3 Hz in the place of 9 Hz: neurons are silent, V is 12 mV, boundaries are 0.3 mV lower."""
    protocols = {"off": {
        "duration": "200 ms", "transient": "50 ms",
        "stimulus": [{"population": "E", "target": "nu", "kind": "step", "at": "0 ms", "amplitude": "-6 Hz"}],
    }}  # fmt: skip
    found = density(protocols=protocols)
    V = found.simulate("off").V_mean.values[0, -1, 0]
    gamma = filtered_noise(found.derivation.problem, found.derivation.point).gamma[0]
    assert gamma > 5e-4
    assert pytest.approx(12e-3, abs=0.05 * gamma) == V


def test_a_node_that_hears_nothing_has_boundaries_that_stay():
    made = density().derivation
    silent = replace(made.point, rates=np.zeros(1))
    assert np.isfinite(filtered_noise(made.problem, silent).squared).all()
