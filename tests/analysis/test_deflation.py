"""All roots of maps whose roots are known, and the word where some are missing."""

import numpy as np
import pytest
from scipy.optimize import brentq

from popdyn.analysis.deflation import find_roots, newton, path_roots

TOP = 10.0


def step(x):
    """One unit or several apart from each other: each a steep sigmoid with roots near 0.03, at 5 and near 9.97."""
    f = TOP / (1.0 + np.exp(-1.2 * (x - 5.0)))
    return f, np.diag(1.2 * f * (1.0 - f / TOP))


def coupled(x):
    """Two units that inhibit each other: roots (10/3, 10/3)-like, and two where one wins."""
    steep = 1.0
    f = TOP / (1.0 + np.exp(steep * (x[::-1] - 5.0)))
    slope = -steep * f * (1.0 - f / TOP)
    return f, np.array([[0.0, slope[0]], [slope[1], 0.0]])


def test_three_roots_of_a_sigmoid():
    roots, complete = find_roots(step, np.array([TOP]))
    assert complete
    assert [root.index for root in roots] == [1, -1, 1]
    low = brentq(lambda x: float(step(np.array([x]))[0][0]) - x, 0.0, 0.1, xtol=1e-14)
    assert [root.x[0] for root in roots] == pytest.approx([low, 5.0, TOP - low], rel=1e-7)


def test_the_path_alone_meets_them_all():
    """One unknown: x = s F(x) is one curve."""
    assert [float(x[0]) for x in path_roots(step, np.array([TOP]))] == pytest.approx([0.0255, 5.0, 9.97], rel=0.02)


def test_nine_roots_of_two_sigmoids():
    roots, complete = find_roots(step, np.full(2, TOP))
    assert complete
    assert len(roots) == 9
    assert sorted(root.index for root in roots) == [-1] * 4 + [1] * 5


def test_winner_takes_all():
    roots, complete = find_roots(coupled, np.full(2, TOP))
    assert complete
    assert [root.index for root in sorted(roots, key=lambda r: r.x[0])] == [1, -1, 1]
    for root in roots:
        assert coupled(root.x)[0] == pytest.approx(root.x, rel=1e-7)


def test_missing_roots_are_noticed():
    """The path alone sees the three roots on the diagonal of the square, of indices +1, +1, +1."""
    roots, complete = find_roots(step, np.full(2, TOP), rounds=0)
    assert [root.index for root in roots] == [1, 1, 1]
    assert not complete


def test_deflation_leaves_the_root_it_knows():
    first = newton(step, np.array([0.1]), [], np.array([TOP]))
    second = newton(step, np.array([0.1]), [first.x], np.array([TOP]))
    assert first.x[0] == pytest.approx(0.0255, rel=1e-2)
    assert second is None or abs(second.x[0] - first.x[0]) > 1.0
