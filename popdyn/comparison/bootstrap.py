"""Multiplier bootstrap over groups x blocks of time of noise-corrected mean squares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from popdyn.comparison.moments import MeanSquare
from popdyn.types import FloatArray


def replicates(squares: Sequence[MeanSquare], count: int, seed: int) -> list[FloatArray]:
    """`count` joint replicates of each mean square under the sampling noise of the truth, the protocol held fixed.

    U* = U + c [2/S sum_ka z_ka linear_ka + 1/(S (S - 1)) sum_k sum_a!=b z_ka z_kb pair_kab],  z ~ N(0, 1) per block and
    group; c = sqrt(nu / chi2_nu) carries the uncertainty of the variances (Satterthwaite's degrees of freedom of the
    first square), as Student's t does.

    **Source** weighted bootstrap of U-statistics: Arcones and Gine 1992; Dehling and Mikosch 1994.
    """
    blocks, groups = squares[0].linear.shape
    generator = np.random.default_rng(seed)
    z = generator.standard_normal((blocks, count, groups))
    freedom = degrees_of_freedom(squares[0])
    scale = np.sqrt(freedom / generator.chisquare(freedom, count))
    draws = []
    for square in squares:
        linear = 2.0 / groups * np.einsum("kna,ka->n", z, square.linear)
        pair = np.einsum("kna,kna->n", z @ square.pair, z)
        draws.append(square.value + scale * (linear + pair / (groups * (groups - 1))))
    return draws


def degrees_of_freedom(square: MeanSquare) -> float:
    """Satterthwaite's, for the variance of U estimated from K blocks of S groups.

    The variance is a difference of two estimates, x = linear + pair/(S - 2) with K (S - 1) degrees of freedom and the
    pair variance with K S (S - 3)/2. Where the linear part vanishes the variance is clipped from below and does not
    spread that far: K (S - 1)/2 at least.
    """
    blocks, groups = square.linear.shape
    x = 4 / groups * (square.linear_variance + square.pair_variance / (groups - 2))
    y = square.pair_variance * (2 / (groups * (groups - 1)) - 4 / (groups * (groups - 2)))
    spread = x**2 / (groups - 1) + y**2 / (groups * (groups - 3) / 2)
    least = (groups - 1) / 2
    return float(blocks * (max(least, (x + y) ** 2 / spread) if spread > 0 else least))


def persistent_groups(traces: FloatArray, blocks: int, level: float = 0.01) -> bool:
    """Whether groups differ throughout (drawn parameters, connectivity), so that blocks of time are not independent.

    F test of the group effect on the block means of (run, time), after the effect of the block; false alarm = `level`.
    """
    if blocks < 2:
        return False
    means = np.stack([part.mean(axis=1) for part in np.array_split(traces, blocks, axis=1)], axis=1)
    means = means - means.mean(axis=0)
    groups = means.shape[0]
    effect = means.mean(axis=1, keepdims=True)
    within = float(np.sum((means - effect) ** 2)) / (groups - 1) / (blocks - 1)
    between = blocks * float(np.sum(effect**2)) / (groups - 1)
    if within == 0:
        return between > 0
    return bool(stats.f.sf(between / within, groups - 1, (groups - 1) * (blocks - 1)) < level)
