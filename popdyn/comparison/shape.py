"""How far the time course of a model is from the truth's: plain, and corrected for the truth's sampling noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from popdyn.comparison.bootstrap import persistent_groups, replicates
from popdyn.comparison.moments import MeanSquare, gram, mean_square, off_diagonal_mean
from popdyn.types import FloatArray

Interval = tuple[float, float]
NO_VARIATION = "the truth does not vary beyond its sampling noise: nrmse is undefined, the verdict rests on the bias"
PERSISTENT = "the groups differ throughout the protocol: blocks of time are not independent, groups alone are used"
FEW_DRAWS = 9
"""Fewer independent draws (blocks x (groups - 1)) than ten groups give: the interval is said to be coarse."""


STILL = 1e-4
"""Standard deviation over the largest value below which an exact trace counts as constant."""


@dataclass(frozen=True)
class Shape:
    """nrmse, its 95 % interval and what limits it; None where a measure does not exist."""

    nrmse: float | None = None
    nrmse_interval: Interval | None = None
    error_squared: float | None = None
    error_squared_se0: float | None = None
    correlation: float | None = None
    ceiling: float = 0.0
    resolution: float = 0.0
    blocks: int = 1
    constant: bool = False
    notes: tuple[str, ...] = ()


def plain_shape(truth: FloatArray, model: FloatArray) -> Shape:
    """Two exact traces (time,): nrmse = rms(model - truth)/rms(truth - mean(truth)) and Pearson's correlation."""
    spread = float(np.std(truth))
    if spread <= STILL * float(np.max(np.abs(truth))):
        return Shape(constant=True, notes=(NO_VARIATION,))
    nrmse = float(np.sqrt(np.mean((model - truth) ** 2))) / spread
    varies = float(np.std(model)) > 0
    correlation = float(np.corrcoef(truth, model)[0, 1]) if varies else None
    return Shape(nrmse=nrmse, error_squared=nrmse**2, correlation=correlation)


def corrected_shape(
    truth: FloatArray, model: FloatArray, *, block_bins: int | None, count: int, seed: int, level: float = 0.95
) -> Shape:
    """Noise-corrected measures of (run, time) rates, at least 4 runs.

    e^2 = <(m - y_a)(m - y_b)> / <(y_a - mean)(y_b - mean)> over pairs of groups a != b; nrmse = sign(e^2) |e^2|^1/2.
    The interval is a multiplier bootstrap over groups x blocks of time; without `block_bins` the whole protocol is one
    block, which assumes nothing about correlations in time.

    **Valid when** the protocol has >= 100 bins; coverage of the interval: tests/comparison/test_coverage.py.
    """
    groups = len(truth)
    blocks, notes = _blocks(truth - model, block_bins)
    centred = truth - truth.mean(axis=1, keepdims=True)
    error, variance = (mean_square(gram(trace, blocks)) for trace in (model - truth, centred))
    if not _varies(variance, groups):
        return Shape(blocks=blocks, constant=True, notes=(*notes, NO_VARIATION))
    numerator, denominator = replicates((error, variance), count, seed)
    tail = (1 - level) / 2
    low, high = np.quantile(numerator / np.maximum(denominator, 1e-3 * variance.value), (tail, 1 - tail))
    squared = error.value / variance.value
    se0 = float(np.sqrt(2 / (groups * (groups - 1)) * error.pair_variance)) / variance.value
    noise = float(np.mean(np.var(truth, axis=0, ddof=1))) / groups
    return Shape(
        nrmse=signed_root(squared),
        nrmse_interval=(signed_root(low), signed_root(high)),
        error_squared=squared,
        error_squared_se0=se0,
        correlation=_correlation(centred, model, variance.value),
        ceiling=float(np.sqrt(noise / variance.value)),
        resolution=float(np.sqrt(1.96 * se0)),
        blocks=blocks,
        notes=notes,
    )


def signed_root(square: float) -> float:
    """sign(x) |x|^1/2."""
    return float(np.sign(square) * np.sqrt(abs(square)))


def _blocks(error: FloatArray, block_bins: int | None) -> tuple[int, tuple[str, ...]]:
    groups, bins = error.shape
    blocks = 1 if block_bins is None else max(1, bins // block_bins)
    notes: tuple[str, ...] = ()
    if persistent_groups(error, blocks):
        notes = (PERSISTENT,)
        blocks = 1
    if blocks * (groups - 1) < FEW_DRAWS:
        notes = (
            *notes,
            f"groups x blocks of time: {groups} x {blocks}; too few for a sharp interval, 10 groups are wanted",
        )
    return blocks, notes


def _varies(variance: MeanSquare, groups: int) -> bool:
    spread = 4 / groups * variance.linear_variance + 2 / (groups * (groups - 1)) * variance.pair_variance
    return variance.value > 3 * float(np.sqrt(spread))


def _correlation(centred: FloatArray, model: FloatArray, truth_variance: float) -> float | None:
    bins = centred.shape[1]
    model = model - model.mean(axis=1, keepdims=True)
    model_variance = off_diagonal_mean(model @ model.T) / bins
    if model_variance <= 0:
        return None
    return float(off_diagonal_mean(model @ centred.T) / bins / np.sqrt(model_variance * truth_variance))
