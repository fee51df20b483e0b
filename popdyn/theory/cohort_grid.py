"""The arrays that the cohort kernels step through, for a problem, a step and a grid of ages."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import (
    BARE,
    BENT,
    CLOSURE,
    FIRST,
    FORCE,
    GAUSSIAN,
    KAPPA,
    KAPPA_RELEASE,
    LEVELS,
    MASS,
    MEAN,
    MEAN_ONLY,
    OLD,
    OPEN,
    RATE,
    REACH,
    RELEASE,
    SHUNT_ROWS,
    SHUNTED,
    SKEWED,
    SOURCE,
    UNTOUCHED,
    WORK,
    CohortModel,
    CohortState,
    packed,
)
from popdyn.kernels.lanes import LANES
from popdyn.theory.gif_problem import GifProblem, Modes, modes

Array = NDArray[np.float64]

CLOSURES = {"gaussian": GAUSSIAN, "cohort_mean": MEAN_ONLY}
MOST_LEVELS = 10
NEARLY = 0.9  # a history as long
REMEMBERED = {False: 3.0, True: 5.0}
NOISY = 0.5  # variance of V by white noise over Delta_V^2, from which its third cumulant is carried
SKEWNESS = 0.1  # of a frozen variable, likewise


@dataclass(frozen=True)
class AgeGrid:
    """Cohorts by age: `ring` of `width` [s], as many of twice the width, and so on for `levels` levels."""

    width: float = 1e-3
    ring: int = 8
    levels: int = 4

    @property
    def history(self) -> float:
        """Age [s] beyond which neurons are one cohort: at least this."""
        return self.width * (self.ring - 1) * (2**self.levels - 1)

    @property
    def cohorts(self) -> int:
        """How many there are, that of the old included."""
        return self.ring * self.levels + 1

    @property
    def slots(self) -> int:
        """Places that the kernels keep for them, whole eights."""
        count = FIRST + self.ring * self.levels
        return count + -count % LANES

    @property
    def finer(self) -> AgeGrid:
        """Cohorts half as wide for their age, remembered as long."""
        shorter = replace(self, ring=2 * self.ring, levels=max(1, self.levels - 1))
        return shorter if shorter.history > NEARLY * self.history else replace(shorter, levels=self.levels)


def age_grid(problem: GifProblem) -> AgeGrid:
    """The default grid, with a history of REMEMBERED tau_m: measured in docs/decisions/0012-cohorts.md.

    Of rings of at least 8 the grid with the fewest slots, and of those with as many the one that remembers longest.
    Neurons with traces or frozen variables are remembered longer: what is not normal in these is then kept apart.
    """
    span = REMEMBERED[problem.adapts or bool(problem.frozen)] * problem.tau_m
    grids = []
    for levels in range(1, MOST_LEVELS + 1):
        grid = AgeGrid(levels=levels)
        steps = int(np.ceil(span / (grid.width * (2**levels - 1)) - 1e-9))
        grids.append(replace(grid, ring=max(grid.ring, steps + 1)))
    return min(grids, key=lambda grid: (grid.slots, -grid.history))


def make_model(problem: GifProblem, dt: float, grid: AgeGrid, closure: str = "gaussian") -> CohortModel:
    """Propagators and numbers of a step dt [s]; sources of noise: white, then the colours."""
    m, tau = modes(problem), problem.tau_m
    release = int(np.ceil(problem.t_ref / dt - 1e-9))
    part = max(release * dt - problem.t_ref, 0.0)
    late = np.exp(-part / tau)
    constants = np.array([
        np.log(problem.lambda_0 * dt) + (problem.E_L - problem.V_T_star) / problem.Delta_V,
        problem.V_reset - problem.E_L, tau * -np.expm1(-dt / tau),
        late * (problem.V_reset - problem.E_L), tau * -np.expm1(-part / tau), 1.0 / tau, dt, part,
    ])  # fmt: skip
    rows = [np.exp(-m.rate * dt), m.slope, m.kappa, m.release * late * np.exp(part * m.rate), m.jump]
    rows.append(np.sqrt(np.diag(m.covariance)))
    kind = _closure(problem, closure)
    rows.append(skewed(problem, m).astype(float) if kind == SKEWED else np.zeros(len(m.names)))
    rows.append(np.array([problem.third.get(name, 0.0) for name in m.names]))
    whole = [
        release,
        m.gain,
        max(1, round(grid.width / dt)),
        grid.ring,
        kind,
        len(m.names),
        int(problem.shunted),
        *m.carrier,
    ]
    if problem.shunted:
        rows[KAPPA_RELEASE] = np.where(np.array(m.names) == "V_reset", -1.0, 0.0)
    shunt = _shunt(problem, m) if problem.shunted else np.zeros((0, len(m.names)))
    return CohortModel(constants, np.array(rows), _noise(problem, m, dt, part), np.array(whole), shunt)


def _shunt(problem: GifProblem, m: Modes) -> Array:
    """Rows of `CohortModel.shunt`: what is faster than the membrane without conductances is handed to V by the step."""
    rows = np.zeros((SHUNT_ROWS, len(m.names)))
    rows[RATE], rows[FORCE], rows[BARE] = m.rate, m.force, m.bare
    fast = m.rate[1:] > 1.0 / problem.tau_m
    rows[REACH, 1:][fast], rows[FORCE, 1:][fast] = m.force[1:][fast], 0.0
    rows[REACH, m.colour], rows[FORCE, m.colour] = m.force[m.colour], 0.0
    for i, E_rev in zip(m.colour[len(m.colour) - len(problem.reversals) :], problem.reversals, strict=True):
        rows[REACH, i], rows[BENT, i] = E_rev - problem.E_L, 1.0
    return rows


def _closure(problem: GifProblem, closure: str) -> int:
    """Third cumulants beside mean and covariance where noise or a frozen variable is skewed enough to need them."""
    if not problem.resets:
        return UNTOUCHED
    if CLOSURES[closure] == GAUSSIAN and skewed(problem, modes(problem)).any():
        return SKEWED
    return CLOSURES[closure]


def skewed(problem: GifProblem, m: Modes) -> NDArray[np.bool_]:
    """The variables (1 + K,) whose third cumulants are carried: U under white noise, skewed frozen variables."""
    width = np.sqrt(np.diag(m.covariance))
    third = np.array([problem.third.get(name, 0.0) for name in m.names])
    found = np.abs(third) > SKEWNESS * width**3
    found[0] = is_noisy(problem)
    return np.asarray(found)


def is_noisy(problem: GifProblem) -> bool:
    """Whether its own white noise skews V within a cohort, so that the third cumulant of V is carried."""
    return problem.D * problem.tau_m > NOISY * problem.Delta_V**2


def _noise(problem: GifProblem, m: Modes, dt: float, part: float) -> Array:
    """Covariances per D that a step adds: white noise 2 D in V; y' = -y/tau + sqrt(2 D)/tau xi with U = V - kappa y."""
    u = 1.0 / problem.tau_m
    rows = [[0.0, -np.expm1(-2.0 * dt * u) / u, 0.0, 0.0, -np.expm1(-2.0 * part * u) / u]]
    for i in m.colour:
        y, kappa = float(m.rate[i]), float(m.kappa[i])
        strength = 2.0 * y * y
        UU = kappa**2 * strength * -np.expm1(-2.0 * dt * u) / (2.0 * u)
        Ux = -kappa * strength * -np.expm1(-dt * (u + y)) / (u + y)
        rows.append([float(i), UU, Ux, strength * -np.expm1(-2.0 * dt * y) / (2.0 * y), 0.0])
    return np.array(rows).reshape(-1, SOURCE)


def first_cohorts(problem: GifProblem, model: CohortModel, grid: AgeGrid, V_mean: float, V_std: float) -> CohortState:
    """All neurons old, V normal, traces zero, frozen variables as the problem has them."""
    size, m = model.modes.shape[1], modes(problem)
    pairs, slow, sources = size * (size + 1) // 2, (size - 1) * size // 2, len(model.noise)
    rows, kind = MEAN + size + pairs + WORK + size, model.whole[CLOSURE]
    state = CohortState(
        slots=np.zeros((rows + (3 * size + 2 if kind == SKEWED else 0), grid.slots)),
        own=np.zeros(4 * size + 2 + slow + sources),
        pool=np.zeros((int(model.whole[RELEASE]) + 1, 2 * size + slow + sources)),
        kappa=_kappas(model),
        place=np.zeros(LEVELS + 2 * grid.levels, np.int64),
    )
    state.own[:size] = 1.0
    state.slots[MASS, OLD], state.slots[MEAN, OLD] = 1.0, V_mean - problem.E_L
    for i in range(size):
        for j in range(i + 1):
            state.slots[MEAN + size + packed(i, j), OLD] = m.covariance[i, j]
        if kind == SKEWED:
            state.slots[rows + i, OLD] = problem.third.get(m.names[i], 0.0)
    state.slots[MEAN + size, OLD] += V_std**2
    state.place[OPEN], state.place[LEVELS + 1] = FIRST, 1
    return state


def _kappas(model: CohortModel) -> Array:
    """Of a shunted population before its conductances come."""
    found = np.ones(model.modes.shape[1])
    if model.whole[SHUNTED] > 0:
        found[1:] = np.where(model.shunt[FORCE, 1:] != 0.0, model.modes[KAPPA, 1:], 0.0)
    return found
