"""Rows: escape-noise neurons under conductances at the density rung against Brian2.

pytest -m slow tests/verification/test_gif_conductance_rows.py
"""

import gif_conductances
import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("case", gif_conductances.CASES)
def test_rate_of_a_population(case):
    found = gif_conductances.stepping(case)
    assert 5.0 < found["truth"] < 20.0
    assert found["density"] == pytest.approx(found["truth"], rel=0.02)
    assert found["V_mean"][1] == pytest.approx(found["V_mean"][0], abs=1e-4)


@pytest.mark.parametrize("case", gif_conductances.CASES)
def test_steps(case):
    found = gif_conductances.stepping(case)
    assert found["nrmse_interval"][0] <= 0.05, found
    assert abs(found["bias"]) < 0.01
    assert found["mass_error"] < 1e-10


@pytest.mark.parametrize("limit", ["infinite", "finite"])
@pytest.mark.parametrize("case", gif_conductances.NETWORKS)
def test_rates_of_a_sparse_network(case, limit):
    found = gif_conductances.network(case)
    assert np.array(found[limit]) == pytest.approx(np.array(found["truth"]), rel=0.03)


def test_steps_of_the_truth():
    """No bias at 0.1 ms beside 0.05 ms beyond 3.5 standard errors."""
    found = gif_conductances.steps_of_the_truth()
    (fine, a), (rate, b) = found["5e-05"], found["0.0001"]
    assert abs(rate - fine) < 3.5 * np.hypot(a, b)
