"""Balanced reduction of gated modes: of many coordinates those that are reached and that the rate will show.

Observability is followed backwards along the training runs themselves, h, g and all feedback as they were,

    W_n = c_n c_n' + J_n' W_(n+1) J_n,     J_n, c_n: derivatives of a step and of its rate,

its mean over them against the coordinates' second moments (Moore 1981). The chosen coordinates get matrices of their
own by least squares, so that those left out count by what they are on average.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import gated as kernel
from popdyn.kernels.gated import GatedModes
from popdyn.theory.gated import Gated, derivatives
from popdyn.theory.gated_fit import Path, regress

Array = NDArray[np.float64]

MOST_STEPS = 2500  # of a run that are followed
REACH = 600  # steps: those nearer to the end do not count
EASE = 1e-6
EVERY = 4
LARGEST = 1e200


def observability(modes: GatedModes, paths: list[Path], coordinates: list[Array], dt: float) -> Array:
    """(K, K) mean over the runs. Raises NumericsError where the coordinates' own system grows without bound."""
    K, J, lag = modes.c.shape[2], modes.traces.shape[1], int(modes.numbers[kernel.LAG])
    place, size = K + J, K + J + (1 + J) * max(lag, 1)
    total, count = np.zeros((K, K)), 0
    for p, x in zip(paths, coordinates, strict=True):
        late, W = p.late(modes.traces[kernel.DECAY], lag), np.zeros((size, size))
        last = p.rate.size - 1
        for n in range(last, max(last - MOST_STEPS, 0), -1):
            step = derivatives(modes, dt, x[n], p.h[n], p.abar[n], late[n])[0]
            W = np.outer(step[place], step[place]) + step.T @ W @ step
            if not W.trace() < LARGEST:
                raise NumericsError("the projected cohorts are unstable along their own training runs")
            if n % EVERY == 0 and n < last - REACH:
                total += W[:K, :K]
                count += 1
    return total / max(count, 1)


def balance(
    big: GatedModes, test: Array, gramian: Array, paths: list[Path], coordinates: list[Array], count: int, dt: float,
) -> Gated:  # fmt: skip
    """`count` of the coordinates' combinations, P the first, with matrices of their own."""
    x = np.concatenate(coordinates)[:, 1:]
    second, vectors = np.linalg.eigh(x.T @ x / len(x))
    reach = vectors * np.sqrt(np.maximum(second, 0.0))
    seen = gramian[1:, 1:]
    ease = EASE * np.trace(reach.T @ seen @ reach) / np.sum(second)
    values, vectors = np.linalg.eigh(seen + ease * np.eye(len(seen)))
    root = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    left, hankel, right = np.linalg.svd(root @ reach)
    kept = slice(0, count - 1)
    T, basis = np.zeros((count, len(gramian))), np.zeros((len(gramian), count))
    T[0, 0] = basis[0, 0] = 1.0
    T[1:, 1:] = (left[:, kept] / np.sqrt(hankel[kept])).T @ root
    basis[1:, 1:] = reach @ right[kept].T / np.sqrt(hankel[kept])
    own = [each @ T.T for each in coordinates]
    modes = regress(big.numbers, big.traces, paths, own, T @ big.R[3] @ basis, dt, squares=bool(np.any(big.R[2])))
    return Gated(modes, dt, T @ test, _missing(big, modes, basis, root))


def _missing(big: GatedModes, modes: GatedModes, basis: Array, root: Array) -> Array:
    """(r, 4 K + psi): square root of the Gramian times what the chosen matrices leave out, compressed."""
    parts = [(whole @ basis - basis @ part)[1:] for whole, part in zip(big.R, modes.R, strict=True)]
    parts.append((big.E - modes.E @ basis.T).T[1:])
    seen = root @ np.concatenate(parts, axis=1)
    _, size, right = np.linalg.svd(seen, full_matrices=False)
    kept = min(basis.shape[1], int(np.sum(size > 0.0)))
    return np.asarray(size[:kept, None] * right[:kept])
