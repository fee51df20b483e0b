"""Intervals of 100 synthetic fits hold the truth about as often as they say; 2,000 are counted in verification."""

from __future__ import annotations

import pytest
from synthetic_rates import CORRELATED, WHITE, coverage


@pytest.mark.parametrize("kind", [WHITE, CORRELATED])
def test_intervals_hold_the_truth(kind):
    # binomial, 100 fits at 95 %: below 88 or above 99 of 100 by chance in 1 of 100 parameters; the seed is fixed
    for name, share in coverage(100, kind, seed=0).items():
        assert 0.88 <= share <= 0.99, name
