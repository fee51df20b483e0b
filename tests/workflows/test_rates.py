"""Rates along a grid of drives."""

import pytest

from popdyn.spec import load
from popdyn.workflows.rates import rates


def population(mu):
    return {
        "size": 100, "neuron": {"model": "lif"}, "noise": {"mu": f"{mu} mV/ms", "sigma": "2 mV/sqrt(ms)"},
    }  # fmt: skip


def test_what_is_not_varied_stays_each_population_s_own():
    network = load({"schema": 1, "populations": {"A": population(0.6), "B": population(1.0)}})
    plain = rates(network)["populations"]
    assert plain["B"]["rate"] > 1.5 * plain["A"]["rate"]
    along_sigma = rates(network, vary="sigma=2 mV/sqrt(ms):3 mV/sqrt(ms):2")["populations"]
    along_mu = rates(network, vary="mu=0.6 mV/ms:1 mV/ms:2")["populations"]
    for name in "AB":
        assert along_sigma[name]["rate"][0] == pytest.approx(plain[name]["rate"], rel=1e-12)
        assert along_mu[name]["rate"] == pytest.approx([plain["A"]["rate"], plain["B"]["rate"]], rel=1e-12)
