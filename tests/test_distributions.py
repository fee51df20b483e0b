"""Quantiles and moments against scipy.stats; cuts, mirrors and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from popdyn.distributions import FAMILIES, Distribution

WIDTH = math.sqrt(math.log1p(0.25))
CASES = {
    "normal": (Distribution("normal", (-50.0, 2.0)), stats.norm(-50, 2)),
    "lognormal": (Distribution("lognormal", (4.0, 2.0)), stats.lognorm(WIDTH, scale=4 * math.exp(-0.5 * WIDTH**2))),
    "gamma": (Distribution("gamma", (4.0, 2.0)), stats.gamma(4, scale=1.0)),
    "uniform": (Distribution("uniform", (-1.0, 3.0)), stats.uniform(-1, 4)),
    "lorentzian": (Distribution("lorentzian", (2.0, 0.5)), stats.cauchy(2, 0.5)),
}
U = np.linspace(1e-4, 1 - 1e-4, 41)


@pytest.mark.parametrize("family", CASES)
def test_family(family):
    ours, theirs = CASES[family]
    assert ours.quantile(U) == pytest.approx(theirs.ppf(U), rel=1e-10)
    assert [ours.share_below(x) for x in theirs.ppf(U)] == pytest.approx(U, rel=1e-9)
    if family != "lorentzian":
        assert ours.moments == pytest.approx((theirs.mean(), theirs.std()), rel=1e-12)
        assert ours.centre == pytest.approx(theirs.mean(), rel=1e-12)


def test_every_family_has_a_case():
    assert set(CASES) | {"empirical"} == set(FAMILIES)


@pytest.mark.parametrize("family", CASES)
def test_cut(family):
    """Conditional distribution: quantiles by scipy's own cdf, moments by its integral."""
    _, theirs = CASES[family]
    low, high = theirs.ppf([0.1, 0.8])
    ours = CASES[family][0].cut(low, high)
    assert ours.kept == pytest.approx(0.7, rel=1e-9)
    assert ours.quantile(U) == pytest.approx(theirs.ppf(0.1 + 0.7 * U), rel=1e-9)
    mean = theirs.expect(lambda x: x, lb=low, ub=high, conditional=True)
    square = theirs.expect(lambda x: (x - mean) ** 2, lb=low, ub=high, conditional=True)
    assert ours.moments == pytest.approx((mean, math.sqrt(square)), rel=1e-7)
    centre = theirs.ppf(0.45) if family == "lorentzian" else mean
    assert ours.centre == pytest.approx(centre, rel=1e-7)


@pytest.mark.parametrize("family", ["lognormal", "gamma"])
def test_negative_mean_mirrors(family):
    positive, negative = Distribution(family, (4.0, 2.0)), Distribution(family, (-4.0, 2.0))
    assert negative.quantile(U) == pytest.approx(-positive.quantile(1 - U), rel=1e-9)
    assert negative.moments == (-4.0, 2.0)
    assert negative.share_below(0.0) == 1.0
    cut = negative.cut(-6.0, -1.0)
    assert cut.moments[0] == pytest.approx(-positive.cut(1.0, 6.0).moments[0], rel=1e-9)


def test_empirical():
    found = Distribution("empirical", (3.0, 1.0, 2.0, 4.0), low=1.5)
    assert found.parameters == (1.0, 2.0, 3.0, 4.0)
    assert found.quantile([0.0, 0.3, 0.34, 0.9, 1.0]).tolist() == [2.0, 2.0, 3.0, 4.0, 4.0]
    assert found.moments == pytest.approx((3.0, math.sqrt(2 / 3)))
    assert found.share_below(2.5) == pytest.approx(1 / 3)
    values = found.draw(3000, np.random.default_rng(0))
    assert {float(v) for v in values} == {2.0, 3.0, 4.0}


@pytest.mark.parametrize("family", CASES)
def test_scaled(family):
    ours = CASES[family][0].cut(-100.0, 100.0)
    assert ours.scaled(1e-3).quantile(U) == pytest.approx(1e-3 * ours.quantile(U), rel=1e-9)


def test_stratified_draws_have_one_value_per_stratum():
    found = Distribution("normal", (0.0, 1.0))
    values = found.draw(1000, np.random.default_rng(1), stratified=True)
    assert np.floor(stats.norm.cdf(np.sort(values)) * 1000).astype(int).tolist() == list(range(1000))
    assert not np.all(np.diff(values) > 0)
    assert abs(values.mean()) < 2e-3  # independent draws: standard error 0.03


def test_draws_follow_the_distribution():
    """Kolmogorov-Smirnov at a false-alarm rate of 1e-6 per family."""
    for ours, theirs in CASES.values():
        values = ours.draw(20_000, np.random.default_rng(2))
        assert stats.kstest(values, theirs.cdf).pvalue > 1e-6
