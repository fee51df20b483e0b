"""Tabulating a population's propagators when it is first run: as coarse and as long a step as two checks allow.

Both checks run over inputs that fill the domain. The cells are halved until that changes the rate by less than a tenth
of the modes' tolerance; the step is shortened until the rate is within half of it from that of implicit steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as implicit
from popdyn.kernels import propagators as kernel
from popdyn.kernels.tall import WIDTHS
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_choice import GROWTH, Choice, resting_state
from popdyn.rungs.modes_measured import BIN, distance
from popdyn.rungs.modes_steps import Steps, run_table, s_of
from popdyn.rungs.modes_training import SETTLE, inputs
from popdyn.theory.discretisation import Domain
from popdyn.theory.propagators import Axis, growth, tabulate, width_of

Array = NDArray[np.float64]

STEPS = (5, 2, 1)  # of the drive's, tried in this order
CHECK = (("slow", 1.0), ("fast", 0.5), ("steps", 0.8))
EVERY = 100  # implicit steps between two states that are kept
CELLS, MOST_CELLS = 8, 128  # of u; of D a quarter
INTERPOLATION, STEPPING = 0.1, 0.5  # shares of the tolerance that the table and the step may take
ONE_STEP = 4.0  # likewise where the step is the implicit one's, whose own error is then half of what is seen
MARGIN = 0.05  # of the range of u and s beyond what is met
SAME = 1e-6  # relative, within which D counts as constant
LEAST_SEEN = 4  # rows of the defect


@dataclass(frozen=True)
class Trail:
    """Implicit steps through one input: the rate (bin,) after the settling, and states on the way."""

    kind: str
    drive: StepDrive
    rate: Array
    smooth: NDArray[np.bool_]  # (bin,) without a jump
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


@dataclass(frozen=True)
class Care:
    """How a table is looked for: steps to try, share of the domain's width that the check fills, share of the tolerance
    that the table may take."""

    steps: tuple[int, ...] = STEPS
    part: float = 1.0
    interpolation: float = INTERPOLATION


NETWORK = Care((1,), 0.5, 0.02)
"""Of a node: in the network's steps; its drives fill little of their box; what it hears back makes more of an error."""
ALONE = Care()


def steps_of(choice: Choice, fine: float, care: Care = ALONE) -> Steps | None:
    """Propagators of the longest step that serves, a multiple of `fine` [s]; None where implicit steps have to do.

    That is so where there are more modes than the product takes, a dead time shorter than the step, no table that is
    fine enough, or one that grows faster than the modes do, and by more than these may.
    """
    reduced = choice.reduced
    t_ref = float(reduced.modes.numbers[implicit.T_REF])
    if reduced.count + reduced.order + 2 + LEAST_SEEN > WIDTHS[-1]:
        return None
    trails = [
        _trail(choice, kind, drive, fine) for kind, drive in inputs(_inner(choice.domain, care.part), CHECK, fine, 0)
    ]
    if not all(np.all(np.isfinite(t.rate)) for t in trails):
        return None
    extent = _extent(choice, trails, care.part)
    for count in care.steps:
        dt = count * fine
        if (t_ref == 0.0 or t_ref >= dt) and abs(BIN / dt - round(BIN / dt)) < 1e-6:
            found = _refined(choice, trails, extent, dt, fine, care.interpolation * choice.tolerance)
            if found is not None and found.error <= (STEPPING if count > 1 else ONE_STEP) * choice.tolerance:
                return found
    return None


def _refined(
    choice: Choice, trails: list[Trail], extent: Extent, dt: float, fine: float, allowed: float
) -> Steps | None:
    """The coarsest table that is fine enough; None where none is, or where its step grows."""
    modes, cells = choice.reduced.modes, CELLS
    coarse: tuple[kernel.Propagators, list[Array]] | None = None
    while cells <= MOST_CELLS:
        table = tabulate(modes, dt, *_axes(extent, cells), extent.s, extent.seen)
        runs = [run_table(table, modes, resting_state(choice, fine), t.drive, fine) for t in trails]
        outs = [run[round(SETTLE / BIN) :] for run in runs if run is not None]
        if len(outs) < len(runs):
            return None
        if coarse is not None:
            moved = _worst(choice, trails, coarse[1], [out[:, implicit.RATE] for out in outs])
            if moved <= allowed:
                error = _worst(choice, trails, coarse[1], [t.rate for t in trails])
                return Steps(coarse[0], fine, moved, error) if growth(modes, coarse[0]) <= GROWTH else None
        cells, coarse = 2 * cells, (table, outs)
    return None


def _worst(choice: Choice, trails: list[Trail], outs: list[Array], exact: list[Array]) -> float:
    """Largest nrmse of the runs, but for bins with a jump of the drive: there the implicit steps' means are half a
    step's share of the rate's own jump off, which a jump of sigma causes where the threshold absorbs."""
    return max(
        distance(t.kind, out[t.smooth], rate[t.smooth], choice.scale, -np.inf).nrmse
        for t, out, rate in zip(trails, outs, exact, strict=True)
    )


def _trail(choice: Choice, kind: str, drive: StepDrive, fine: float) -> Trail:
    """Take implicit steps, looking at them now and then."""
    modes, nothing = choice.reduced.modes, choice.reduced.missing[:, :0]
    state, out, x, scalars = resting_state(choice, fine), [], [], []
    for first in range(0, drive.mu.size, EVERY):
        part = slice(first, first + EVERY)
        rows = np.full((round(drive.mu[part].size * fine / BIN), implicit.OUTPUTS), np.nan)
        implicit.integrate(modes, state, nothing, drive.mu[part], drive.D[part], drive.restart[part], fine, rows)
        out.append(rows[:, implicit.RATE])
        x.append(state.x[0].copy())
        scalars.append(state.scalars[0].copy())
    xs, found = np.array(x), np.array(scalars)
    at = np.minimum(np.arange(1, len(x) + 1) * EVERY, drive.mu.size) - 1
    s, rate = s_of(modes, xs, found[:, implicit.J]), np.concatenate(out)[round(SETTLE / BIN) :]
    smooth = np.logical_not(drive.restart[round(SETTLE / fine) :].reshape(len(rate), -1).any(axis=1))
    return Trail(kind, drive, rate, smooth, xs, found[:, implicit.W], s, drive.D[at], drive.mu[at])


def _inner(domain: Domain, part: float) -> Domain:
    """The same middle, `part` of the width."""
    mu, sigma = 0.5 * (domain.mu_low + domain.mu_high), 0.5 * (domain.sigma_low + domain.sigma_high)
    half = 0.5 * part * (domain.mu_high - domain.mu_low), 0.5 * part * (domain.sigma_high - domain.sigma_low)
    return Domain(mu - half[0], mu + half[0], sigma - half[1], sigma + half[1])


def _extent(choice: Choice, trails: list[Trail], part: float) -> Extent:
    """What is met, and a margin; of the defect the directions that are largest there, scaled to the whole."""
    d, reduced = choice.domain, choice.reduced
    C_m, rows = reduced.modes.numbers[implicit.C_M], reduced.count + reduced.order + 2
    x, W, s, D, mu = (np.concatenate([getattr(t, name) for t in trails]) for name in ("x", "W", "s", "D", "mu"))
    W_met = np.append(W.mean() + (W - W.mean()) / part, choice.W)
    u = _wider(d.mu_low - float(W_met.max()) / C_m, d.mu_high - float(W_met.min()) / C_m)
    factors = np.stack([np.ones_like(D), mu - W / C_m, D, s])
    defects = np.einsum("ts,trk,sk->sr", factors, reduced.missing, x)
    _, size, axes = np.linalg.svd(defects, full_matrices=False)
    kept = min(width_of(rows + LEAST_SEEN) - rows, size.size)
    shown = float(np.sum(size[:kept] ** 2))
    scale = np.sqrt(float(np.sum(size**2)) / shown) if shown > 0.0 else 1.0
    seen = scale * np.einsum("ir,trk->tik", axes[:kept], reduced.missing)
    D_range = 0.5 * d.sigma_low**2 * (1.0 - SAME), 0.5 * d.sigma_high**2 * (1.0 + SAME)
    return Extent(u, D_range, _wider(float(s.min()), float(s.max())), seen)


def _wider(low: float, high: float) -> tuple[float, float]:
    margin = MARGIN * (high - low) + SAME * max(abs(low), abs(high), 1.0)
    return low - margin, high + margin


def _axes(extent: Extent, cells: int) -> tuple[Axis, Axis]:
    constant = extent.D[1] - extent.D[0] < 3.0 * SAME * extent.D[1]
    return Axis(*extent.u, cells), Axis(*extent.D, 1 if constant else max(cells // 4, 2))
