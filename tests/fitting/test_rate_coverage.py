"""Intervals of 100 synthetic fits hold the truth about as often as they say; 2,000 are counted in verification."""

from __future__ import annotations

import pytest
from synthetic_rates import CORRELATED, TWO_TIMES, WHITE, coverage


@pytest.mark.parametrize("kind", [WHITE, CORRELATED])
def test_intervals_hold_the_truth(kind):
    # binomial, 100 fits at 95 %: below 88 or above 99 of 100 by chance in 1 of 100 parameters; the seed is fixed
    for name, share in coverage(100, kind, seed=0).held.items():
        assert 0.88 <= share <= 0.99, name


def test_recordings_too_short_for_their_noise_are_named():
    """2 s with noise that falls in 0.25 s: six correlation times are 0.7 s, twelve blocks 0.17 s."""
    assert coverage(100, TWO_TIMES, seed=0).short > 0.9
    assert coverage(100, WHITE, seed=0).short == 0.0
