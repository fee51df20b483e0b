"""Residual of the moment hierarchy at an instant, and its Jacobian by complex steps, for states and responses.

Unknowns: fields (cell, M + 1), scalars in the order below, and late values (R_0..R_M+1 and W at t - t_ref). Every
equation is local in V once the integrals are unknowns of their own, so three colours of cells give the whole Jacobian.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.closures import CUMULANT, EMPTY
from popdyn.kernels.operators import Hierarchy, Operator

W, S, J, P, PV, I_2, I_3, I_M, VI_M, R = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9  # rows of the scalars; R_0.. from R on

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]
TINY = 1e-30  # complex step


@njit(cache=True, error_model="numpy")
def _cumulant(M: int, q: Complex, limit: float, held: bool) -> complex:
    """q_(M+1) with no conditional cumulant M + 1, by the recursion of moments over cumulants.

    q_(n+1) = sum_k C(n, k) kappa_(k+1) q_(n-k). `held`: the cumulants are limited and have no derivative.
    """
    m = q[1] / q[0]
    v = q[2] / q[0] - m * m
    t, f = 0.0j, 0.0j
    if held:
        m, v = complex(min(max(m.real, -limit), limit)), complex(min(max(v.real, 0.0), limit**2))
    if M > 2:
        t = q[3] / q[0] - m * (3.0 * v + m * m)
        t = complex(min(max(t.real, -(limit**3)), limit**3)) if held else t
    if M > 3:
        f = q[4] / q[0] - (m * m * m * m + 6.0 * m * m * v + 4.0 * m * t + 3.0 * v * v)
        f = complex(min(max(f.real, -(limit**4)), limit**4)) if held else f
    if M == 2:
        return m * q[2] + 2.0 * v * q[1]
    if M == 3:
        return m * q[3] + 3.0 * v * q[2] + 3.0 * t * q[1]
    return m * q[4] + 4.0 * v * q[3] + 6.0 * t * q[2] + 4.0 * f * q[1]


@njit(cache=True, error_model="numpy")
def _top(h: Hierarchy, q: Complex, s: Complex, peak: float, thin: float) -> complex:
    """q_(M+1) by the closure, from q_0..q_M at one point; conditional cumulants are held below thin * peak."""
    M = h.order
    if M == 0:
        return 0.0j
    if h.closure == CUMULANT:
        if q[0].real <= EMPTY * peak:
            return 0.0j
        return _cumulant(M, q, 12.0 * np.sqrt(max((s[I_2] / s[P]).real, 0.0)), q[0].real < thin * peak)
    S_2 = s[S] if M == 1 else s[I_2] / s[P]
    if M == 1:
        return S_2 * q[0]
    S_3 = s[S] if M == 2 else s[I_3] / s[P]
    if M == 2:
        return 3.0 * S_2 * q[1] + S_3 * q[0]
    return 6.0 * S_2 * q[2] + 4.0 * S_3 * q[1] + (s[S] - 6.0 * S_2 * S_2) * q[0]


@njit(cache=True, error_model="numpy")
def residual(
    op: Operator, h: Hierarchy, mu: complex, D: complex, q: Complex, s: Complex, late: Complex,
    r: Complex, r_s: Complex, thin: float,
) -> None:  # fmt: skip
    """Right-hand sides, times the cell width, into r (cell, M + 1) and r_s (scalar,); q has a spare column M + 1."""
    n, M = op.width.shape[0], h.order
    rate = 1.0 / h.tau_w
    u = mu - s[W] / h.C_m
    mean_V = s[PV] / s[P]
    peak = 0.0
    for i in range(n):
        peak = max(peak, q[i, 0].real)
    for i in range(n):
        q[i, M + 1] = _top(h, q[i], s, peak, thin)
    decay = np.exp(-h.t_ref * rate)
    jump = decay * (late[M + 2] + h.b) + (1.0 - decay) * h.a * (h.V_reset - h.E_w) - s[W]
    inflow = np.zeros(M + 2, dtype=np.complex128)
    for m in range(M + 2):
        term = 1.0 + 0.0j  # C(m, k) jump^(m-k), by products: a complex power loses the complex step where jump < 0
        for k in range(m, -1, -1):
            inflow[m] += term * decay**k * late[k]
            term = term * jump * k / (m - k + 1)
    for m in range(M + 1):
        below = 0.0j
        for i in range(n):
            above = (op.up[0, i] + u * op.up[1, i] + D * op.up[2, i]) * q[i, m] - op.up[1, i] * q[i, m + 1] / h.C_m
            if i < n - 1:
                above -= (op.down[0, i] + u * op.down[1, i] + D * op.down[2, i]) * q[i + 1, m]
                above += op.down[1, i] * q[i + 1, m + 1] / h.C_m
            r[i, m] = below - above + op.reset[i] * inflow[m]
            if m > 0:
                pull = h.a * (op.centre[i] - mean_V) * rate - s[J] / s[P]
                r[i, m] += op.width[i] * m * (pull * q[i, m - 1] - rate * q[i, m])
            below = above
        r_s[R + m] = below - s[R + m]  # below is now the outgoing flux
    r_s[R + M + 1] = -s[R + M + 1]
    if M > 0 and h.closure != CUMULANT:
        r_s[R + M + 1] += _top(h, s[R : R + M + 1], s, 0.0, 0.0)
    # J as the frame sees it: at M = 0 the hierarchy has no q_1 and R_1 vanishes
    r_s[J] = inflow[1] - (s[R + 1] if M > 0 else 0.0) - s[J]
    r_s[W] = (h.a * (mean_V - h.E_w) - s[W]) * rate + s[J] / s[P]
    k = M + 1
    r_s[S] = k * (h.a * (s[VI_M] - mean_V * s[I_M]) * rate - s[J] / s[P] * s[I_M]) / s[P] - k * rate * s[S]
    r_s[S] += (inflow[k] - s[R + k] - s[S] * (inflow[0] - s[R])) / s[P]
    for row in (P, PV, I_2, I_3, I_M, VI_M):
        r_s[row] = -s[row]
    for i in range(n):
        width, V = op.width[i], op.centre[i]
        r_s[P] += width * q[i, 0]
        r_s[PV] += width * V * q[i, 0]
        if M >= 2:
            r_s[I_2] += width * q[i, 2]
        if M >= 3:
            r_s[I_3] += width * q[i, 3]
        r_s[I_M] += width * q[i, M]
        r_s[VI_M] += width * V * q[i, M]


@njit(cache=True, error_model="numpy")
def jacobian(
    op: Operator, h: Hierarchy, mu: float, D: float, q: NDArray[np.float64], s: NDArray[np.float64],
    late: NDArray[np.float64], thin: float,
) -> tuple[Real, Real, Real, Real, Real, Real]:  # fmt: skip
    """Derivatives of the residual: (field to field, field to scalar, edge, scalar to scalar) and to late, mu, D.

    Shapes: (cell, 3, M+1, M+1) with neighbour offset -1, 0, 1; (cell, M+1, x) and (scalar, x) where x runs over
    scalars, late values, mu, D; edge (scalar, M+1): derivative of scalar rows to the fields of the last cell.
    """
    n, M = op.width.shape[0], h.order
    n_s, n_l = s.shape[0], late.shape[0]
    zq, zs, zl = np.zeros((n, M + 2), np.complex128), s.astype(np.complex128), late.astype(np.complex128)
    zq[:, : M + 1] = q
    r, r_s = np.zeros((n, M + 1), np.complex128), np.zeros(n_s, np.complex128)
    blocks = np.zeros((n, 3, M + 1, M + 1))
    edge = np.zeros((n_s, M + 1))
    border, corner = np.zeros((n, M + 1, n_s + n_l + 2)), np.zeros((n_s, n_s + n_l + 2))
    for m in range(M + 1):
        for colour in range(3):
            for i in range(colour, n, 3):
                zq[i, m] += TINY * 1j
            residual(op, h, complex(mu), complex(D), zq, zs, zl, r, r_s, thin)
            for i in range(colour, n, 3):
                for j in range(max(i - 1, 0), min(i + 2, n)):
                    for k in range(M + 1):
                        blocks[j, i - j + 1, k, m] = r[j, k].imag / TINY
                zq[i, m] = zq[i, m].real
            if (n - 1) % 3 == colour:
                for k in range(R, n_s):
                    edge[k, m] = r_s[k].imag / TINY
    for k in range(n_s + n_l + 2):
        mu_z, D_z = complex(mu), complex(D)
        if k < n_s:
            zs[k] += TINY * 1j
        elif k < n_s + n_l:
            zl[k - n_s] += TINY * 1j
        elif k == n_s + n_l:
            mu_z = mu + TINY * 1j
        else:
            D_z = D + TINY * 1j
        residual(op, h, mu_z, D_z, zq, zs, zl, r, r_s, thin)
        border[:, :, k] = r.imag / TINY
        corner[:, k] = r_s.imag / TINY
        if k < n_s:
            zs[k] = zs[k].real
        elif k < n_s + n_l:
            zl[k - n_s] = zl[k - n_s].real
    residual(op, h, complex(mu), complex(D), zq, zs, zl, r, r_s, thin)
    return blocks, edge, border, corner, r.real.copy(), r_s.real.copy()
