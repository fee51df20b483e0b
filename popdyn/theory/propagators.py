"""Steps of a population's modes as tabulated propagators: one product of a matrix and a vector a step.

At constant u, D, s and reinjected fluxes F_m the modes are linear, and a step of dt is exact,

    (x, integral of R_m, integral of v.x)(t + dt) = exp(dt B(u, D, s)) (x, F, 0)(t),   B affine in u, D and s

The table has, for every cell of a grid of (u, D), the propagator's value and slopes:

    G = G_0 + (u - u_c) G_u + rise G_rise + (D - D_c) G_D + (s - s_c) G_s

rise is what u grows by from the middle of the step to its end, in a line. Slopes in u and D are secants over the cell;
G_0 is moved by a third of the curvature, so that the error has no mean over the cell. Linear identities survive: mass
is kept to rounding. W and s are taken at the middle of the step (popdyn.kernels.propagators): of second order.

Source: exponential midpoint rule, Hochbruck and Ostermann, Acta Numerica 19 (2010), 209; the table is ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

from popdyn.kernels import modes as kernel
from popdyn.kernels import propagators as march
from popdyn.kernels.tall import UNROLLED, WIDTHS

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """Equal cells between two ends; one cell of no width where the quantity does not vary."""

    low: float
    high: float
    cells: int

    @property
    def width(self) -> float:
        return (self.high - self.low) / self.cells

    @property
    def centres(self) -> Array:
        return np.asarray(self.low + self.width * (np.arange(self.cells) + 0.5))

    @property
    def edges(self) -> Array:
        return np.asarray(self.low + self.width * np.arange(self.cells + 1))


def generator(modes: kernel.Modes, u: Array, D: Array, s: Array) -> Array:
    """B of every (u, D, s) (point,): (point, n, n), n = K modes, the M + 1 reinjected fluxes, M + 2 integrals.

    Without dead time what is reinjected is part of the modes' own matrix, and there are no columns for it.
    """
    n, K, M = modes.numbers, modes.v.size, modes.E.shape[0] - 1
    forcing = M + 1 if n[kernel.T_REF] > 0.0 else 0
    size = K + forcing + M + 2
    u, D, s = (a[:, None, None] for a in (u, D, s))
    B = np.zeros((u.shape[0], size, size))
    A = modes.R[0] + u * modes.R[1] + D * modes.R[2]
    if M > 0:
        A = A + s * modes.R[3]
    c = modes.c[:, 0] + u * modes.c[:, 1] + D * modes.c[:, 2]
    if forcing:
        B[:, :K, K : K + forcing] = modes.E.T
    else:
        for m in range(M + 1):
            back = sum(comb(m, k) * n[kernel.B] ** (m - k) * c[:, k] for k in range(m + 1))
            A = A + modes.E[m, :, None] * back[:, None, :]
    B[:, :K, :K] = A
    B[:, K + forcing : K + forcing + M + 1, :K] = c
    B[:, -1, :K] = modes.v
    return B


def propagators(modes: kernel.Modes, dt: float, u: Array, D: Array, s: Array, missing: Array) -> Array:
    """(point, row, column): from x (K) and reinjected fluxes to x, means of R_0..R_M and v.x, and the defect.

    missing (4, r, K): rows of which the defect at the end of the step is the norm, parts as those of R.
    """
    found = _of_x(modes, dt, expm(dt * generator(modes, u, D, s)))
    return np.concatenate([found, _missing(missing, u, D, s) @ found[:, : modes.v.size]], axis=1)


def rising(modes: kernel.Modes, dt: float, u: Array, width: float, D: Array, s: Array, missing: Array) -> Array:
    """Change of `propagators` per V/s that u(t) rises by from the middle of the step to its end, linearly.

    sum_k w_k E^(3-k) E_u E^k with E the propagator of a quarter of the step, w_k = -3/4, -1/4, 1/4, 3/4 times 16/15,
    so that the first moment of u is that of the line.
    """
    E, up, down = (expm(0.25 * dt * generator(modes, u + x, D, s)) for x in (0.0, 0.5 * width, -0.5 * width))
    slope, powers = (up - down) / width, [np.broadcast_to(np.eye(E.shape[1]), E.shape), E, E @ E, E @ E @ E]
    total = sum(w * powers[3 - k] @ slope @ powers[k] for k, w in enumerate((-0.75, -0.25, 0.25, 0.75)))
    found, K = _of_x(modes, dt, 16.0 / 15.0 * np.asarray(total), identity=0.0), modes.v.size
    seen = _missing(missing, u, D, s) @ found[:, :K] + missing[1] @ _of_x(modes, dt, E @ powers[3])[:, :K]
    return np.concatenate([found, seen], axis=1)


def _missing(missing: Array, u: Array, D: Array, s: Array) -> Array:
    """(point, r, K)."""
    u, D, s = (a[:, None, None] for a in (u, D, s))
    return np.asarray(missing[0] + u * missing[1] + D * missing[2] + s * missing[3])


def _of_x(modes: kernel.Modes, dt: float, whole: Array, identity: float = 1.0) -> Array:
    """What x and the fluxes become; P changes by what comes back and what fires, to rounding."""
    K, M = modes.v.size, modes.E.shape[0] - 1
    forced = whole.shape[1] - M - 2
    found = np.concatenate([whole[:, :K, :forced], whole[:, forced:, :forced] / dt], axis=1)
    found[:, 0, :] = -dt * found[:, K] if forced > K else 0.0
    found[:, 0, 0] += identity
    if forced > K:
        found[:, 0, K] += identity * dt
    return found


def tabulate(
    modes: kernel.Modes, dt: float, u: Axis, D: Axis, s: tuple[float, float], missing: Array
) -> march.Propagators:
    """The table over u [V/s] and D [V^2/s]; in s between two values, by its slope alone. missing: of `propagators`.

    Valid for at most 32 rows (modes, moments, two more and r) and a dead time of none or at least one step.
    """
    M, terms = modes.E.shape[0] - 1, _terms(modes, dt, u, D, s, missing)
    table = np.concatenate([np.swapaxes(term, 2, 3) for term in terms], axis=2)
    wide, long = width_of(table.shape[3]), -(-table.shape[2] // UNROLLED) * UNROLLED
    padded = np.zeros((D.cells, u.cells, long, wide))
    padded[:, :, : table.shape[2], : table.shape[3]] = table
    sizes = np.zeros(march.SIZES, dtype=np.int64)
    for place, value in {
        march.MODES: modes.v.size, march.TOP: M, march.COLUMNS: terms[0].shape[3], march.WITH_D: D.cells > 1,
        march.WITH_S: M > 0, march.SEEN: missing.shape[1], march.U_CELLS: u.cells, march.D_CELLS: D.cells,
        march.LAGS: int(modes.numbers[kernel.T_REF] / dt) + 2, march.ROWS: wide, march.LONG: long,
    }.items():  # fmt: skip
        sizes[place] = value
    return march.Propagators(_numbers(modes, dt, u, D, s), sizes, padded.reshape(D.cells * u.cells, -1))


def width_of(rows: int) -> int:
    """The rows that the product takes."""
    return next(w for w in WIDTHS if w >= rows)


def _terms(modes: kernel.Modes, dt: float, u: Axis, D: Axis, s: tuple[float, float], missing: Array) -> list[Array]:
    """Values and slopes on every cell, (D, u, row, column) each."""

    def at(us: Array, Ds: Array, s_: float) -> Array:
        grid_D, grid_u = np.meshgrid(Ds, us, indexing="ij")
        flat = propagators(modes, dt, grid_u.ravel(), grid_D.ravel(), np.full(grid_u.size, s_), missing)
        return flat.reshape(*grid_u.shape, *flat.shape[1:])

    middle = 0.5 * (s[0] + s[1])
    value, along = at(u.centres, D.centres, middle), at(u.edges, D.centres, middle)
    grid_D, grid_u = (a.ravel() for a in np.meshgrid(D.centres, u.centres, indexing="ij"))
    risen = rising(modes, dt, grid_u, u.width, grid_D, np.full(grid_u.size, middle), missing)
    terms = [value + (0.5 * (along[:, 1:] + along[:, :-1]) - value) / 3.0, (along[:, 1:] - along[:, :-1]) / u.width]
    terms.append(risen.reshape(value.shape))
    if D.cells > 1:
        across = at(u.centres, D.edges, middle)
        terms[0] = terms[0] + (0.5 * (across[1:] + across[:-1]) - value) / 3.0
        terms.append((across[1:] - across[:-1]) / D.width)
    if modes.E.shape[0] > 1:
        terms.append((at(u.centres, D.centres, s[1]) - at(u.centres, D.centres, s[0])) / (s[1] - s[0]))
    return terms


def _numbers(modes: kernel.Modes, dt: float, u: Axis, D: Axis, s: tuple[float, float]) -> Array:
    n, found = modes.numbers, np.zeros(march.NUMBERS)
    late = np.exp(-n[kernel.T_REF] / n[kernel.TAU_W])
    for place, value in {
        march.U_LOW: u.low, march.U_WIDTH: u.width, march.PER_U: 1.0 / u.width,
        march.D_LOW: D.low, march.D_WIDTH: D.width, march.PER_D: 1.0 / D.width if D.width > 0.0 else 0.0,
        march.S_MIDDLE: 0.5 * (s[0] + s[1]), march.DT: dt, march.LAG: n[kernel.T_REF] / dt,
        march.DECAY: np.exp(-dt / n[kernel.TAU_W]), march.LATE: late,
        march.PULLED: (1.0 - late) * n[kernel.A] * (n[kernel.V_RESET] - n[kernel.E_W]),
        march.PER_C: 1.0 / n[kernel.C_M], march.PER_TAU: 1.0 / n[kernel.TAU_W], march.TAU_W: n[kernel.TAU_W],
        march.A: n[kernel.A], march.B: n[kernel.B], march.E_W: n[kernel.E_W], march.V_RESET: n[kernel.V_RESET],
    }.items():  # fmt: skip
        found[place] = value
    return found


def growth(modes: kernel.Modes, p: march.Propagators) -> float:
    """Largest excess [1/s] of the table's growth over the modes' own, at the corners of its cells and the middle s."""
    K, columns = int(p.sizes[march.MODES]), int(p.sizes[march.COLUMNS])
    shape = (march.D_CELLS, march.U_CELLS, march.LONG, march.ROWS)
    cells = p.table.reshape([int(p.sizes[k]) for k in shape])
    t, dt = p.numbers, p.numbers[march.DT]
    value, of_u, of_D = (cells[:, :, k * columns : k * columns + K, :K] for k in (0, 1, 3))
    largest = -np.inf
    for right, up in product((0, 1), (0, 1) if p.sizes[march.WITH_D] else (0.5,)):
        corner = value + (right - 0.5) * t[march.U_WIDTH] * of_u
        if p.sizes[march.WITH_D]:
            corner = corner + (up - 0.5) * t[march.D_WIDTH] * of_D
        us = t[march.U_LOW] + t[march.U_WIDTH] * (np.arange(cells.shape[1]) + right)
        Ds = t[march.D_LOW] + t[march.D_WIDTH] * (np.arange(cells.shape[0]) + up)
        grid_D, grid_u = (a.ravel() for a in np.meshgrid(Ds, us, indexing="ij"))
        own = np.linalg.eigvals(generator(modes, grid_u, grid_D, np.full(grid_u.size, t[march.S_MIDDLE]))[:, :K, :K])
        radius = np.abs(np.linalg.eigvals(corner)).max(axis=-1)
        largest = max(largest, float(np.max(np.log(radius).ravel() / dt - own.real.max(axis=-1))))
    return largest
