"""Row: the errors of networks' rates predicted before any spike against the measured ones, over the catalogue.

pytest -m slow tests/verification/test_network_prediction_rows.py
"""

import network_predictions
import pytest

from popdyn.workflows.prediction import SIGNED

pytestmark = pytest.mark.slow

MISSED = {
    ("adex_ei", "1", "I"), ("adex_ei", "2", "I"), ("brunel_a", "6_4", "E"), ("brunel_a", "6_4", "I"),
    ("gif_ei", "baseline", "E"), ("gif_ei", "baseline", "I"),
}  # fmt: skip
"""Predicted 0.10 % for +0.57, 0.09 for +0.20, -0.54 for +1.4; of
cohorts without their loop 0.02 for -0.25, 0.13 for -0.5."""


@pytest.fixture(scope="module")
def rows():
    return network_predictions.rows()


def test_rates_without_finite_size(rows):
    """Of all that the truth resolves; those that miss are those that are named."""
    resolved = [row for row in rows if row.limit == "infinite" and row.resolved]
    assert len(resolved) >= 18
    ratios = {row[:3]: row.ratio for row in resolved}
    assert {key for key, ratio in ratios.items() if not 0.5 <= ratio <= 2.0} == MISSED


def test_sources_of_known_sign_say_which_way_the_rates_are_off(rows):
    """All that are resolved where boundaries stay, but (6, 4), which oscillates; by chance once in 2^9."""
    found = [row for row in rows if row.limit == "infinite" and row.resolved and row.entry in ("adex_ei", "brunel_a")]
    found = [row for row in found if row.case != "6_4"]
    assert len(found) >= 9
    for row in found:
        assert row.measured * sum(row.parts[name] for name in row.parts if name in SIGNED) > 0.0, row[:3]


def test_a_second_draw_of_bernoulli_in_degrees_is_another_network(rows):
    """What the truth says of the limit is no better than its draws' scatter: 2.5 % of E's rate."""
    errors = [row.error for row in rows if row.entry == "bernoulli_rates" and row.population == "E"]
    assert all(0.02 < error < 0.03 for error in errors)
