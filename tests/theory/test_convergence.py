"""Order of convergence in voltage and in time: within 0.2 of the schemes' theory."""

import numpy as np
import pytest

from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.theory.discretisation import Domain

DOMAIN = {"E": Domain(0.9, 2.1, 0.063, 0.064)}


def spec(t_ref: str):
    sine = {"population": "E", "target": "mu", "kind": "sine", "frequency": "20 Hz", "amplitude": "0.6 mV/ms"}
    return load({
        "schema": 1,
        "populations": {"E": {
            "size": 10,
            "neuron": {"model": "adex", "tau_w": "60 ms", "b": "80 pA", "a": "4 nS", "E_w": "-80 mV", "t_ref": t_ref},
            "noise": {"mu": "1.5 mV/ms", "sigma": "2 mV/sqrt(ms)"},
        }},
        "protocols": {"p": {"duration": "200 ms", "transient": "20 ms", "stimulus": [sine]}},
    })  # fmt: skip


def order(coarse, middle, fine):
    """log2 of the ratio of successive differences (rms) of three results, each step half of the one before."""
    return float(np.log2(np.sqrt(np.mean((coarse - middle) ** 2) / np.mean((middle - fine) ** 2))))


def trace(network, refine=1.0, **options):
    result = Density(network, refine=refine, domain=DOMAIN, **options).simulate("p")
    return result["rate"].values[0, result["time"].values > 0.05, 0]


@pytest.mark.parametrize("t_ref", ["0 ms", "1.37 ms"])
def test_dynamics_are_of_second_order_in_voltage(t_ref):
    network = spec(t_ref)
    assert order(*(trace(network, refine, dt=2e-4) for refine in (0.25, 0.5, 1.0))) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("closure", ["mean", "hermite2", "gaussian"])
@pytest.mark.parametrize("t_ref", ["0 ms", "1.37 ms"])
def test_affine_scheme_is_of_second_order_in_time(t_ref, closure):
    network = spec(t_ref)
    traces = [trace(network, closure=closure, dt=dt) for dt in (2e-4, 1e-4, 5e-5)]
    assert order(*traces) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize("t_ref", ["0 ms", "1.37 ms"])
def test_positive_scheme_is_of_first_order_in_time(t_ref):
    network = spec(t_ref)
    traces = [trace(network, scheme="positive", dt=dt) for dt in (2e-4, 1e-4, 5e-5)]
    assert order(*traces) == pytest.approx(1.0, abs=0.2)
