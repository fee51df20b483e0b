"""Balanced reduction of the projected density: keep what the rate will show, not what varies most.

Observability of a coordinate is what its present value does to the rate later, w and its feedback included,

    A' Q + Q A + c c' = 0    with (A, c) the equations linearised at states of the training runs, Q their mean,

and its reach is its covariance over the training runs. Directions are ordered by the product of the two (Moore 1981),
in the oblique projection that balances them. `EASE` adds a little of the identity to Q, which pulls the projection
towards the orthogonal one: fewer modes of a balanced model are unstable then.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_continuous_lyapunov

from popdyn.kernels import modes as kernel
from popdyn.theory.projection import Snapshots
from popdyn.theory.reduced import Reduced, derivatives, through_past

Array = NDArray[np.float64]

POINTS = 40
EASE = 1e-3
SLOWEST = 3.0  # [1/s]: decay that a linearised state is given at least, so that its Gramian exists


def linearised(modes: kernel.Modes, x: Array, W: float, mu: float, D: float) -> tuple[Array, Array]:
    """(A, c) over (x_1.., W) of the reduced system without its dead time; P, which never changes then, is left out."""
    now, past, out = derivatives(modes, x, W, mu, D)
    whole = now + past @ through_past(out)
    return whole[1:, 1:], out[0, 1:]


def observability(reduced: Reduced, states: Array, snapshots: Snapshots, seed: int) -> Array:
    """(K - 1, K - 1) mean observability Gramian of the coordinates beside P."""
    K = reduced.count
    draw = np.random.default_rng(seed).choice(len(states), min(POINTS, len(states)), replace=False)
    total = np.zeros((K, K))
    for i in draw:
        A, c = linearised(reduced.modes, states[i], snapshots.W[i], snapshots.mu[i], snapshots.D[i])
        growth = float(np.linalg.eigvals(A).real.max()) + SLOWEST
        A = A - max(growth, 0.0) * np.eye(K)
        total += solve_continuous_lyapunov(A.T, -np.outer(c, c))
    total = total[:-1, :-1] / len(draw)
    return np.asarray(0.5 * (total + total.T))


def balance(reduced: Reduced, states: Array, gramian: Array, count: int) -> Reduced:
    """`count` coordinates of a larger reduced model, P the first, and what they leave out as the rate sees it."""
    _, size, axes = np.linalg.svd(states[:, 1:] / np.sqrt(len(states)), full_matrices=False)
    reach = axes.T * size
    seen = reach.T @ gramian @ reach
    eased = gramian + EASE * np.trace(seen) / np.sum(size**2) * np.eye(len(gramian))
    values, vectors = np.linalg.eigh(eased)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    left, hankel, right = np.linalg.svd(root @ reach)
    kept = min(count - 1, int(np.sum(hankel > 1e-12 * hankel[0])))
    basis, test = np.zeros((reduced.count, kept + 1)), np.zeros((kept + 1, reduced.count))
    basis[0, 0] = test[0, 0] = 1.0
    basis[1:, 1:] = reach @ right[:kept].T / np.sqrt(hankel[:kept])
    test[1:, 1:] = (left[:, :kept] / np.sqrt(hankel[:kept])).T @ root
    big = reduced.modes
    modes = kernel.Modes(
        np.array([test @ part @ basis for part in big.R]), big.E @ test.T, big.c @ basis, basis.T @ big.v, big.numbers
    )
    norms = np.array([basis.T @ part @ basis for part in reduced.norms])
    return Reduced(modes, test @ reduced.test, _missing(reduced, modes, basis, root), norms)


def _missing(big: Reduced, modes: kernel.Modes, basis: Array, root: Array) -> Array:
    """(4, r, K): square root of the Gramian times what the balanced matrices leave out, its rows compressed."""
    left_out = np.array([(whole @ basis - basis @ part)[1:] for whole, part in zip(big.modes.R, modes.R, strict=True)])
    entering = (big.modes.E - modes.E @ basis.T)[:, 1:]
    left_out[:3] += np.einsum("mi,mjk->jik", entering, modes.c)
    seen = np.concatenate([root @ part for part in left_out], axis=1)
    vectors, size, _ = np.linalg.svd(seen, full_matrices=False)
    rows = vectors[:, : min(modes.v.size, int(np.sum(size > 0)))].T @ root
    return np.array([rows @ part for part in left_out])
