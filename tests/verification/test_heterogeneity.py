"""Rows: one heterogeneous parameter with 5 nodes, four with 16 and with 32, fluctuation-driven.

pytest -m slow tests/verification/test_heterogeneity.py
"""

import heterogeneity
import pytest

pytestmark = pytest.mark.slow

FOUR = tuple(heterogeneity.SPREADS)


@pytest.mark.parametrize("name", heterogeneity.SPREADS)
def test_one_parameter_with_five_nodes(name):
    values = heterogeneity.measured((name,), 5)
    assert values["nodes"] <= 5
    assert values["nrmse"] <= 0.003
    assert values["homogeneous"] > 0.02
    assert heterogeneity.reference_error((name,))["17 points"] <= 1e-4


@pytest.mark.parametrize(("count", "bar"), [(16, 0.02), (32, 0.01)])
def test_four_parameters(count, bar):
    values = heterogeneity.measured(FOUR, count)
    assert values["nodes"] <= count
    assert values["nrmse"] <= bar
    assert values["homogeneous"] > 0.1


def test_reference_of_four_parameters():
    error = heterogeneity.reference_error(FOUR)
    assert error["13 points along"] <= 1e-3
    assert error["27 for 6 across, of 5"] <= 2e-3
    assert error["Sobol 256"] <= 0.01


@pytest.mark.parametrize("names", [*((name,) for name in heterogeneity.SPREADS), FOUR])
def test_the_estimate_is_of_the_size_of_the_error(names):
    for count in (3, 5) if len(names) == 1 else (16, 32):
        values = heterogeneity.measured(names, count)
        assert 0.3 * values["nrmse"] <= values["estimate"] <= 3.0 * values["nrmse"]
