"""Rows: modes against the hierarchy that they project and against the two-dimensional density; their cost.

pytest -m slow tests/verification/test_modes_rows.py
"""

import modes
import pytest

pytestmark = pytest.mark.slow
BARS = {("mean", "mu", 0.005): 16, ("mean", "mu", 0.001): 24, ("mean", "mu and sigma", 0.01): 20,
        ("hermite1", "mu", 0.005): 24}  # fmt: skip
ROWS = [row for row in modes.ROWS if row[1:] in BARS]
WHOLE = [row for row in modes.ROWS if row[1:] not in BARS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_few_modes_follow_their_hierarchy(row):
    values = modes.measured(*row)
    assert values["states"] <= BARS[row[1:]]
    for kind in modes.KINDS:
        assert values[kind] <= row[3], kind


@pytest.mark.parametrize("row", WHOLE, ids=str)
def test_modes_follow_the_two_dimensional_density(row):
    assert modes.measured(*row)["two_dimensions"] <= 0.01


@pytest.mark.parametrize("row", modes.ROWS, ids=str)
def test_modes_take_seconds_to_derive(row):
    assert modes.measured(*row)["offline_cpu_s"] <= 10.0
