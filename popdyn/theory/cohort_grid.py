"""The arrays that the cohort kernels step through, for a problem, a step and a grid of ages."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import hazard_table
from popdyn.kernels.cohort_state import (
    FIRST,
    GAUSSIAN,
    MEAN_ONLY,
    OPEN,
    POINTERS,
    SOURCE,
    CohortModel,
    CohortState,
    packed,
)
from popdyn.kernels.cohorts import ROWS
from popdyn.theory.gif_problem import GifProblem, Modes, modes

Array = NDArray[np.float64]

CLOSURES = {"gaussian": GAUSSIAN, "cohort_mean": MEAN_ONLY}
LANES = 4


@dataclass(frozen=True)
class AgeGrid:
    """Cohorts by age: `ring` of `width` [s], as many of twice the width, and so on for `levels` levels."""

    width: float = 0.5e-3
    ring: int = 8
    levels: int = 5

    @property
    def history(self) -> float:
        """Age [s] beyond which neurons are one cohort: at least this."""
        return self.width * (self.ring - 1) * (2**self.levels - 1)


@cache
def table() -> Array:
    """The table of `kernels.hazard_table`, filled once."""
    rows = int((hazard_table.HIGHEST - hazard_table.LOWEST) * hazard_table.PER_ELL) + 1
    columns = int(hazard_table.LARGEST_U * hazard_table.PER_U) + 2
    made = np.zeros((rows, columns, hazard_table.COLUMNS))
    hazard_table.fill_table(made, 1.0 / hazard_table.PER_ELL, 1.0 / hazard_table.PER_U)
    return made


def make_model(problem: GifProblem, dt: float, grid: AgeGrid, closure: str = "gaussian") -> CohortModel:
    """Propagators and numbers of a step dt [s]; sources of noise: white, then the colours."""
    m, tau = modes(problem), problem.tau_m
    release = int(np.ceil(problem.t_ref / dt - 1e-9))
    part = max(release * dt - problem.t_ref, 0.0)
    late = np.exp(-part / tau)
    numbers = np.array([
        np.log(problem.lambda_0 * dt) + (problem.E_L - problem.V_T_star) / problem.Delta_V,
        problem.V_reset - problem.E_L, tau * -np.expm1(-dt / tau),
        late * (problem.V_reset - problem.E_L), tau * -np.expm1(-part / tau),
    ])  # fmt: skip
    width = max(1, round(grid.width / dt))
    return CohortModel(
        numbers, np.exp(-m.rate * dt), m.slope, m.kappa, m.kappa * late * np.exp(part * m.rate), m.jump, m.carrier,
        np.array([release, m.gain, width, grid.ring, CLOSURES[closure]]), _noise(problem, m, dt),
        np.array([0.5 * tau * -np.expm1(-2.0 * part / tau) * 2.0] + [0.0] * len(problem.colours)),
    )  # fmt: skip


def _noise(problem: GifProblem, m: Modes, dt: float) -> Array:
    """Covariances per D that a step adds: white noise 2 D in V, and y' = -y/tau + sqrt(2 D)/tau xi with U = V - kappa y."""
    u = 1.0 / problem.tau_m
    rows = [[0.0, -np.expm1(-2.0 * dt * u) / u, 0.0, 0.0]]
    for i in m.colour:
        y, kappa = float(m.rate[i]), float(m.kappa[i])
        strength = 2.0 * y * y
        UU = kappa**2 * strength * -np.expm1(-2.0 * dt * u) / (2.0 * u)
        Ux = -kappa * strength * -np.expm1(-dt * (u + y)) / (u + y)
        rows.append([float(i), UU, Ux, strength * -np.expm1(-2.0 * dt * y) / (2.0 * y)])
    return np.array(rows).reshape(-1, SOURCE)


def first_cohorts(
    problem: GifProblem, model: CohortModel, grid: AgeGrid, V_mean: float, V_std: float
) -> CohortState:
    """All neurons old, V normal, traces zero, frozen variables as the problem has them."""
    size, m = model.decay.size, modes(problem)
    slots = FIRST + grid.ring * grid.levels
    slots += -slots % LANES
    pairs, slow = size * (size + 1) // 2, (size - 1) * size // 2
    state = CohortState(
        mass=np.zeros(slots), mean=np.zeros((size, slots)), cov=np.zeros((pairs, slots)), scale=np.ones(size),
        slope=np.zeros(size), h=np.zeros(1), pool=np.zeros((int(model.whole[0]) + 1, size + slow + len(model.noise))),
        fired=np.zeros(size + slow), free=np.zeros(len(model.noise)),
        level=np.zeros((grid.levels, 2), np.int64), place=np.zeros(POINTERS, np.int64),
        work=np.zeros((2 * size + ROWS, slots)),
    )  # fmt: skip
    state.mass[0], state.mean[0, 0] = 1.0, V_mean - problem.E_L
    for i in range(size):
        for j in range(i + 1):
            state.cov[packed(i, j)] = m.covariance[i, j]
    state.cov[0, 0] += V_std**2
    state.place[OPEN], state.level[0, 1] = FIRST, 1
    return state
