"""Mean squares from products of different groups, so that sampling noise drops out, and their parts."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from popdyn.types import FloatArray

MINIMUM_GROUPS = 4
"""Below it the spread of the products of two groups cannot be told from the groups' own effects."""


class MeanSquare(NamedTuple):
    """U = mean over time and over pairs of different groups a != b of x_a(t) x_b(t), with its Hoeffding decomposition.

    Within block k the products are  U_k + linear[k, a] + linear[k, b] + pair[k, a, b],  and
    Var U = 4/S linear_variance + 2/(S (S - 1)) pair_variance.
    Both variances are unbiased; `linear` and `pair` are scaled to have them.
    """

    value: float
    linear: FloatArray
    pair: FloatArray
    linear_variance: float
    pair_variance: float


def gram(traces: FloatArray, blocks: int) -> FloatArray:
    """Sum over the time of each block of x_a x_b, over the number of all bins: (run, time) -> (block, run, run)."""
    bins = traces.shape[1]
    parts = np.array_split(traces, blocks, axis=1)
    return np.stack([part @ part.T for part in parts]) / bins


def off_diagonal_mean(products: FloatArray) -> float:
    """Mean over pairs a != b of (..., run, run), summed over what stands before."""
    total = products.reshape(-1, *products.shape[-2:]).sum(axis=0)
    groups = total.shape[0]
    return float((total.sum() - np.trace(total)) / (groups * (groups - 1)))


def mean_square(products: FloatArray) -> MeanSquare:
    """The decomposition of U from the blocks' Gram matrices (block, run, run), at least 4 groups.

    At zero error U is a degenerate U-statistic: resampling whole groups with replacement multiplies noise by itself and
    overestimates its variance by 3 and more. Removing the pair part's share from the linear part repairs that.
    """
    groups = products.shape[-1]
    others = 1.0 - np.eye(groups)
    off = products * others
    rows = off.sum(axis=2) / (groups - 1)
    centre = rows.mean(axis=1)
    linear = (groups - 1) / (groups - 2) * (rows - centre[:, None])
    pair = (products - centre[:, None, None] - linear[:, :, None] - linear[:, None, :]) * others
    pair_variance = float(np.sum(pair**2)) / (groups * (groups - 3))
    spread = float(np.sum(linear**2))
    linear_variance = max(0.0, spread / (groups - 1) - pair_variance / (groups - 2))
    shrink = np.sqrt(linear_variance * groups / spread) if spread > 0 else 0.0
    return MeanSquare(
        value=float(centre.sum()),
        linear=linear * shrink,
        pair=pair * np.sqrt((groups - 1) / (groups - 3)),
        linear_variance=linear_variance,
        pair_variance=pair_variance,
    )
