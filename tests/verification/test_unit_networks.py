"""Rows: networks of modes and of cascade units against Brian2 and simulations without a time step.

pytest -m slow tests/verification/test_unit_networks.py
"""

import network_rows as networks
import numpy as np
import pytest
from unit_network_rows import changed_bursts, measured

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rung", ["modes", "unit"])
def test_rates_of_an_excitatory_inhibitory_network(rung):
    found = measured("adex_ei", "4", rung)
    assert max(abs(error) for error in found["rate_errors"].values()) <= 0.03, found
    assert found["outside"] == 0.0


@pytest.mark.parametrize("rung", ["modes", "unit"])
def test_bursts_of_the_adapting_population(rung):
    truth = networks.truths.truth("adaptation_oscillation", "a")
    found = measured("adaptation_oscillation", "a", rung)
    assert found["period"] == pytest.approx(truth["period"].value, rel=0.04), found
    assert found["spikes"] == pytest.approx(truth["spikes"].value, rel=0.04), found


@pytest.mark.parametrize(
    ("case", "seed", "J", "b"),
    [("b", 0, 1.0, 1.0), ("a", 1, 1.0, 1.0), ("a", 2, 1.0, 1.0), ("a", 0, 1.02, 1.0), ("a", 0, 0.98, 1.0),
     ("a", 0, 1.0, 1.02), ("a", 0, 1.0, 0.98)],
)  # fmt: skip
def test_units_burst_as_their_densities_where_little_is_changed(case, seed, J, b):
    """Other draws of what is added to the drives in training, J and b 2 % away: periods from 370 to 510 ms."""
    found = changed_bursts(case, seed, J, b)
    for key in ("period", "spikes"):
        assert found["unit"][key] == pytest.approx(found["density"][key], rel=0.04), found


BRANCH = pytest.mark.xfail(strict=True, reason="units settle on a smaller oscillation than their densities: mean 3.6 %")


@pytest.mark.parametrize("rung", ["modes", pytest.param("unit", marks=BRANCH)])
def test_rates_of_the_microcircuit(rung):
    """At N -> infinity the density itself is at 5 %."""
    found = measured("microcircuit", "poisson", rung)
    assert "error" not in found, found
    assert np.mean(np.abs(list(found["rate_errors"].values()))) <= 0.03, found


def test_cost_of_the_microcircuit_of_modes():
    assert measured("microcircuit", "poisson", "modes")["cpu_per_s"] <= 0.2
