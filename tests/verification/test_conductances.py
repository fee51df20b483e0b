"""Rows: conductance synapses at the density rung against Brian2.

pytest -m slow tests/verification/test_conductances.py
"""

import conductances
import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", conductances.CASES)
def test_rate_and_steps_under_conductance_input(case):
    found = conductances.stepping(case)
    assert 5.0 < found["truth"] < 25.0
    assert found["density"] == pytest.approx(found["truth"], rel=0.02)
    assert abs(found["naive"] / found["truth"] - 1.0) > 0.2
    assert found["nrmse_interval"][1] <= 0.05
    assert found["mass_error"] < 1e-10


@pytest.mark.parametrize("limit", ["infinite", "finite"])
def test_rates_of_a_sparse_network_of_conductances(limit):
    found = conductances.network()
    assert np.array(found[limit]) == pytest.approx(np.array(found["truth"]), rel=0.03)
