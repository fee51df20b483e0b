"""Block bootstrap of least-squares estimates, refitted to first order."""

from __future__ import annotations

import numpy as np

from popdyn.types import FloatArray, IntArray

REPLICATES, RIDGE = 1000, 1e-12


def bootstrap_ends(
    residuals: FloatArray, jacobian: FloatArray, ids: IntArray, level: float, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Lower and upper percentile (parameter,) of the moves of the estimates from where they are, in coordinates.

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
    drawn, whole = np.einsum("rb,bpq->rpq", weights, normal), normal.sum(axis=0)
    ridge = RIDGE * np.trace(whole) * np.eye(k)
    moves = -np.linalg.solve(drawn + ridge, (weights @ score)[:, :, None])[:, :, 0]
    moves += np.linalg.solve(whole + ridge, score.sum(axis=0))
    low, high = np.quantile(moves, [0.5 - 0.5 * level, 0.5 + 0.5 * level], axis=0)
    return low, high
