"""Relative error of the mean rate."""

from __future__ import annotations

import numpy as np
from scipy import stats

from popdyn.comparison.shape import Interval
from popdyn.types import FloatArray


def relative_bias(truth: FloatArray, model: FloatArray, level: float = 0.95) -> tuple[float | None, Interval | None]:
    """mean(model)/mean(truth) - 1 from the groups' mean rates (run,), and its interval: Fieller's with Student's t."""
    groups = len(truth)
    mean_truth, mean_model = float(truth.mean()), float(model.mean())
    if mean_truth <= 0:
        return None, None
    bias = mean_model / mean_truth - 1
    if groups == 1:
        return bias, None
    covariance = np.cov(truth, model) / groups
    t = float(stats.t.ppf((1 + level) / 2, groups - 1))
    a = mean_truth**2 - t**2 * covariance[0, 0]
    b = mean_truth * mean_model - t**2 * covariance[0, 1]
    c = mean_model**2 - t**2 * covariance[1, 1]
    if a <= 0:
        return bias, None
    root = float(np.sqrt(max(0.0, b**2 - a * c)))
    return bias, ((b - root) / a - 1, (b + root) / a - 1)
