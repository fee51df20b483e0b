"""One population of cohorts at a given drive: trajectories, the stationary state, and a neuron after its spike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels.cohort_run import integrate
from popdyn.kernels.cohort_state import (
    MASS,
    STEPS,
    WIDTH,
    CohortModel,
    CohortState,
)
from popdyn.theory.cohort_grid import AgeGrid, age_grid, first_cohorts, make_model
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.hazard_moments import table

Array = NDArray[np.float64]

DT = 5e-4  # [s]
TOLERANCE = 1e-7  # change of the rate per longest time constant, at which a state is stationary
MOST = 60  # of these time constants


@dataclass(frozen=True)
class Cohorts:
    """A population under way: its problem, step and closure, and the state that `march` moves."""

    problem: GifProblem
    dt: float
    grid: AgeGrid
    closure: str
    model: CohortModel
    state: CohortState

    def copy(self) -> Cohorts:
        state = CohortState._make([part.copy() for part in self.state])
        return Cohorts(self.problem, self.dt, self.grid, self.closure, self.model, state)


@dataclass(frozen=True)
class StationaryCohorts:
    """Rate [1/s], <V> [V], means of the slow variables (1 + K,), refractory neurons included, and the state itself."""

    rate: float
    V_mean: float
    means: Array
    cohorts: Cohorts


def start(
    problem: GifProblem, *, dt: float = DT, grid: AgeGrid | None = None, closure: str = "gaussian",
    V_mean: float | None = None, V_std: float = 0.0,
) -> Cohorts:  # fmt: skip
    """All neurons at V_mean (default V_reset), nobody has fired."""
    grid = grid or age_grid(problem)
    model = make_model(problem, dt, grid, closure)
    state = first_cohorts(problem, model, grid, problem.V_reset if V_mean is None else V_mean, V_std)
    return Cohorts(problem, dt, grid, closure, model, state)


def march(
    cohorts: Cohorts, mu: Array, D: Array, *, neurons: float = 0.0, words: NDArray[np.uint64] | None = None,
    every: int = 0, gain: Array | None = None,
) -> tuple[Array, Array]:  # fmt: skip
    """Move the state through mu (step,) [V/s] and D (step, source) [V^2/s]; rates (step,) [1/s] at their ends.

    gain (step,) [V/s]: of the frozen variable "gain"; default mu. Conductances have the problem's mean. Also
    `cohort_run.look` of every `every` steps (0: once, at the middle). Finite size: `neurons`, the generator's words.
    """
    rate, every = np.zeros(mu.size), every or mu.size
    seen = np.zeros((-(-mu.size // every), 2 + cohorts.model.modes.shape[1]))
    words = np.zeros(4, np.uint64) if words is None else words
    wide, shunt = mu if gain is None else gain, np.full(mu.size, cohorts.problem.shunt)
    done = integrate(
        cohorts.model, table(), cohorts.state, mu, wide, shunt, D, cohorts.dt, every, neurons, words, rate, seen
    )  # fmt: skip
    if done < mu.size:
        raise NumericsError(f"a cohort's moments are no longer finite in step {done}; halve dt (now {cohorts.dt:g} s)")
    return rate, seen


def noise_of(problem: GifProblem) -> Array:
    """D of the sources of noise: the problem's white noise, no coloured one."""
    return np.array([problem.D] + [0.0] * len(problem.colours))


def stationary(
    problem: GifProblem,
    *,
    dt: float = DT,
    grid: AgeGrid | None = None,
    closure: str = "gaussian",
    D: Array | None = None,
    settled: float = TOLERANCE,
    gain: float | None = None,
) -> StationaryCohorts:
    """The state that a constant drive leads to, by marching until the rate changes by less than `settled`.

    D (source,): of white and coloured noise; default the problem's sigma. gain as in `march`.
    Raises NumericsError where it never settles.
    """
    cohorts = start(problem, dt=dt, grid=grid, closure=closure)
    noise, last = noise_of(problem) if D is None else D, np.inf
    steps = int(np.ceil(max(problem.slowest, 0.05) / dt))
    steps += -steps % (int(cohorts.model.whole[WIDTH]) * 2**cohorts.grid.levels)  # whole cycles of the age grid
    mu, many = np.full(steps, problem.mu), np.tile(noise, (steps, 1))
    wide = None if gain is None else np.full(steps, gain)
    for _ in range(MOST):
        rate, seen = march(cohorts, mu, many, gain=wide)
        mean = float(rate.mean())
        if abs(mean - last) <= settled * max(mean, 1e-6):
            return StationaryCohorts(float(rate.mean()), problem.E_L + float(seen[0, 0]), seen[0, 2:], cohorts)
        last = mean
    raise NumericsError(f"the rate still moves after {MOST} times the longest time constant; is the drive finite?")


def just_fired(stationary: StationaryCohorts) -> Cohorts:
    """A population of neurons that have all fired in the step that has just ended, out of the stationary state."""
    fresh = stationary.cohorts.copy()
    state = fresh.state
    row = (int(state.place[STEPS]) - 1) % state.pool.shape[0]
    state.slots[MASS] = 0.0
    state.pool[:, 0] = 0.0
    state.pool[row, 0] = 1.0
    return fresh
