"""Row: the error predicted before any spike against the measured one, over the catalogue.

pytest -m slow tests/verification/test_prediction_rows.py
"""

import predictions
import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", predictions.ALONE)
def test_densities_against_two_dimensions(name):
    predicted, measured = predictions.against_two_dimensions(name)
    assert 0.5 <= predicted / measured <= 2.0


def test_units_and_densities_against_spikes():
    found = predictions.against_spikes()
    assert len(found) >= 9
    for entry, rung, predicted, measured in found:
        assert 0.5 <= predicted / measured <= 2.0, (entry, rung)
