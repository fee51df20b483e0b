"""Projection of the moment hierarchy onto the modes of its snapshots, the closure's moment carried along.

Stacked fields q_0..q_M, and q_(M+1) beside them, are P times their mean plus modes of zero mass:

    q_n(V, t) = P qbar_n(V) + sum_k a_k psi_nk(V)

The psi are the proper orthogonal modes of training runs in the inner product sum_n int f_n g_n / (n! s^(2n) pbar) dV,
s^2 the variance of w, in which P and the a_k decouple and mass is kept exactly. psi_(M+1),k is the least-squares image
of what the closure gave at the same time: the closure becomes linear, whatever it was. With it the hierarchy

    q_n' = L(u, D) q_n + (1/C_m) d_V q_(n+1) + n [(a V/tau_w - s) q_(n-1) - q_n/tau_w] + delta(V - V_reset) R_n^in

turns into the matrices of popdyn.kernels.modes. The affine operator makes them exact in u and D; there is no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh

from popdyn.kernels import modes as kernel
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.theory.reduced import Reduced

Array = NDArray[np.float64]

FLOOR = 1e-6  # of the mean density over its largest value, in the inner product
LEAST_MODE = 1e-7  # of the singular values: below it there is rounding


@dataclass(frozen=True)
class Snapshots:
    """Training states: fields (time, cell, M + 2), the closure's moment last, and P, W, J, mu, D of each (time,)."""

    fields: Array
    P: Array
    W: Array
    J: Array
    mu: Array
    D: Array

    def up_to(self, order: int) -> Snapshots:
        """The same with a lower top moment."""
        return Snapshots(self.fields[:, :, : order + 2], self.P, self.W, self.J, self.mu, self.D)


def project(op: Operator, h: Hierarchy, snapshots: Snapshots, count: int) -> tuple[Reduced, Array]:
    """`count` coordinates (P among them), and those of the snapshots (time, count)."""
    cells, dV = op.width.size, op.width
    M = snapshots.fields.shape[2] - 2
    P = snapshots.P[:, None]
    stacked = np.concatenate([snapshots.fields[:, :, m] for m in range(M + 2)], axis=1)
    mean = (stacked / P).mean(axis=0)
    pbar = np.maximum(mean[:cells], FLOOR * mean[:cells].max())
    pbar = pbar / (pbar @ dV)
    mean[:cells] = pbar
    spread = max(float(np.mean(snapshots.fields[:, :, 2] @ dV / snapshots.P)), 1e-12) if M > 0 else 1.0
    weight = np.concatenate([dV / pbar / (factorial(m) * spread**m) for m in range(M + 1)])
    inner = (M + 1) * cells
    deviation = stacked - P * mean
    scaled = deviation[:, :inner] * np.sqrt(weight)
    left, size = _leading(scaled, count - 1)
    kept = size.size
    modes = deviation.T @ (left / size)
    basis = np.column_stack([mean, modes])
    test = np.zeros((kept + 1, inner))
    test[0, :cells] = dV
    test[1:] = (modes[:inner] * weight[:, None]).T
    test = np.linalg.solve(test @ basis[:inner], test)
    norms = []
    for m in range(M + 1):
        part = slice(m * cells, (m + 1) * cells)
        norms.append((basis[part].T * weight[part]) @ basis[part])
    reduced = Reduced(_matrices(op, h, basis, test, M), test, np.zeros((4, 0, kept + 1)), np.array(norms))
    return reduced, stacked[:, :inner] @ test.T


def _leading(rows: Array, count: int) -> tuple[Array, Array]:
    """Left vectors (time, k) and singular values of the `count` leading modes, by the smaller Gram matrix."""
    wide = rows.shape[1] > rows.shape[0]
    gram = rows @ rows.T if wide else rows.T @ rows
    last = gram.shape[0] - 1
    values, vectors = eigh(gram, subset_by_index=[max(last - count + 1, 0), last])
    kept = values > LEAST_MODE**2 * values[-1]
    size, vectors = np.sqrt(values[kept][::-1]), vectors[:, kept][:, ::-1]
    return (vectors if wide else rows @ (vectors / size)), size


def _matrices(op: Operator, h: Hierarchy, basis: Array, test: Array, M: int) -> kernel.Modes:
    cells = op.width.size
    none = np.zeros((cells, basis.shape[1]))

    def field(m: int) -> Array:
        return basis[m * cells : (m + 1) * cells] if m >= 0 else none

    def project_all(parts: list[Array]) -> Array:
        return np.asarray(test @ np.concatenate(parts))

    rate = 1.0 / h.tau_w
    constant = []
    for m in range(M + 1):
        change = transport(op, 0, field(m))
        if h.order > 0:
            change = change - transport(op, 1, field(m + 1)) / h.C_m
        pull = h.a * rate * op.centre[:, None] * field(m - 1) - rate * field(m)
        constant.append(change + m * pull)
    R = [project_all(constant)]
    R += [project_all([transport(op, j, field(m)) for m in range(M + 1)]) for j in (1, 2)]
    R.append(project_all([-m * field(m - 1) for m in range(M + 1)]))
    E = np.array([test[:, m * cells : (m + 1) * cells] @ (op.reset / op.width) for m in range(M + 1)])
    c = np.array([[op.up[j, -1] * field(m)[-1] for j in range(3)] for m in range(M + 1)])
    if h.order > 0:
        for m in range(M + 1):
            c[m, 0] -= op.up[1, -1] / h.C_m * field(m + 1)[-1]
    numbers = np.array([h.C_m, h.a, h.b, h.tau_w, h.E_w, h.V_reset, h.t_ref])
    return kernel.Modes(np.array(R), E, c, (op.width * op.centre) @ field(0), numbers)


def transport(op: Operator, part: int, q: Array) -> Array:
    """Part `part` of the operator applied to the columns of q (cell, x): 0 constant, 1 per u, 2 per D."""
    flux = op.up[part, :, None] * q
    flux[:-1] -= op.down[part, :-1, None] * q[1:]
    change = -flux
    change[1:] += flux[:-1]
    return np.asarray(change / op.width[:, None])
