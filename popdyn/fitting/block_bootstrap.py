"""Block bootstrap of least-squares estimates, refitted to first order."""

from __future__ import annotations

import numpy as np

from popdyn.types import FloatArray, IntArray

REPLICATES = 1000


def bootstrap_ends(
    residuals: FloatArray, jacobian: FloatArray, ids: IntArray, level: float, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper percentile (parameter,) of the moves of the estimates, in coordinates.

    Whole blocks of bins (`ids`) are drawn with replacement and each draw is refitted by one step of Gauss and Newton.
    Valid when: blocks are long against the correlation of the residuals, and ten or more.
    Source: Künsch 1989, Ann Stat 17:1217.
    """
    blocks, k = int(ids.max()) + 1, jacobian.shape[1]
    normal, score = np.zeros((blocks, k, k)), np.zeros((blocks, k))
    np.add.at(normal, ids, jacobian[:, :, None] * jacobian[:, None, :])
    np.add.at(score, ids, jacobian * residuals[:, None])
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(11,)))
    weights = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), size=REPLICATES).astype(np.float64)
    drawn = np.einsum("rb,bpq->rpq", weights, normal)
    drawn = drawn + 1e-12 * np.trace(drawn, axis1=1, axis2=2)[:, None, None] * np.eye(k)
    moves = -np.linalg.solve(drawn, (weights @ score)[:, :, None])[:, :, 0]
    low, high = np.quantile(moves, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
    return low, high
