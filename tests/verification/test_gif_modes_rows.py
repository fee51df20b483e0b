"""Rows: modes of an escape-noise population with two adaptation time scales against its cohorts; their cost.

pytest -m slow tests/verification/test_gif_modes_rows.py
"""

import gif_modes
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("tolerance", "states"), [(0.005, 16), (0.001, 24)])
def test_few_states_reach_the_density(tolerance, states):
    values = gif_modes.measured(tolerance)
    assert values["states"] <= states, values
    for name in (*gif_modes.KINDS, *gif_modes.PROTOCOLS):
        assert values[name] <= tolerance, (name, values)


@pytest.mark.parametrize("tolerance", gif_modes.TOLERANCES)
def test_they_are_derived_in_ten_seconds(tolerance):
    assert gif_modes.measured(tolerance)["offline_cpu_s"] <= 10.0
