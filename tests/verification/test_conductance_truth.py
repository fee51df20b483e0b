"""Rows: conductance synapses at the density rung against Brian2.

pytest -m slow tests/verification/test_conductance_truth.py
"""

import conductances
import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", conductances.CASES)
def test_rate_of_a_population(case):
    found = conductances.stepping(case)
    assert 5.0 < found["truth"] < 20.0
    assert found["density"] == pytest.approx(found["truth"], rel=0.02)
    assert abs(found["naive"] / found["truth"] - 1.0) > 0.2


@pytest.mark.parametrize("case", conductances.CASES)
def test_steps(case):
    found = conductances.stepping(case)
    assert found["nrmse_interval"][1] <= 0.05, found
    assert found["mass_error"] < 1e-10


@pytest.mark.parametrize("limit", ["infinite", "finite"])
def test_rates_of_a_sparse_network(limit):
    found = conductances.network()
    assert np.array(found[limit]) == pytest.approx(np.array(found["truth"]), rel=0.03)
