"""Running a population's modes by tabulated propagators: the drive's means, the first state, the bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes as implicit
from popdyn.kernels import propagators as kernel
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_choice import Choice, first_modes_state
from popdyn.rungs.modes_measured import BIN

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """Propagators of one population, and what was measured on inputs that fill its domain (nrmse, 1 ms bins)."""

    table: kernel.Propagators
    fine: float  # [s] between samples of the drive, and the implicit step that it was measured against
    interpolation: float  # against a table of twice the cells
    error: float  # against implicit steps

    @property
    def dt(self) -> float:
        return float(self.table.numbers[kernel.DT])


def run_steps(steps: Steps, choice: Choice, drive: StepDrive) -> Array | None:
    """(bin, OUTPUTS of popdyn.kernels.modes) from the spec's initial condition; None where the table is left."""
    start = first_modes_state(choice.reduced.modes, choice.x, choice.W, steps.fine)
    return run_table(steps.table, choice.reduced.modes, start, drive, steps.fine)


def run_table(
    table: kernel.Propagators, modes: implicit.Modes, start: implicit.State, drive: StepDrive, fine: float
) -> Array | None:
    """(bin, OUTPUTS) from a state of the implicit steps; None where the table is left."""
    return run_means(table, modes, start, step_means(drive, round(table.numbers[kernel.DT] / fine)))


def run_means(
    table: kernel.Propagators, modes: implicit.Modes, start: implicit.State, means: tuple[Array, Array, Array]
) -> Array | None:
    """The same of a drive as `step_means` has it; bins that were not reached are not finite."""
    (mu, rise, D), per_bin = means, round(BIN / table.numbers[kernel.DT])
    state = begin_steps(table, modes, start)
    out = np.full((mu.size // per_bin, implicit.OUTPUTS), np.nan)
    part = slice(0, len(out) * per_bin)
    kernel.integrate(table, state, mu[part], rise[part], D[part], out)
    return out if state.scalars[kernel.OUTSIDE] == 0.0 else None


def step_means(drive: StepDrive, count: int) -> tuple[Array, Array, Array]:
    """Mean mu over every `count` steps, what the line of its first moment rises by in half of them, and mean D.

    Each step counts as the mean of its two ends; one with a jump as its end, which is the mean of its inside.
    """
    parts = []
    for ends in (drive.mu, drive.D):
        middle = np.where(drive.restart, ends, 0.5 * (np.concatenate([ends[:1], ends[:-1]]) + ends))
        parts.append(middle[: middle.size // count * count].reshape(-1, count))
    place = (np.arange(count) + 0.5) / count - 0.5
    return parts[0].mean(axis=1), 6.0 * parts[0] @ place / count, parts[1].mean(axis=1)


def begin_steps(table: kernel.Propagators, modes: implicit.Modes, start: implicit.State) -> kernel.State:
    """State of the propagators from one of the implicit steps whose past is constant."""
    K, M, now = modes.v.size, modes.E.shape[0] - 1, start.scalars[0]
    y = np.zeros(table.sizes[kernel.ROWS])
    y[:K] = start.x[0]
    scalars = np.zeros(kernel.SCALARS)
    scalars[[kernel.NOW_W, kernel.OLD_W]] = now[implicit.W]
    scalars[[kernel.NOW_S, kernel.OLD_S]] = s_of(modes, start.x[0], now[implicit.J])
    scalars[[kernel.Q, kernel.X, kernel.Q_MEAN]] = now[[implicit.Q, implicit.X, implicit.Q]]
    past = np.tile(start.past[0], (table.sizes[kernel.LAGS], 1))
    return kernel.State(
        y, np.zeros(table.sizes[kernel.LONG]), scalars, past, np.zeros((2, M + 2)), np.zeros(1, dtype=np.int64)
    )


def s_of(modes: implicit.Modes, x: Array, J: Array) -> Array:
    """s [unit of w per s] at x (.., K) and J (..,)."""
    n = modes.numbers
    return np.asarray(n[implicit.A] * (x @ modes.v) / x[..., 0] / n[implicit.TAU_W] + J / x[..., 0])
