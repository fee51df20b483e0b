"""Row: the errors of networks' rates predicted before any spike against the measured ones, over the catalogue.

pytest -m slow tests/verification/test_network_prediction_rows.py
"""

import network_predictions
import pytest

pytestmark = pytest.mark.slow

MISSED = {("adex_ei", "2", "I"), ("adex_ei", "3", "E"), ("adex_ei", "3", "I")}
"""0.2 % predicted as 0.5; 0.7 and 0.9 % predicted too small: densities of finite size are off by nearly as much."""


@pytest.fixture(scope="module")
def rows():
    return network_predictions.rows()


def test_rates_without_finite_size(rows):
    """Of all that the truth resolves; those that miss are those that are named."""
    resolved = [row for row in rows if row.limit == "infinite" and row.resolved]
    assert len(resolved) >= 14
    ratios = {row[:3]: row.ratio for row in resolved}
    assert {key for key, ratio in ratios.items() if not 0.5 <= ratio <= 2.0} == MISSED


def test_finite_size_is_most_of_what_is_predicted_where_boundaries_stay_and_in_degrees_are_fixed(rows):
    for row in rows:
        plain = "boundaries" not in row.parts and "nodes" not in row.parts
        if row.limit == "infinite" and row.resolved and plain and row[:3] not in MISSED:
            assert row.parts["size"] > 0.5 * row.predicted, row[:3]
