"""Networks of conductances at the density rung."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from popdyn.analysis.fixed_points import fixed_points
from popdyn.analysis.stability import stability
from popdyn.errors import SpecError
from popdyn.rungs.coupled import CoupledDensity
from popdyn.spec import load
from popdyn.spec.network import Network

MEMBRANE = {"C_m": "200 pF", "g_L": "10 nS", "E_L": "-70 mV", "V_th": "-50 mV", "V_reset": "-60 mV", "t_ref": "2 ms"}
ADEX = {"model": "adex", "V_peak": "-40 mV", "Delta_T": "2 mV", "a": "0 nS", "b": "20 pA", "tau_w": "100 ms"} | MEMBRANE
FILTERED = {"synapse": "conductance", "tau_syn": "2 ms"}


def network() -> Network:
    """An adapting and a LIF population; simulated networks of this kind: tests/verification/conductances.py."""

    def population(size: int, neuron: dict[str, str], nu: float) -> dict[str, object]:
        source = {"K": 800, "nu": f"{nu} Hz", "J": "0.5 nS", "E_rev": "0 mV"} | FILTERED
        noise = {"mu": "0 mV/ms", "sigma": "0 mV/sqrt(ms)"}
        return {
            "size": size, "neuron": neuron, "noise": noise, "poisson": [source],
            "initial": {"V": {"normal": ["-58 mV", "3 mV"]}},
        }  # fmt: skip

    def wires(pre: str, post: str, K: int, J: float, E_rev: float) -> dict[str, object]:
        return FILTERED | {
            "pre": pre, "post": post, "rule": "fixed_indegree", "K": K, "J": f"{J} nS", "E_rev": f"{E_rev} mV",
            "delay": "1.5 ms",
        }  # fmt: skip

    return load({
        "schema": 1,
        "populations": {
            "E": population(2000, ADEX, 9.2), "I": population(500, {"model": "lif"} | MEMBRANE, 7.0),
        },
        "connections": [
            wires("E", "I", 160, 0.5, 0.0), wires("I", "E", 40, 5.0, -75.0), wires("I", "I", 40, 5.0, -75.0),
        ],
        "protocols": {"short": {"duration": "200 ms", "transient": "300 ms"}},
    })  # fmt: skip


@pytest.fixture(scope="module")
def density() -> CoupledDensity:
    return CoupledDensity(network())


@pytest.fixture(scope="module")
def trace(density):
    return density.simulate("short")


def test_mass_is_kept_and_no_cell_is_negative(trace):
    assert trace.attrs["mass_error"] < 1e-10
    assert trace.attrs["least_density"] > -1e-6


def test_the_march_settles_at_the_working_point(density, trace):
    last = trace.rate.sel(time=slice(0.15, None)).mean(("run", "time")).values
    assert np.all(last > 5.0)
    assert last == pytest.approx(density.derivation.point.rates, rel=5e-3)


def test_many_neurons_of_finite_size_are_infinitely_many():
    plain = network()
    only = {"I": plain.populations["I"]}
    wires = tuple(replace(c, multapses=True) for c in plain.connections if c.pre == c.post == "I")
    infinite = CoupledDensity(replace(plain, populations=only, connections=wires))
    huge = {"I": replace(only["I"], size=10**10)}
    finite = CoupledDensity(replace(plain, populations=huge, connections=wires), finite=True)
    late = slice(0.1, None)
    rates = [float(x.simulate("short", seed=1).rate.sel(time=late).mean()) for x in (infinite, finite)]
    assert rates[0] > 5.0
    assert rates[1] == pytest.approx(rates[0], rel=2e-3)


def test_a_finite_population_fluctuates_and_repeats(density):
    found = CoupledDensity(density.network, finite=True)
    first, again, other = (found.simulate("short", seed=seed).rate.values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_heterogeneous_targets_of_conductances_have_nodes():
    plain = network()
    wires = tuple(replace(c, rule="pairwise_bernoulli", p=0.08, K=None) for c in plain.connections)
    found = CoupledDensity(replace(plain, connections=wires))
    nodes = [rate for name, _, rate in found.node_rates() if name == "I"]
    assert len(nodes) > 1
    assert max(nodes) > 1.5 * min(nodes)


def test_the_equations_name_the_shunt_and_the_multiplicative_noise(density):
    text = density.equations()
    assert "(g_p/C_m + d_p) (E_p - V)" in text
    assert "D(V) = sum_p d_p (E_p - V)^2" in text
    assert "E_rev -75 mV" in text
    assert text.count("tau_eff") >= 4


@pytest.mark.parametrize("analysis", [fixed_points, stability])
def test_an_analysis_refuses_them_by_name(analysis):
    with pytest.raises(SpecError, match=r"connections\[0\].synapse: got \"conductance\" in an analysis") as error:
        analysis(network())
    assert "populations.E.poisson[0].synapse" in str(error.value)
    assert "simulate the density" in str(error.value)
