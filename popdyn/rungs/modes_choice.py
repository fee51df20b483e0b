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
from popdyn.rungs.modes_training import Inputs, Plan, Run
from popdyn.spec.network import Initial
from popdyn.theory.balance import balance, linearised, observability
from popdyn.theory.discretisation import Domain
from popdyn.theory.projection import Snapshots, project
from popdyn.theory.reduced import Reduced, fluxes, reinjected

Array = NDArray[np.float64]

FEWEST, MOST = 5, 28  # modes tried
ORDERS = {0: (0,), 1: (1,), 2: (2, 1), 3: (2, 3, 1), 4: (2, 3, 1)}  # moments of w kept, by those of the density
LARGE = (45, 60)  # coordinates before balancing
GROWTH = 20.0  # [1/s] of a linearised state that is refused
CHECKED = 60  # states where the spectrum is looked at
SAFETY = 0.8  # share of the tolerance that the choice has to reach, so that other runs reach it too
DT = 1e-4  # [s]
STILL = 1e-6  # relative deviation below which a rate is constant
REST = 1.0  # [s] at the middle of the domain that the state kept there has relaxed for


@dataclass(frozen=True)
class ModesError:
    """Distance of the modes from the density on one kind of run: of the rate on 1 ms bins.

    mean [1/s]: the density's mean rate. No correlation where its rate is constant, or the modes' not finite.
    """

    kind: str
    nrmse: float
    bias: float
    correlation: float | None
    mean: float


@dataclass(frozen=True)
class Choice:
    """Reduced model of one population, where it starts, and what was measured on the way to it."""

    reduced: Reduced
    x: Array  # (K,) at the spec's initial condition
    W: float
    domain: Domain
    tolerance: float
    errors: tuple[ModesError, ...]  # held out
    effectivity: float  # nrmse over the rms of the defect
    scale: float  # [1/s] s.d. of the rate over the held-out runs
    largest: float  # [1/s] of the rates of the training runs
    rest: tuple[Array, float]  # x and W near their stationary values in the middle of the domain
    tried: tuple[tuple[int, int, float], ...]  # (moments, modes, error on the runs of the choice; inf: unstable)
    cpu_s: float

    @property
    def error(self) -> float:
        return max(e.nrmse for e in self.errors)

    @property
    def reached(self) -> bool:
        return self.error <= self.tolerance


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
    errors = judge(reduced, held_out, x, W, dt, -np.inf)
    scale = float(np.std(np.concatenate([r.rate for r in held_out])))
    return Choice(
        reduced, x, W, domain, tolerance, tuple(errors), effectivity(reduced, judges, x, W, dt), scale, largest,
        rest(reduced, x, W, domain, dt), tuple(tried), time.process_time() - began,
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
    """State that has rested in the middle of the domain, with the neurons that are refractory there."""
    modes, (x, W) = choice.reduced.modes, choice.rest
    state, (mu, D), n = first_modes_state(modes, x, W, dt), _middle(choice.domain), modes.numbers
    R = fluxes(modes, x, W, mu, D)
    into = reinjected(modes, W, np.append(R, W))
    pool = 1.0 - x[0]
    state.past[:, :-1] = R
    state.scalars[:, kernel.Q] = pool
    state.scalars[:, kernel.J] = into[1] - (R[1] if R.size > 1 else 0.0)
    content = (R[1] if R.size > 1 else 0.0) + n[kernel.B] * R[0] - into[1]
    pulled = n[kernel.A] * (n[kernel.V_RESET] - n[kernel.E_W]) * pool
    state.scalars[:, kernel.X] = n[kernel.TAU_W] * content + pulled
    return state


def _middle(domain: Domain) -> tuple[float, float]:
    return 0.5 * (domain.mu_low + domain.mu_high), 0.125 * (domain.sigma_low + domain.sigma_high) ** 2


def run_modes(reduced: Reduced, x: Array, W: float, drive: StepDrive, dt: float, bin_: float = 1e-3) -> Array:
    """(bin, OUTPUTS) of popdyn.kernels.modes.integrate; bins that were not reached are not finite."""
    state = first_modes_state(reduced.modes, x, W, dt)
    per_bin = round(bin_ / dt)
    bins = drive.mu.size // per_bin
    out = np.full((bins, kernel.OUTPUTS), np.nan)
    part = slice(0, bins * per_bin)
    kernel.integrate(reduced.modes, state, reduced.missing, drive.mu[part], drive.D[part], drive.restart[part], dt, out)
    return out


def rest(reduced: Reduced, x: Array, W: float, domain: Domain, dt: float) -> tuple[Array, float]:
    """x and W after a while in the middle of the domain."""
    state = first_modes_state(reduced.modes, x, W, dt)
    steps = round(REST / dt)
    mu, D = (np.full(steps, value) for value in _middle(domain))
    restart = np.zeros(steps, dtype=bool)
    restart[0] = True
    kernel.integrate(reduced.modes, state, reduced.missing[:, :0], mu, D, restart, dt, np.zeros((1, kernel.OUTPUTS)))
    return state.x[0].copy(), float(state.scalars[0, kernel.W])


def judge(reduced: Reduced, runs: list[Run], x: Array, W: float, dt: float, least: float) -> list[ModesError]:
    """nrmse and bias of each run; inf where the rate falls below `least` [1/s]."""
    scale = float(np.std(np.concatenate([run.rate for run in runs])))
    found = []
    for run in runs:
        out = run_modes(reduced, x, W, run.drive, dt)[round(training.SETTLE / 1e-3) :]
        error = out[:, kernel.RATE] - run.rate
        bad = not np.all(np.isfinite(error)) or out[:, kernel.LEAST_RATE].min() < least
        found.append(distance(run.kind, out[:, kernel.RATE], run.rate, scale, bad=bad))
    return found


def distance(kind: str, found: Array, exact: Array, scale: float, *, bad: bool) -> ModesError:
    """Of one rate from the other, over the s.d. of the exact one, or over a tenth of `scale` where it hardly moves."""
    error, mean, spread = found - exact, float(np.mean(exact)), float(np.std(exact))
    nrmse = np.inf if bad else float(np.sqrt(np.mean(error**2))) / max(spread, 0.1 * scale)
    still = bad or spread < STILL * mean
    correlation = None if still else float(np.corrcoef(found, exact)[0, 1])
    return ModesError(kind, nrmse, float(np.mean(error)) / mean, correlation, mean)


def effectivity(reduced: Reduced, runs: list[Run], x: Array, W: float, dt: float) -> float:
    """rms error of the rate over the rms of the defect: what turns a defect into an error estimate."""
    errors, defects = [], []
    for run in runs:
        out = run_modes(reduced, x, W, run.drive, dt)[round(training.SETTLE / 1e-3) :]
        errors.append(out[:, kernel.RATE] - run.rate)
        defects.append(out[:, kernel.DEFECT])
    size = float(np.sqrt(np.mean(np.concatenate(defects) ** 2)))
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) / size if size > 0 else 0.0
