"""Which modes, and how many: the fewest that are stable over the domain and reach the tolerance on other runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import density_1d
from popdyn.kernels import modes as kernel
from popdyn.kernels.operators import Hierarchy, Operator
from popdyn.rungs import modes_training as training
from popdyn.rungs.march import StepDrive, first_state
from popdyn.rungs.modes_measured import BIN, Measured, ModesError, distance, effectivity
from popdyn.rungs.modes_training import Inputs, Plan, Run
from popdyn.spec.network import Initial
from popdyn.theory.balance import balance, linearised, observability
from popdyn.theory.discretisation import Domain
from popdyn.theory.projection import Snapshots, project
from popdyn.theory.reduced import Reduced, fluxes, reinjected, stationary

Array = NDArray[np.float64]

FEWEST, MOST = 5, 28  # modes tried
ORDERS = {0: (0,), 1: (1,), 2: (2, 1), 3: (2, 3, 1), 4: (2, 3, 1)}  # moments of w kept, by those of the density
LARGE = (45, 60)  # coordinates before balancing
GROWTH = 20.0  # [1/s] of a linearised state that is refused
CHECKED = 60  # states where the spectrum is looked at
SAFETY = 0.8  # share of the tolerance that the choice has to reach, so that other runs reach it too
DT = 1e-4  # [s]
REST = 1.0  # [s] of relaxation before Newton's method finds the state at rest


@dataclass(frozen=True, kw_only=True)
class Choice(Measured):
    """Reduced model of one population, where it starts, and what was measured on the way to it."""

    reduced: Reduced
    x: Array  # (K,) at the spec's initial condition
    W: float
    rest: tuple[Array, float]  # x and W at rest in the middle of the domain


def choose_modes(
    op: Operator, h: Hierarchy, initial: Initial, domain: Domain, plan: Plan, dt: float, *, tolerance: float,
    seed: int = 0, modes: int | None = None,
) -> Choice:  # fmt: skip
    """Train, balance, and take the fewest modes (or the number asked for).

    Raises NumericsError where no stable reduced model was found.
    """
    began = time.process_time()

    def runs(drives: Inputs, every: float = 0.0) -> list[Run]:
        return [training.march_through(op, h, initial, d, dt, kind, every=every) for kind, d in drives]

    trained = runs(plan.training, training.apart(plan.training, dt))
    snapshots, largest = training.joined(trained), max(float(run.rate.max()) for run in trained)
    judges = runs(plan.choice)
    least = -tolerance * largest
    start = first_state(op, h, initial, dt)
    best: tuple[float, Reduced] | None = None
    tried: list[tuple[int, int, float]] = []
    for order, large in _candidates(h.order):
        some = snapshots.up_to(order)
        big, states = project(op, h, some, large)
        gramian = observability(big, states, some, seed)
        for count in range(FEWEST, MOST + 1) if modes is None else (modes,):
            reduced = balance(big, states, gramian, count)
            error = np.inf
            if stable(reduced, some, seed):
                error = max(e.nrmse for e in judge(reduced, judges, *begin(reduced, start), dt, least))
            tried.append((order, count, error))
            if best is None or error < best[0]:
                best = error, reduced
            if error <= SAFETY * tolerance:
                break
        if best is not None and best[0] <= SAFETY * tolerance:
            break
    if best is None or not np.isfinite(best[0]):
        raise NumericsError("no stable modes were found over the domain asked for; ask for a narrower one")
    reduced = best[1]
    x, W = begin(reduced, start)
    held_out = runs(plan.held_out)
    return Choice(
        reduced=reduced, x=x, W=W, rest=rest(reduced, x, W, domain, dt), domain=domain, tolerance=tolerance,
        errors=tuple(judge(reduced, held_out, x, W, dt, -np.inf)),
        effectivity=effectivity([_scored(reduced, x, W, run, dt) for run in judges], [run.rate for run in judges]),
        scale=float(np.std(np.concatenate([run.rate for run in held_out]))), largest=largest, tried=tuple(tried),
        cpu_s=time.process_time() - began,
    )  # fmt: skip


def _candidates(order: int) -> list[tuple[int, int]]:
    return [(kept, large) for kept in ORDERS[order] for large in LARGE]


def begin(reduced: Reduced, start: density_1d.State) -> tuple[Array, float]:
    """Coordinates and W of the density's first state; P is exact."""
    fields = start.fields[0]
    x = reduced.test @ np.concatenate([fields[:, m] for m in range(reduced.order + 1)])
    return x, float(start.scalars[0, density_1d.W])


def stable(reduced: Reduced, snapshots: Snapshots, seed: int) -> bool:
    """Whether nothing grows faster than `GROWTH` at states drawn from the training runs."""
    draw = np.random.default_rng(seed + 1).choice(len(snapshots.P), min(CHECKED, len(snapshots.P)), replace=False)
    fields = snapshots.fields[draw, :, : reduced.order + 1]
    states = np.concatenate([fields[:, :, m] for m in range(reduced.order + 1)], axis=1) @ reduced.test.T
    for x, i in zip(states, draw, strict=True):
        A, _ = linearised(reduced.modes, x, snapshots.W[i], snapshots.mu[i], snapshots.D[i])
        if float(np.linalg.eigvals(A).real.max()) > GROWTH:
            return False
    return True


def first_modes_state(modes: kernel.Modes, x: Array, W: float, dt: float) -> kernel.State:
    """State whose past equals its present but for the fluxes, which were none."""
    K, M = modes.v.size, modes.E.shape[0] - 1
    past = np.zeros((int(modes.numbers[kernel.T_REF] / dt) + 2, M + 2))
    past[:, M + 1] = W
    scalars = np.zeros((2, kernel.SCALARS))
    scalars[:, kernel.W] = W
    return kernel.State(
        np.stack([x, x]), scalars, past, np.zeros((K, K)), np.zeros((M + 3, K)), np.zeros((3, M + 2)),
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip


def resting_state(choice: Choice, dt: float) -> kernel.State:
    """State at rest in the middle of the domain, with the neurons that are refractory there."""
    modes = choice.reduced.modes
    found = stationary(modes, *_middle(choice.domain), *choice.rest)
    state, R = first_modes_state(modes, found.x, found.W, dt), fluxes(modes, found.x, found.W, found.mu, found.D)
    state.past[:, :-1] = R
    state.scalars[:, kernel.J] = reinjected(modes, found.W, np.append(R, found.W))[1] - R[1:2].sum()
    state.scalars[:, kernel.Q] = 1.0 - found.x[0]
    state.scalars[:, kernel.X] = found.w_mean - found.x[0] * found.W
    return state


def _middle(domain: Domain) -> tuple[float, float]:
    return 0.5 * (domain.mu_low + domain.mu_high), 0.125 * (domain.sigma_low + domain.sigma_high) ** 2


def run_modes(reduced: Reduced, x: Array, W: float, drive: StepDrive, dt: float) -> Array:
    """(bin, OUTPUTS) of popdyn.kernels.modes.integrate; bins that were not reached are not finite."""
    state = first_modes_state(reduced.modes, x, W, dt)
    per_bin = round(BIN / dt)
    out = np.full((drive.mu.size // per_bin, kernel.OUTPUTS), np.nan)
    part = slice(0, len(out) * per_bin)
    kernel.integrate(reduced.modes, state, reduced.missing, drive.mu[part], drive.D[part], drive.restart[part], dt, out)
    return out


def _scored(reduced: Reduced, x: Array, W: float, run: Run, dt: float) -> Array:
    """The bins of a run that are compared."""
    return run_modes(reduced, x, W, run.drive, dt)[round(training.SETTLE / BIN) :]


def rest(reduced: Reduced, x: Array, W: float, domain: Domain, dt: float) -> tuple[Array, float]:
    """x and W at rest in the middle of the domain: Newton's method from where a while there leads."""
    state, (mu, D) = first_modes_state(reduced.modes, x, W, dt), _middle(domain)
    for step in range(round(REST / dt)):
        kernel.advance(reduced.modes, state, mu, D, dt, step == 0)
    found = stationary(reduced.modes, mu, D, state.x[0], float(state.scalars[0, kernel.W]))
    return found.x, found.W


def judge(reduced: Reduced, runs: list[Run], x: Array, W: float, dt: float, least: float) -> list[ModesError]:
    """Distance of each run from the density's; inf where the rate falls below `least` [1/s]."""
    scale = float(np.std(np.concatenate([run.rate for run in runs])))
    return [distance(run.kind, _scored(reduced, x, W, run, dt), run.rate, scale, least) for run in runs]
