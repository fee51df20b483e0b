"""Propagators of a population's modes: tabulated when they are first run, refined and checked against implicit steps.

The check runs over inputs that fill the domain. The table is refined until twice the cells change the rate by less than
a tenth of the modes' tolerance; the step is shortened until the rate is within half of it from that of implicit steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as implicit
from popdyn.kernels import propagators as kernel
from popdyn.kernels.tall import WIDTHS
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_choice import DT, GROWTH, Choice, first_modes_state, resting_state
from popdyn.rungs.modes_measured import BIN, distance
from popdyn.rungs.modes_training import SETTLE, inputs
from popdyn.theory.propagators import Axis, growth, tabulate, width_of

Array = NDArray[np.float64]

STEPS = (5e-4, 2e-4, DT)  # [s]
CHECK = (("slow", 1.0), ("fast", 0.5), ("steps", 0.8))
EVERY = 100  # implicit steps between two states that are kept
CELLS, MOST_CELLS = 8, 128  # of u; of D a quarter
INTERPOLATION, STEPPING = 0.1, 0.5  # shares of the tolerance that the table and the step may take
MARGIN = 0.05  # of the range of u and s beyond what is met
SAME = 1e-6  # relative, within which D counts as constant
LEAST_SEEN = 4  # rows of the defect


@dataclass(frozen=True)
class Steps:
    """Propagators of one population, and what was measured on inputs that fill its domain (nrmse, 1 ms bins)."""

    table: kernel.Propagators
    dt: float
    interpolation: float  # against a table of twice the cells
    error: float  # against implicit steps of DT


@dataclass(frozen=True)
class Trail:
    """Implicit steps through one input: the rate (bin,) after the settling, and states on the way."""

    kind: str
    drive: StepDrive
    rate: Array
    x: Array  # (state, K)
    W: Array
    s: Array
    D: Array
    mu: Array


@dataclass(frozen=True)
class Extent:
    """What a table has to span, and what of the defect it shows."""

    u: tuple[float, float]
    D: tuple[float, float]
    s: tuple[float, float]
    seen: Array  # (4, r, K)


def steps_of(choice: Choice, steps: tuple[float, ...] = STEPS) -> Steps | None:
    """Propagators of the longest step that serves; None where none does, and implicit steps are taken.

    They do not serve where there are more modes than the product takes, a dead time shorter than the step, no table
    that is fine enough, or a step that grows somewhere in the domain faster than modes may.
    """
    reduced = choice.reduced
    t_ref = float(reduced.modes.numbers[implicit.T_REF])
    if reduced.count + reduced.order + 2 + LEAST_SEEN > WIDTHS[-1]:
        return None
    trails = [_trail(choice, kind, drive) for kind, drive in inputs(choice.domain, CHECK, DT, 0)]
    if not all(np.all(np.isfinite(t.rate)) for t in trails):
        return None
    extent = _extent(choice, trails)
    for dt in steps:
        if t_ref == 0.0 or t_ref >= dt:
            found = _refined(choice, trails, extent, dt)
            if found is not None and found.error <= STEPPING * choice.tolerance:
                return found
    return None


def run_steps(steps: Steps, choice: Choice, drive: StepDrive) -> Array | None:
    """(bin, OUTPUTS of popdyn.kernels.modes) under a drive of steps of DT; None where it leaves the table."""
    return _run(steps.table, choice, first_modes_state(choice.reduced.modes, choice.x, choice.W, DT), drive)


def _refined(choice: Choice, trails: list[Trail], extent: Extent, dt: float) -> Steps | None:
    """The coarsest table that is fine enough; None where none is, or where its step grows."""
    cells, coarse = CELLS, None
    while cells <= MOST_CELLS:
        table = tabulate(choice.reduced.modes, dt, *_axes(extent, cells), extent.s, extent.seen)
        runs = [_run(table, choice, resting_state(choice, DT), t.drive) for t in trails]
        outs = [run[round(SETTLE / BIN) :] for run in runs if run is not None]
        if len(outs) < len(runs):
            return None
        if coarse is not None:
            moved = _worst(choice, trails, coarse[1], [out[:, implicit.RATE] for out in outs])
            if moved <= INTERPOLATION * choice.tolerance:
                error = _worst(choice, trails, coarse[1], [t.rate for t in trails])
                return Steps(coarse[0], dt, moved, error) if growth(choice.reduced.modes, coarse[0]) <= GROWTH else None
        cells, coarse = 2 * cells, (table, outs)
    return None


def _worst(choice: Choice, trails: list[Trail], outs: list[Array], exact: list[Array]) -> float:
    """Largest nrmse of the runs."""
    return max(
        distance(t.kind, out, rate, choice.scale, -np.inf).nrmse
        for t, out, rate in zip(trails, outs, exact, strict=True)
    )


def _run(table: kernel.Propagators, choice: Choice, start: implicit.State, drive: StepDrive) -> Array | None:
    """(bin, OUTPUTS); None where the table is left."""
    mu, rise, D = step_means(drive, round(table.numbers[kernel.DT] / DT))
    state, per_bin = begin_steps(table, choice.reduced.modes, start), round(BIN / table.numbers[kernel.DT])
    out = np.full((mu.size // per_bin, implicit.OUTPUTS), np.nan)
    part = slice(0, len(out) * per_bin)
    kernel.integrate(table, state, mu[part], rise[part], D[part], out)
    return out if state.scalars[kernel.OUTSIDE] == 0.0 else None


def step_means(drive: StepDrive, count: int) -> tuple[Array, Array, Array]:
    """Mean mu over every `count` steps, what the line of its first moment rises by in half of them, and mean D.

    A step is the mean of its two ends, but where it has a jump, its own mean, which its end stands for.
    """
    place = (np.arange(count) + 0.5) / count - 0.5
    mu, D = (
        np.where(drive.restart, ends, 0.5 * (np.concatenate([ends[:1], ends[:-1]]) + ends))[
            : ends.size // count * count
        ].reshape(-1, count)
        for ends in (drive.mu, drive.D)
    )
    return mu.mean(axis=1), 6.0 * mu @ place / count, D.mean(axis=1)


def begin_steps(table: kernel.Propagators, modes: implicit.Modes, start: implicit.State) -> kernel.State:
    """State of the propagators from one of the implicit steps whose past is constant."""
    K, M, n, now = modes.v.size, modes.E.shape[0] - 1, modes.numbers, start.scalars[0]
    y = np.zeros(width_of(K + M + 2 + int(table.sizes[kernel.SEEN])))
    y[:K] = start.x[0]
    scalars = np.zeros(kernel.SCALARS)
    scalars[[kernel.NOW_W, kernel.OLD_W]] = now[implicit.W]
    scalars[[kernel.NOW_S, kernel.OLD_S]] = _s(modes, start.x[0], now[implicit.J])
    scalars[[kernel.Q, kernel.X, kernel.Q_MEAN]] = now[[implicit.Q, implicit.X, implicit.Q]]
    past = np.tile(start.past[0], (int(n[implicit.T_REF] / table.numbers[kernel.DT]) + 2, 1))
    return kernel.State(
        y, np.zeros(table.table.shape[2] // y.size), scalars, past, np.zeros((2, M + 2)), np.zeros(1, dtype=np.int64)
    )


def _s(modes: implicit.Modes, x: Array, J: Array) -> Array:
    n = modes.numbers
    return np.asarray(n[implicit.A] * (x @ modes.v) / x[..., 0] / n[implicit.TAU_W] + J / x[..., 0])


def _trail(choice: Choice, kind: str, drive: StepDrive) -> Trail:
    """Take implicit steps, looking at them now and then."""
    modes, nothing = choice.reduced.modes, choice.reduced.missing[:, :0]
    state, out, x, scalars = resting_state(choice, DT), [], [], []
    for first in range(0, drive.mu.size, EVERY):
        part = slice(first, first + EVERY)
        rows = np.full((round(drive.mu[part].size * DT / BIN), implicit.OUTPUTS), np.nan)
        implicit.integrate(modes, state, nothing, drive.mu[part], drive.D[part], drive.restart[part], DT, rows)
        out.append(rows[:, implicit.RATE])
        x.append(state.x[0].copy())
        scalars.append(state.scalars[0].copy())
    xs, found = np.array(x), np.array(scalars)
    at = np.minimum(np.arange(1, len(x) + 1) * EVERY, drive.mu.size) - 1
    s, rate = _s(modes, xs, found[:, implicit.J]), np.concatenate(out)[round(SETTLE / BIN) :]
    return Trail(kind, drive, rate, xs, found[:, implicit.W], s, drive.D[at], drive.mu[at])


def _extent(choice: Choice, trails: list[Trail]) -> Extent:
    d, C_m = choice.domain, choice.reduced.modes.numbers[implicit.C_M]
    x, W, s, D, mu = (np.concatenate([getattr(t, name) for t in trails]) for name in ("x", "W", "s", "D", "mu"))
    W_met = np.append(W, choice.W)
    u = d.mu_low - W_met.max() / C_m, d.mu_high - W_met.min() / C_m
    factors = np.stack([np.ones_like(D), mu - W / C_m, D, s])
    rows = np.einsum("ts,trk,sk->sr", factors, choice.reduced.missing, x)
    left, size, axes = np.linalg.svd(rows, full_matrices=False)
    free = width_of(choice.reduced.count + choice.reduced.order + 2 + LEAST_SEEN)
    kept = min(free - choice.reduced.count - choice.reduced.order - 2, size.size)
    factor = float(np.sqrt(np.sum(size**2) / max(np.sum(size[:kept] ** 2), 1e-300)))
    seen = factor * np.einsum("ir,trk->tik", axes[:kept], choice.reduced.missing)
    return Extent(_wider(*u), _of_D(d.sigma_low, d.sigma_high), _wider(float(s.min()), float(s.max())), seen)


def _wider(low: float, high: float) -> tuple[float, float]:
    margin = MARGIN * (high - low) + SAME * max(abs(low), abs(high), 1e-3)
    return low - margin, high + margin


def _of_D(sigma_low: float, sigma_high: float) -> tuple[float, float]:
    return 0.5 * sigma_low**2 * (1.0 - SAME), 0.5 * sigma_high**2 * (1.0 + SAME)


def _axes(extent: Extent, cells: int) -> tuple[Axis, Axis]:
    constant = extent.D[1] - extent.D[0] < 3.0 * SAME * extent.D[1]
    return Axis(*extent.u, cells), Axis(*extent.D, 1 if constant else max(cells // 4, 2))
