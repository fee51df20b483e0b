"""Rows: densities and cohorts in one network against Brian2.

pytest -m slow tests/verification/test_mixed_rows.py
"""

import mixed_rows as rows
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("rule", rows.RULES)
@pytest.mark.parametrize("limit", ["infinite", "finite"])
def test_rates_of_a_sparse_network(rule, limit):
    values = rows.rates(rule)
    for name, (truth, error) in values["truth"].items():
        found = values[limit][name] if limit == "infinite" else values[limit][name][0]
        assert error < 4e-3 * truth
        assert found == pytest.approx(truth, rel=1.5e-2), values


@pytest.mark.parametrize("population", ["E", "I"])
def test_steps_of_either_drive(population):
    measures = rows.steps()[population]
    assert abs(measures["bias"]) <= 0.015, measures
    assert measures["nrmse_interval"][1] <= 0.05, measures
