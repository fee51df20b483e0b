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


@pytest.mark.parametrize("limit", ["infinite", "finite"])
def test_rhythm_of_both_kinds_under_a_stronger_drive(limit):
    values = rows.oscillation()
    for name, truth in values["truth"].items():
        found = values[limit][name]
        assert truth["sd"][0] > truth["rate"][0] / 3.0  # an oscillation
        for key, bar in (("frequency", 0.02), ("rate", 0.03), ("sd", 0.1)):
            assert truth[key][1] < bar / 3.0 * truth[key][0]
            assert found[key][0] == pytest.approx(truth[key][0], rel=bar), (name, key, values)
