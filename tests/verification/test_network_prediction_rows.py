"""Row: the errors of networks' rates predicted before any spike against the measured ones, over the catalogue.

pytest -m slow tests/verification/test_network_prediction_rows.py
"""

import network_predictions
import pytest

pytestmark = pytest.mark.slow

MISSED = {
    ("adex_ei", "1", "E"), ("adex_ei", "3", "E"), ("adex_ei", "3", "I"), ("brunel_a", "6_4", "E"),
    ("brunel_a", "6_4", "I"), ("bernoulli_rates", "baseline", "E"), ("bernoulli_rates", "baseline", "I"),
}  # fmt: skip
"""Predicted too small: their densities of finite size are off, too, by what no source counts."""


@pytest.fixture(scope="module")
def rows():
    return network_predictions.rows()


def test_rates_without_finite_size(rows):
    """Of all that the truth resolves; those that miss are those that are named."""
    resolved = [row for row in rows if row.limit == "infinite" and row.resolved]
    assert len(resolved) >= 15
    ratios = {row[:3]: row.ratio for row in resolved}
    assert {key for key, ratio in ratios.items() if not 0.5 <= ratio <= 2.0} == MISSED
    assert all(ratios[key] < 0.5 for key in MISSED)


def test_finite_size_is_most_of_what_is_predicted_where_boundaries_stay(rows):
    for row in rows:
        if row.limit == "infinite" and row.resolved and "boundaries" not in row.parts and row[:3] not in MISSED:
            assert row.parts["size"] > 0.5 * row.predicted, row[:3]
