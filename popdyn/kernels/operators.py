"""The density's operator on a grid: its numbers, its face coefficients, and the implicit solve."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.bernoulli import NEAR, far, near
from popdyn.kernels.shunt import SHUNT, diffusion

WIDTH = 8  # columns of a field array: what one vector register pair holds

Array = NDArray[np.float64]


class Operator(NamedTuple):
    """Finite-volume operator; flux above cell i: up_i q_i - down_i q_(i+1), with up = up[0] + u up[1] + D up[2].

    Where conductances act there are three parts more, popdyn.kernels.shunt.
    """

    width: Array  # (cell,) [V]
    centre: Array  # (cell,) [V]
    up: Array  # (3, cell): [V/s], [1], [1/V]; (6, cell) with conductances
    down: Array  # likewise, zero at the barrier
    reset: Array  # (cell,) share of a reinjected neuron, sums to one
    drift: Array  # (cell,) [V/s] mean drift across each face
    spacing: Array  # (cell,) [V] from centre to next centre, or to the barrier


class Hierarchy(NamedTuple):
    """Numbers of one population, SI, and the closure."""

    C_m: float
    a: float
    b: float
    tau_w: float
    E_w: float
    V_reset: float
    t_ref: float
    order: int
    closure: int


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def assemble(op: Operator, u: float, D: float, shunt: Array, up: Array, down: Array) -> None:
    """Face coefficients at drift offset u [V/s], diffusion D [V^2/s] and conductances (popdyn.kernels.shunt)."""
    for i in range(up.shape[0]):
        up[i] = op.up[0, i] + u * op.up[1, i] + D * op.up[2, i]
        down[i] = op.down[0, i] + u * op.down[1, i] + D * op.down[2, i]
    if shunt.shape[0] > 0:
        _add_conductances(op, shunt, up, down)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def assemble_fitted(op: Operator, u: float, D: float, shunt: Array, V_0: float, up: Array, down: Array) -> None:
    """Face coefficients of Scharfetter and Gummel (1969) at the drive itself: exact nodes for a drift linear in V,
    whatever the drive; not affine in it."""
    n = op.width.shape[0]
    if shunt.shape[0] > 0:
        _fit_conductances(op, u, D, shunt, V_0, up, down)
        return
    inverse, farthest = 1.0 / D, 0.0
    for i in range(n):
        drift = op.drift[i] + u
        z = drift * op.spacing[i] * inverse
        down[i] = D / op.spacing[i] * near(z)
        up[i] = down[i] + drift
        farthest = max(farthest, abs(z))
    if not farthest <= NEAR:
        for i in range(n):
            drift = op.drift[i] + u
            z = drift * op.spacing[i] * inverse
            if abs(z) > NEAR:
                down[i] = D / op.spacing[i] * far(z)
                up[i] = down[i] + drift
    down[n - 1] = 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def assemble_positive(
    op: Operator, u: float, D: float, shunt: Array, V_0: float, C_m: float, fields: Array, limit: float, up: Array,
    down: Array, face: Array,
) -> None:  # fmt: skip
    """Face coefficients of Scharfetter and Gummel (1969) at the drift that a cell's mean w leaves: never negative.

    `face` receives the mean of w - W that each face's coefficients carry, within +-limit.
    """
    n = op.width.shape[0]
    for i in range(n):
        mean = fields[i, 1] / fields[i, 0] if fields[i, 0] > 0.0 else 0.0
        face[i] = min(max(mean, -limit), limit)
    for i in range(n):
        if i < n - 1:
            face[i] = 0.5 * (face[i] + face[i + 1])
        drift, spread = op.drift[i] + u - face[i] / C_m, D
        if shunt.shape[0] > 0:
            x = op.centre[i] + 0.5 * op.spacing[i] - V_0
            drift, spread = drift - shunt[SHUNT] * x, diffusion(D, shunt, x)
        z = drift * op.spacing[i] / spread
        bernoulli = near(z) if abs(z) <= NEAR else far(z)
        down[i] = spread / op.spacing[i] * bernoulli
        up[i] = down[i] + spread / op.spacing[i] * z
    down[n - 1] = 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def solve_columns(width: Array, up: Array, down: Array, step: float, x: Array, inverse: Array) -> None:
    """Solve (1 - step L) x = rhs for all columns; x holds width * rhs on entry.

    Eliminates from both ends at once: two chains of divisions side by side take less time than one twice as long.
    """
    n = width.shape[0]
    middle = n // 2
    inverse[0] = 1.0 / (width[0] + step * up[0])
    inverse[n - 1] = 1.0 / (width[n - 1] + step * (up[n - 1] + down[n - 2]))
    for i in range(1, middle):
        j = n - 1 - i
        low = step * up[i - 1] * inverse[i - 1]
        high = step * down[j] * inverse[j + 1]
        inverse[i] = 1.0 / (width[i] + step * (up[i] + down[i - 1]) - low * step * down[i - 1])
        inverse[j] = 1.0 / (width[j] + step * (up[j] + down[j - 1]) - high * step * up[j])
        for k in range(WIDTH):
            x[i, k] += low * x[i - 1, k]
            x[j, k] += high * x[j + 1, k]
    for i in range(middle, n - middle):  # one or no cell between the halves
        low = step * up[i - 1] * inverse[i - 1]
        inverse[i] = 1.0 / (width[i] + step * (up[i] + down[i - 1]) - low * step * down[i - 1])
        for k in range(WIDTH):
            x[i, k] += low * x[i - 1, k]
    last = n - middle - 1  # lower half ends here; the upper half begins at last + 1
    low, high = step * up[last], step * down[last]
    share = low * high * inverse[last] * inverse[last + 1]
    for k in range(WIDTH):
        below, above = x[last, k] * inverse[last], x[last + 1, k] * inverse[last + 1]
        x[last, k] = (below + high * inverse[last] * above) / (1.0 - share)
        x[last + 1, k] = (above + low * inverse[last + 1] * below) / (1.0 - share)
    for i in range(last - 1, -1, -1):
        j = n - 1 - i
        above = step * down[i]
        for k in range(WIDTH):
            x[i, k] = (x[i, k] + above * x[i + 1, k]) * inverse[i]
        if j > last + 1:
            below = step * up[j - 1]
            for k in range(WIDTH):
                x[j, k] = (x[j, k] + below * x[j - 1, k]) * inverse[j]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _add_conductances(op: Operator, shunt: Array, up: Array, down: Array) -> None:
    """The parts of `assemble` that conductances bring; on their own, they do not slow the others."""
    for k in range(shunt.shape[0]):
        for i in range(up.shape[0]):
            up[i] += shunt[k] * op.up[3 + k, i]
            down[i] += shunt[k] * op.down[3 + k, i]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _fit_conductances(op: Operator, u: float, D: float, shunt: Array, V_0: float, up: Array, down: Array) -> None:
    """`assemble_fitted` where drift and diffusion have those of conductances."""
    n = op.width.shape[0]
    for i in range(n):
        x = op.centre[i] + 0.5 * op.spacing[i] - V_0
        spread = diffusion(D, shunt, x)
        z = (op.drift[i] + u - shunt[SHUNT] * x) * op.spacing[i] / spread
        bernoulli = near(z) if abs(z) <= NEAR else far(z)
        down[i] = spread / op.spacing[i] * bernoulli
        up[i] = down[i] + spread / op.spacing[i] * z
    down[n - 1] = 0.0
