"""Row: dynamics of the default closure against the two-dimensional density.

pytest -m slow tests/verification/test_dynamics.py
"""

import cases
import dynamics
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", cases.UNIMODAL)
def test_default_closure_follows_the_two_dimensional_density(name):
    values = dynamics.measured(name)
    assert values["nrmse"] <= 0.01
    assert values["correlation"] > 0.9999


@pytest.mark.parametrize("name", cases.ADAPTING)
def test_mean_closure_does_not(name):
    assert dynamics.measured(name, "mean")["nrmse"] > 3 * dynamics.measured(name)["nrmse"]
