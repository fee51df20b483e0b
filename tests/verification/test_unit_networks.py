"""Rows: networks of modes and of cascade units against Brian2 and simulations without a time step.

pytest -m slow tests/verification/test_unit_networks.py
"""

import network_rows as networks
import numpy as np
import pytest
from unit_network_rows import measured

pytestmark = pytest.mark.slow
MISSED = pytest.mark.xfail(reason="missed: docs/theory/units.md", raises=AssertionError, strict=True)


@pytest.mark.parametrize("rung", ["modes", "unit"])
def test_rates_of_an_excitatory_inhibitory_network(rung):
    found = measured("adex_ei", "4", rung)
    assert max(abs(error) for error in found["rate_errors"].values()) <= 0.03, found
    assert found["outside"] == 0.0


@pytest.mark.parametrize("rung", ["modes", pytest.param("unit", marks=MISSED)])
def test_bursts_of_the_adapting_population(rung):
    truth = networks.truths.truth("adaptation_oscillation", "a")
    found = measured("adaptation_oscillation", "a", rung)
    assert found["period"] == pytest.approx(truth["period"].value, rel=0.04), found
    assert found["spikes"] == pytest.approx(truth["spikes"].value, rel=0.04), found


@pytest.mark.parametrize("rung", ["modes", "unit"])
def test_rates_of_the_microcircuit(rung):
    """At N -> infinity the density itself is at 5 %."""
    found = measured("microcircuit", "poisson", rung)
    assert "error" not in found, found
    assert np.mean(np.abs(list(found["rate_errors"].values()))) <= 0.03, found


def test_cost_of_the_microcircuit_of_modes():
    assert measured("microcircuit", "poisson", "modes")["cpu_per_s"] <= 0.2
