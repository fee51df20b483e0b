"""A response known on the imaginary axis as a sum of poles, so that it is known at every complex lambda.

    H_a(lambda) = d_a + sum_n r_an/(lambda - p_n),      Re p_n < 0, poles and residues in conjugate pairs

The poles are those of the rational interpolant that the AAA algorithm builds from all rows at once, those with growth
or without weight left out; residues are then fitted to the samples by least squares. Of several tolerances of the
interpolant the one whose fit is nearest to the samples serves.
Source: Nakatsukasa, Sete and Trefethen 2018, SIAM J Sci Comput 40:A1494; all rows at once: Lietaert, Meerbergen, Perez
and Vandereycken 2022, IMA J Numer Anal 42:1087.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eig

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

TOLERANCES = (1e-3, 3e-4, 1e-4)  # of the largest |H| of each row
MOST = 30  # pairs of support points
WEIGHT = 2e-3  # of the largest |H|: a pole that adds less everywhere on the axis is left out
ROUNDS = 6  # of leaving out
REAL = 1e-9  # |Im|/|p| of a pole that lies on the axis of real numbers
TINY = 1e-300


@dataclass(frozen=True)
class Poles:
    """poles (n,) [1/s], those of Im > 0 without their conjugates; residues (row, n), constant (row,)."""

    poles: Complex
    residues: Complex
    constant: Array
    error: float  # of the fit, over the largest |H| of each row

    def __call__(self, lambdas: NDArray[np.complex128]) -> Complex:
        """H (row, lambda)."""
        return np.asarray(self.constant[:, None] + np.einsum("an,nz->az", *self._parts(np.asarray(lambdas))))

    def _parts(self, z: Complex) -> tuple[Complex, Complex]:
        """Residues and 1/(lambda - p), conjugates put in."""
        pairs = self.poles.imag > 0.0
        p = np.concatenate([self.poles, self.poles[pairs].conj()])
        r = np.concatenate([self.residues, self.residues[:, pairs].conj()], axis=1)
        return r, 1.0 / (z[None, :] - p[:, None])


def fit_poles(omega: Array, values: Complex) -> Poles:
    """Of H (row, frequency) at omega > 0 [1/s]."""
    scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), TINY)
    found = [_fit(omega, values / scale, tolerance) for tolerance in TOLERANCES]
    best = min(found, key=lambda one: one.error)
    return Poles(best.poles, best.residues * scale, best.constant * scale[:, 0], best.error)


def _fit(omega: Array, H: Complex, tolerance: float) -> Poles:
    poles = _interpolant_poles(omega, H, tolerance)
    poles = poles[(poles.real < 0.0) & (poles.imag > -REAL * np.abs(poles))]
    poles = np.where(np.abs(poles.imag) < REAL * np.abs(poles), poles.real, poles).astype(complex)
    for _ in range(ROUNDS):
        residues, constant = _residues(omega, H, poles)
        nearest = np.abs(1j * omega[:, None] - poles[None, :]).min(axis=0)
        heavy = np.abs(residues).max(axis=0, initial=0.0) > WEIGHT * nearest
        if heavy.all():
            break
        poles = poles[heavy]
    residues, constant = _residues(omega, H, poles)
    found = Poles(poles, residues, constant, 0.0)
    return Poles(poles, residues, constant, float(np.abs(found(np.asarray(1j * omega)) - H).max()))


def _interpolant_poles(omega: Array, H: Complex, tolerance: float) -> Complex:
    """Poles of the barycentric interpolant; support points are added in pairs where all rows miss most."""
    z = np.concatenate([1j * omega, -1j * omega])
    F = np.concatenate([H, H.conj()], axis=1)
    chosen: list[int] = []
    fit = np.repeat(F.mean(axis=1, keepdims=True), z.size, axis=1)
    weights = np.zeros(0, dtype=complex)
    while len(chosen) < 2 * MOST:
        miss = np.abs(F - fit).max(axis=0)
        miss[chosen] = 0.0
        k = int(np.argmax(miss[: omega.size]))
        if miss[k] < tolerance:
            break
        chosen += [k, k + omega.size]
        rest = np.setdiff1d(np.arange(z.size), chosen)
        cauchy = 1.0 / (z[rest, None] - z[chosen][None, :])
        loewner = np.concatenate([(row[rest, None] - row[chosen][None, :]) * cauchy for row in F])
        weights = np.linalg.svd(loewner, full_matrices=False)[2][-1].conj()
        fit = F.copy()
        fit[:, rest] = (F[:, chosen] * weights) @ cauchy.T / (cauchy @ weights)
    if not chosen:
        return np.zeros(0, dtype=complex)
    return _zeros_of_denominator(z[chosen], weights)


def _zeros_of_denominator(support: Complex, weights: Complex) -> Complex:
    n = support.size
    left, right = np.zeros((n + 1, n + 1), dtype=complex), np.eye(n + 1, dtype=complex)
    left[0, 1:], left[1:, 0], right[0, 0] = weights, 1.0, 0.0
    left[1:, 1:] = np.diag(support)
    found = eig(left, right, right=False)
    return np.asarray(found[np.isfinite(found)])


def _residues(omega: Array, H: Complex, poles: Complex) -> tuple[Complex, Array]:
    """Least squares in real numbers: a pair's residue counts by its real and imaginary part."""
    z, pairs = 1j * omega, poles.imag > 0.0
    own = 1.0 / (z[:, None] - poles[None, :])
    other = np.where(pairs, 1.0 / (z[:, None] - poles.conj()[None, :]), 0.0)
    columns = np.concatenate([own + other, 1j * (own - other)[:, pairs], np.ones((z.size, 1))], axis=1)
    stacked = np.concatenate([columns.real, columns.imag])
    size = np.linalg.norm(stacked, axis=0)
    found = np.linalg.lstsq(stacked / size, np.concatenate([H.real, H.imag], axis=1).T, rcond=1e-13)[0].T / size
    residues = found[:, : poles.size].astype(complex)
    residues[:, pairs] += 1j * found[:, poles.size : -1]
    return residues, found[:, -1]
