"""Scale of the intervals: one for independent residuals, the exact variance for correlated ones."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from popdyn.fitting.block_bootstrap import bootstrap_ends
from popdyn.fitting.calibration import block_ids, calibrate, correlation_bins, data_block

BINS, KEEP = 1000, 0.6


def noise(keep: float, rng: np.random.Generator) -> np.ndarray:
    return lfilter([np.sqrt(1 - keep**2)], [1.0, -keep], rng.standard_normal(BINS + 100))[100:]


@pytest.mark.parametrize("keep", [0.0, KEEP])
def test_the_inflation_is_the_variance_of_the_estimate(keep):
    rng, inflation, degrees = np.random.default_rng(4), [], []
    jacobian = np.stack([noise(0.9, rng), np.ones(BINS)], axis=1)
    c = (jacobian @ np.linalg.inv(jacobian.T @ jacobian))[:, 0]
    exact = float(c @ (keep ** np.abs(np.subtract.outer(np.arange(BINS), np.arange(BINS)))) @ c) / float(c @ c)
    for _ in range(150):
        residuals = noise(keep, rng)
        left = residuals - jacobian @ np.linalg.lstsq(jacobian, residuals, rcond=None)[0]
        found = calibrate(left, jacobian, [BINS], data_block(left, [BINS]).used)
        inflation.append(found.inflation[0])
        degrees.append(found.degrees[0])
    assert (exact == 1.0) == (keep == 0.0)
    # relative s.d. of one: sqrt(2/degrees), of the mean of 150: 2 to 3 %; the naive s^2 is 1 % off
    assert np.mean(inflation) == pytest.approx(exact, rel=0.09)
    assert np.mean(degrees) > 9
    assert np.std(inflation) / exact < 1.5 * np.sqrt(2 / np.mean(degrees))


def test_blocks_do_not_cross_the_ends_of_targets():
    ids = block_ids([10, 7], 4)
    assert ids.tolist() == [0] * 5 + [1] * 5 + [2] * 4 + [3] * 3
    assert block_ids([3], 10).tolist() == [0, 0, 0]


def test_correlation_time():
    rng = np.random.default_rng(0)
    assert correlation_bins(noise(0.0, rng), [BINS]) < 1.6  # s.d. 0.1
    # relative s.d. of one estimate: sqrt(2 (2 * 20 + 1) / 1000) = 0.29
    found = [correlation_bins(noise(KEEP, rng), [BINS]) for _ in range(40)]
    assert np.mean(found) == pytest.approx((1 + KEEP) / (1 - KEEP), rel=0.14)


def test_blocks_that_the_recording_cuts_short_are_named():
    rng = np.random.default_rng(5)
    slow, white = data_block(noise(0.98, rng), [BINS]), data_block(noise(0.0, rng), [BINS])
    assert slow.used == BINS // 12
    assert slow.too_short
    assert white.used >= white.wanted
    assert not white.too_short


def test_the_bootstrap_has_the_width_of_the_noise():
    rng = np.random.default_rng(1)
    jacobian = np.stack([noise(0.9, rng), np.ones(BINS)], axis=1)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    residuals = noise(0.0, rng)
    left = residuals - jacobian @ (inverse @ jacobian.T @ residuals)
    low, high = bootstrap_ends(left, jacobian, block_ids([BINS], 10), 0.95, 0)
    # 100 blocks: the width has a relative s.d. of 7 %, its percentiles from 1000 draws of 4 %; 3 s.d.
    assert (high - low) / 2 == pytest.approx(1.96 * np.sqrt(np.diag(inverse)), rel=0.25)
