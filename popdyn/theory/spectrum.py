"""The slowest modes of neurons with w held: eigenpairs of the density's operator, reinjection included, no dead time.

    A phi_n = lambda_n W phi_n,   psi_n' A = lambda_n psi_n' W,   psi_n' W phi_n = 1,   A = -M + reset o'

M: drift and diffusion out of and into cells, W: their widths, o: the flux that leaves at the barrier. With
A_x = dA/dx and p_0 the stationary density, f_n = o' phi_n and c_n = (d psi_n/dx)' W p_0 = psi_n' A_x p_0/lambda_n.

The pair is that of the slowest mode: it and its conjugate where it is complex, otherwise it and the slowest other real
mode. Sums over it are taken in its plane, real, so that they stay finite where two real modes become a complex pair.

Valid when: t_ref = 0.
Source: Mattia and Del Giudice 2002, Phys Rev E 66:051917; choice of the pair and its sums as in Augustin, Ladenbauer,
Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dgttrf, dgttrs, zgttrf, zgttrs

from popdyn.errors import NumericsError
from popdyn.kernels.operators import Operator
from popdyn.types import ComplexArray, FloatArray

SHIFT = 20.0
"""Where the operator is inverted [1/s]: to the right of all modes, near the slowest."""
KRYLOV, CONVERGED = 26, 1e-3
"""Steps of Arnoldi's method, and the relative residual of the modes that are taken from it."""
ROUNDS, SETTLED = 3, 1e-4
"""Inverse iterations on a mode, and by how much of itself its eigenvalue may move in them."""
NOTHING = 1e-6
"""|lambda| over SHIFT of the stationary mode."""
Vector = NDArray[Any]


class Pair(NamedTuple):
    """Two modes and what they do at one drive; pairs of numbers belong to x = mu [V/s] and x = D [V^2/s]."""

    eigenvalue: complex  # lambda_1 [1/s], imaginary part not negative
    total: float  # 1/lambda_1 + 1/lambda_2 [s]
    product: float  # 1/(lambda_1 lambda_2) [s^2]
    jump: FloatArray  # dr_inf/dx + sum_n f_n c_n: what r jumps by with x
    force: FloatArray  # sum_n lambda_n f_n c_n
    V_slope: FloatArray  # dV_inf/dx


class _Shifted:
    """(z W - A)^-1 from either side: tridiagonal elimination, reinjection by Sherman and Morrison's formula."""

    def __init__(self, op: Operator, up: FloatArray, down: FloatArray, z: complex) -> None:
        self.width, self.reset = op.width, op.reset
        middle = (z.real if z.imag == 0.0 else z) * op.width + up
        middle[1:] += down[:-1]
        factor, self._solve = (zgttrf, zgttrs) if np.iscomplexobj(middle) else (dgttrf, dgttrs)
        self._lu = factor(-up[:-1], middle, -down[:-1])[:5]
        out = np.zeros_like(middle)
        out[-1] = up[-1]
        self._in, self._out = self._by(op.reset, "N"), self._by(out, "T")
        self._share = 1.0 / (1.0 - up[-1] * self._in[-1])
        self._barrier = up[-1]

    def right(self, b: Vector) -> Vector:
        x = self._by(b, "N")
        return x + self._in * (self._share * self._barrier * x[-1])

    def left(self, b: Vector) -> Vector:
        x = self._by(b, "T")
        return x + self._out * (self._share * (self.reset @ x))

    def _by(self, b: Vector, side: str) -> Vector:
        found: Vector = self._solve(*self._lu, b, trans=side)[0]
        return found


def slowest_pair(op: Operator, u: float, D: float) -> Pair:
    """At effective drive u = mu - w/C_m [V/s] and D = sigma^2/2 [V^2/s].

    Raises NumericsError where no mode is found.
    """
    up, down = (part[0] + u * part[1] + D * part[2] for part in (op.up, op.down))
    values = eigenvalues(op, u, D)
    first = complex(values[0])
    both = [first] if first.imag != 0.0 else [first, _other_real(values)]
    right, left = [], []
    for value in both:
        phi, psi = _mode(op, up, down, value)
        parts = (np.real, np.imag) if value.imag != 0.0 else (np.real,)
        right += [part(phi) for part in parts]
        left += [part(psi) for part in parts]
    return _pair(op, up, down, first, np.array(right).T, np.array(left).T)


def eigenvalues(op: Operator, u: float, D: float) -> ComplexArray:
    """The slowest modes [1/s], some ten of them, slowest first, without the stationary one; Im >= 0.

    Arnoldi's method on the inverse at SHIFT.
    """
    up, down = (part[0] + u * part[1] + D * part[2] for part in (op.up, op.down))
    at, n = _Shifted(op, up, down, SHIFT), op.width.size
    basis, H = np.zeros((KRYLOV + 1, n)), np.zeros((KRYLOV + 1, KRYLOV))
    start = np.random.default_rng(0).normal(size=n)
    basis[0] = start / np.linalg.norm(start)
    for k in range(KRYLOV):
        x = at.right(op.width * basis[k])
        for _ in range(2):  # once leaves rounding behind
            along = basis[: k + 1] @ x
            x -= along @ basis[: k + 1]
            H[: k + 1, k] += along
        H[k + 1, k] = np.linalg.norm(x)
        basis[k + 1] = x / H[k + 1, k]
    theta, vectors = np.linalg.eig(H[:KRYLOV])
    good = np.abs(H[KRYLOV, KRYLOV - 1] * vectors[-1]) < CONVERGED * np.abs(theta)
    values = SHIFT - 1.0 / theta[good]
    values = values[(np.abs(values) > NOTHING * SHIFT) & (values.imag >= 0.0)]
    if values.size == 0:
        raise NumericsError(f"no mode of the density was found at u = {u:.6g} V/s, D = {D:.6g} V^2/s")
    return np.asarray(values[np.argsort(-values.real)], dtype=complex)


def _other_real(values: ComplexArray) -> complex:
    real = values[1:][values[1:].imag == 0.0]
    if real.size == 0:
        raise NumericsError(f"the slowest mode of the density, {values[0].real:.4g} 1/s, is real, and no other one is")
    return complex(real[0])


def _mode(op: Operator, up: FloatArray, down: FloatArray, value: complex) -> tuple[Vector, Vector]:
    """phi and psi by inverse iteration at a shift beside the eigenvalue."""
    at = _Shifted(op, up, down, value * (1.0 + 1e-7))
    phi, psi = op.reset.copy(), np.ones_like(op.reset)
    for _ in range(ROUNDS):
        phi, psi = at.right(op.width * phi), at.left(op.width * psi)
        phi, psi = phi / np.abs(phi).max(), psi / np.abs(psi).max()
    found = psi @ _generator(op, up, down, phi) / (psi @ (op.width * phi))
    if not abs(found - value) < SETTLED * abs(value):
        raise NumericsError(f"a mode of the density at {value:.6g} 1/s was not found again: got {found:.6g}")
    return phi, psi


def _pair(op: Operator, up: FloatArray, down: FloatArray, first: complex, right: FloatArray, left: FloatArray) -> Pair:
    weighted = np.linalg.solve(left.T @ (op.width[:, None] * right), left.T)  # rows: biorthogonal to `right`
    moving = weighted @ np.array([_generator(op, up, down, phi) for phi in right.T]).T
    inverse = np.linalg.inv(moving)
    density, slopes = _stationary(op, up, down)
    sources = np.array([_generator(op, op.up[k], op.down[k], density) for k in (1, 2)]).T
    f, kicks = up[-1] * right[-1], weighted @ sources
    return Pair(
        eigenvalue=first, total=float(np.trace(inverse)), product=float(np.linalg.det(inverse)),
        jump=slopes[0] + f @ inverse @ kicks, force=f @ kicks, V_slope=slopes[1],
    )  # fmt: skip


def _generator(op: Operator, up: FloatArray, down: FloatArray, p: Vector) -> Vector:
    """A p: what a density gains in every cell [1/s]."""
    flux = up * p
    flux[:-1] -= down[:-1] * p[1:]
    gained = op.reset * flux[-1] - flux
    gained[1:] += flux[:-1]
    return gained


def _stationary(op: Operator, up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Density, and the slopes of rate and mean V over mu and D, (2, 2)."""
    middle = up.copy()
    middle[1:] += down[:-1]
    lu = dgttrf(-up[:-1], middle, -down[:-1])[:5]
    p = dgttrs(*lu, op.reset)[0]
    rate = 1.0 / (op.width @ p)
    out = op._replace(reset=np.zeros_like(op.reset))
    moved = [dgttrs(*lu, _generator(out, op.up[k], op.down[k], p))[0] for k in (1, 2)]
    weight = op.width * (op.centre - rate * (op.width * op.centre) @ p)
    slopes = np.array([[-(rate**2) * (op.width @ m) for m in moved], [rate * (weight @ m) for m in moved]])
    return rate * p, slopes
