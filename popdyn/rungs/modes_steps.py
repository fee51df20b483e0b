"""Propagators of a population's modes: tabulated when a model is loaded, refined and checked, and run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as implicit
from popdyn.kernels import propagators as kernel
from popdyn.kernels.tall import WIDTHS
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_choice import GROWTH, Choice, distance, first_modes_state
from popdyn.rungs.modes_training import SETTLE, inputs
from popdyn.theory.propagators import Axis, propagators, tabulate, width_of

Array = NDArray[np.float64]

STEP = 5e-4  # [s]
FINE, BIN = 1e-4, 1e-3  # [s]: steps of what it is checked against; bins of the output
CHECK = (("slow", 1.0), ("fast", 0.5), ("steps", 0.8))
EVERY = 100  # steps of the check between two states that are kept
CELLS, MOST_CELLS = (8, 2), (128, 32)  # of u and D
INTERPOLATION, STEPPING = 0.1, 0.5  # shares of the tolerance that the table and the step may take
MARGIN = 0.05  # of the range of u beyond what is met
SAME = 1e-6  # relative, within which D counts as constant
LEAST_SEEN = 4  # rows of the defect


@dataclass(frozen=True)
class Steps:
    """Propagators of one population, and what was measured on inputs that fill its domain (nrmse, 1 ms bins)."""

    table: kernel.Propagators
    dt: float
    interpolation: float  # against a table of twice the cells
    error: float  # against the implicit integrator in steps of FINE


@dataclass(frozen=True)
class Trail:
    """The implicit integrator on one input: mean rates, and states on the way."""

    kind: str
    drive: StepDrive
    rate: Array  # (bin,)
    x: Array  # (state, K)
    W: Array
    s: Array
    D: Array
    mu: Array


def steps_of(choice: Choice, dt: float = STEP) -> Steps | None:
    """Propagators of at most `dt`; None where they do not serve: the implicit integrator does then.

    They do not where there are more modes than the product takes, a dead time shorter than FINE, a table that does not
    become fine enough, or a step that grows somewhere in the domain.
    """
    modes, t_ref = choice.reduced.modes, float(choice.reduced.modes.numbers[implicit.T_REF])
    if modes.v.size + choice.reduced.order + 3 + LEAST_SEEN > WIDTHS[-1]:
        return None
    trails = [trail(choice, kind, drive) for kind, drive in inputs(choice.domain, CHECK, FINE, 0)]
    if not all(np.all(np.isfinite(t.rate)) for t in trails):
        return None
    while dt > 0.9 * FINE:
        if t_ref == 0.0 or t_ref >= dt:
            found = _refined(choice, trails, dt)
            if found is not None and found.error <= STEPPING * choice.tolerance:
                return found
        dt *= 0.5
    return None


def trail(choice: Choice, kind: str, drive: StepDrive) -> Trail:
    """Run the implicit integrator, looking at it now and then."""
    modes, n = choice.reduced.modes, choice.reduced.modes.numbers
    state, nothing = first_modes_state(modes, *choice.rest, FINE), choice.reduced.missing[:, :0]
    out, x, scalars = [], [], []
    for first in range(0, drive.mu.size, EVERY):
        part = slice(first, first + EVERY)
        rows = np.full((round(drive.mu[part].size * FINE / BIN), implicit.OUTPUTS), np.nan)
        implicit.integrate(modes, state, nothing, drive.mu[part], drive.D[part], drive.restart[part], FINE, rows)
        out.append(rows[:, implicit.RATE])
        x.append(state.x[0].copy())
        scalars.append(state.scalars[0].copy())
    found, at = np.array(scalars), np.minimum(np.arange(1, len(x) + 1) * EVERY, drive.mu.size) - 1
    xs = np.array(x)
    s = n[implicit.A] * (xs @ modes.v) / xs[:, 0] / n[implicit.TAU_W] + found[:, implicit.J] / xs[:, 0]
    return Trail(kind, drive, np.concatenate(out), xs, found[:, implicit.W], s, drive.D[at], drive.mu[at])
