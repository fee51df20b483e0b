"""Coverage of the 95 % intervals of simple rate units over 2,000 synthetic fits of the smallest family."""

from __future__ import annotations

import pytest
from synthetic_rates import CORRELATED, COUNTS, WHITE, coverage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [WHITE, CORRELATED, COUNTS])
def test_coverage(kind):
    found = coverage(2000, kind, seed=1)
    print(kind, found)
    for name, share in found.items():  # binomial s.d. 0.5 %
        assert 0.935 <= share <= 0.965, name
