"""Intervals of fitted parameters from a block bootstrap over stretches of the training protocols."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from popdyn.fitting.residuals import Misfit
from popdyn.types import FloatArray

BLOCK = 0.5
"""Length of a block [s]: several times the correlation time of the inputs, so that blocks are nearly independent."""
REPLICATES = 1000
LEVEL = 0.95
MEANING = (
    "Nominal 95 % interval over the stretches of the training protocols: block bootstrap of 0.5 s, refitted to first "
    "order, Student's t. The density has no sampling noise; what varies is which stretch of an imperfect model's "
    "misfit is fitted. It is no statement about the spiking neurons; its coverage over other inputs is not certified."
)


@dataclass(frozen=True)
class _Blocks:
    """Sums over each block: J'J, J'r, and J, r themselves for the bias of each protocol."""

    normal: FloatArray  # (block, k, k)
    score: FloatArray  # (block, k)
    slope: FloatArray  # (block, k)
    total: FloatArray  # (block,)
    protocol: FloatArray  # (block,) int


def coordinate_spread(misfit: Misfit, residuals: FloatArray, jacobian: FloatArray, seed: int) -> FloatArray:
    """Half-widths of the intervals (free,) in fit coordinates."""
    blocks = _blocks(misfit, residuals, jacobian)
    count = len(blocks.total)
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(10,)))
    factors = np.array([misfit.bias_factor(r) for r in misfit.records])
    center = _step(blocks, np.ones(count), factors)
    moves = np.empty((REPLICATES, len(center)))
    for i in range(REPLICATES):
        weights = np.zeros(count)
        for p in range(len(factors)):
            own = np.flatnonzero(blocks.protocol == p)
            weights[own] += np.bincount(rng.integers(len(own), size=len(own)), minlength=len(own))
        moves[i] = _step(blocks, weights, factors) - center
    degrees = count - len(factors)
    inflation = np.sqrt(count / max(degrees, 1)) * float(student.ppf(0.5 + LEVEL / 2, max(degrees, 1)))
    return inflation * moves.std(axis=0)


def _blocks(misfit: Misfit, residuals: FloatArray, jacobian: FloatArray) -> _Blocks:
    sums, totals, owners = [], [], []
    begin = 0
    for p, r in enumerate(misfit.records):
        end = begin + len(r.target)
        for part in np.array_split(np.arange(begin, end), max(round(r.job.protocol.duration / BLOCK), 1)):
            J, d = jacobian[part], residuals[part]
            sums.append((J.T @ J, J.T @ d, J.sum(axis=0)))
            totals.append(float(d.sum()))
            owners.append(p)
        begin = end
    normal, score, slope = (np.array(column) for column in zip(*sums, strict=True))
    return _Blocks(normal, score, slope, np.array(totals), np.array(owners))


def _step(blocks: _Blocks, weights: FloatArray, factors: FloatArray) -> FloatArray:
    """Gauss-Newton step of the fit in which block i counts weights[i] times."""
    normal = np.einsum("b,bij->ij", weights, blocks.normal)
    score = weights @ blocks.score
    for p, factor in enumerate(factors):
        own = np.where(blocks.protocol == p, weights, 0.0)
        slope, total = factor * (own @ blocks.slope), factor * float(own @ blocks.total)
        normal = normal + np.outer(slope, slope)
        score = score + slope * total
    return -np.linalg.lstsq(normal, score, rcond=1e-12)[0]
