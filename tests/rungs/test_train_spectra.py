"""What exact spectra of trains would change: nothing where input is Poisson, and as the density itself has it."""

from dataclasses import replace

import pytest

from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.train_spectra import beyond_the_dip
from popdyn.spec import load
from popdyn.spec.network import Protocol

REST = Protocol("constant", 0.2, 2.5, 0)


def network(b="40 pA"):
    """I fires regularly; E hears I, far below threshold, and itself."""
    neuron = {
        "model": "adex", "C_m": "200 pF", "g_L": "10 nS", "E_L": "-65 mV", "V_th": "-50 mV", "Delta_T": "1.5 mV",
        "V_peak": "-40 mV", "V_reset": "-70 mV", "t_ref": "2 ms", "a": "0 nS", "b": b, "tau_w": "150 ms",
        "E_w": "-65 mV",
    }  # fmt: skip
    drives = {"E": "1.0 mV/ms", "I": "1.2 mV/ms"}
    noises = {name: {"mu": mu, "sigma": "0.7 mV/sqrt(ms)"} for name, mu in drives.items()}
    joined = {"rule": "fixed_indegree", "K": 100, "multapses": False, "delay": "1.5 ms"}
    return load({
        "schema": 1,
        "populations": {name: {"size": 1000, "neuron": neuron, "noise": noise} for name, noise in noises.items()},
        "connections": [{"pre": "I", "post": "E", "J": "-0.3 mV", **joined},
                        {"pre": "E", "post": "E", "J": "0.2 mV", **joined}],
        "protocols": {"rest": {"duration": "1 s"}},
    })  # fmt: skip


def test_poisson_input_has_no_error_of_the_dip():
    density = CoupledDensity(network(), regular=False, jumps=False)
    assert beyond_the_dip(density.derivation, density.closure) == {"E": 0.0, "I": 0.0}


def test_another_filter_is_off_by_what_the_density_says():
    """Half of the dip: the error grows by what the rate of the network does, to first order (3.7 %; 3.0 % here)."""
    density = CoupledDensity(network(), jumps=False)
    weak = [replace(grid, gamma=0.5 * grid.gamma) for grid in density.derivation.grids]
    other = density.other(derivation=replace(density.derivation, grids=weak))
    rates = [float(d.simulate(REST)["rate"].sel(population="E").values[0, -100:].mean()) for d in (other, density)]
    errors = [beyond_the_dip(d.derivation, d.closure)["E"] for d in (other, density)]
    assert rates[0] / rates[1] > 1.02
    assert errors[0] - errors[1] == pytest.approx(rates[0] / rates[1] - 1.0, rel=0.25)
