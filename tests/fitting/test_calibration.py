"""Scale of the intervals: one for independent residuals, the exact variance for correlated ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from popdyn.fitting.block_bootstrap import bootstrap_ends
from popdyn.fitting.calibration import block_ids, calibrate, correlation_bins, data_block

BINS, KEEP = 4000, 0.6


def noise(keep: float, rng: np.random.Generator) -> np.ndarray:
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(BINS + 100))[100:]


def samples(keep: float, count: int) -> tuple[list[float], list[float], np.ndarray]:
    """Inflation of one slope and its degrees over data sets, and the slope's estimates over their naive deviation."""
    rng, found, estimates = np.random.default_rng(4), [], []
    regressor = noise(0.9, rng)
    jacobian = np.stack([regressor, np.ones(BINS)], axis=1)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    for _ in range(count):
        residuals = noise(keep, rng)
        best = inverse @ jacobian.T @ residuals
        left = residuals - jacobian @ best
        found.append(calibrate(left, jacobian, [BINS], data_block(left, [BINS])))
        estimates.append(best[0] / np.sqrt(inverse[0, 0]))
    return [c.inflation[0] for c in found], [c.degrees[0] for c in found], np.array(estimates)


@pytest.mark.parametrize("keep", [0.0, KEEP])
def test_the_inflation_is_the_variance_of_the_estimate(keep):
    inflation, degrees, estimates = samples(keep, 200)
    exact = (1 + 0.9 * keep) / (1 - 0.9 * keep)  # autocorrelations 0.9^k and keep^k
    # s.d. of the mean of 200 estimates with `degrees` of freedom: 1 to 2 %; the regressor's own draw: 5 %
    assert np.mean(inflation) == pytest.approx(exact, rel=0.1)
    assert np.var(estimates) == pytest.approx(exact, rel=0.35)  # 3.5 s.d. of a variance from 200
    assert np.mean(degrees) > 20


def test_blocks_do_not_cross_the_ends_of_targets():
    ids = block_ids([10, 7], 4)
    assert ids.tolist() == [0] * 5 + [1] * 5 + [2] * 4 + [3] * 3
    assert block_ids([3], 10).tolist() == [0, 0, 0]


def test_correlation_time():
    rng = np.random.default_rng(0)
    assert correlation_bins(noise(0.0, rng), [BINS]) < 1.3
    # relative s.d. of one estimate: sqrt(2 (2 * 20 + 1) / 4000) = 0.14
    found = [correlation_bins(noise(KEEP, rng), [BINS]) for _ in range(9)]
    assert np.mean(found) == pytest.approx((1 + KEEP) / (1 - KEEP), rel=0.14)


def test_the_bootstrap_has_the_width_of_the_noise():
    rng = np.random.default_rng(1)
    jacobian = np.stack([noise(0.9, rng), np.ones(BINS)], axis=1)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    residuals = noise(0.0, rng)
    left = residuals - jacobian @ (inverse @ jacobian.T @ residuals)
    low, high = bootstrap_ends(left, jacobian, block_ids([BINS], 40), 0.95, 0)
    # 100 blocks: the width has a relative s.d. of 7 %, its percentiles from 1000 draws of 4 %; 3 s.d.
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(np.diag(inverse)), rel=0.25)
