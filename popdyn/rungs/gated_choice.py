"""Which modes of an escape-noise population, and how many: the fewest that reach the tolerance on other runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import gated as kernel
from popdyn.rungs import gated_training as training
from popdyn.rungs.gated_training import BIN, Marching, binned
from popdyn.rungs.modes_choice import ModesError, distance
from popdyn.rungs.modes_training import SETTLE
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated import Gated, derivatives
from popdyn.theory.gated_balance import balance, observability
from popdyn.theory.gated_fit import Path, exponents, gate_numbers, orthogonal, regress
from popdyn.theory.gif_problem import modes as gif_modes

Array = NDArray[np.float64]

COUNTS = (5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 21)  # modes tried
LARGE = ((30, False), (36, False), (46, False), (30, True))  # coordinates before balancing; whether g^2 counts
GROWTH = 20.0  # [1/s] of a linearised state that is refused
CHECKED = 60  # states where the spectrum is looked at
SAFETY = 0.8  # share of the tolerance that the choice has to reach, so that other runs reach it too
TRY_ON = 1.5  # tolerances: where the best is no further away, no other coordinates are tried


@dataclass(frozen=True)
class GatedChoice:
    """Reduced model of one population, where it starts, and what was measured on the way to it."""

    reduced: Gated
    x: Array  # (K,) at the spec's initial condition
    domain: Domain
    tolerance: float
    errors: tuple[ModesError, ...]  # held out
    effectivity: float  # rms error of the rate over the rms of the defect
    scale: float  # [1/s] s.d. of the rate over the held-out runs
    largest: float  # [1/s] of the rates of the training runs
    tried: tuple[tuple[int, int, float], ...]  # (coordinates, modes, error on the runs of the choice; inf: unstable)
    cpu_s: float

    @property
    def error(self) -> float:
        return max(e.nrmse for e in self.errors)

    @property
    def reached(self) -> bool:
        return self.error <= self.tolerance


def choose_gated(
    marching: Marching, domain: Domain, *, tolerance: float, seed: int = 0, modes: int | None = None
) -> GatedChoice:
    """Train, balance, and take the fewest modes (or the number asked for).

    Raises NumericsError where no stable reduced model was found.
    """
    began, dt = time.process_time(), marching.dt
    alpha = exponents(marching.problem)

    def runs(plan: tuple[tuple[str, float], ...], word: int, features: Array) -> list[Path]:
        drives = training.inputs(domain, plan, dt, seed * 3 + word)
        return [training.march_through(marching, mu, features, kind) for kind, mu in drives]

    paths, judges = runs(training.TRAINING, 0, alpha), runs(training.CHOICE, 1, alpha[:0])
    largest = max(float(p.rate.max()) for p in paths)
    best, tried = _search(marching, paths, judges, alpha, tolerance, -tolerance * largest, seed, modes)
    if best is None:
        raise NumericsError("no stable modes were found over the domain asked for; ask for a narrower one")
    x = best.test @ paths[0].states[0]
    held_out = runs(training.HELD_OUT, 2, alpha[:0])
    errors = judge(best, held_out, x, -np.inf)
    scale = float(np.std(np.concatenate([binned(p.rate, dt) for p in held_out])))
    return GatedChoice(
        best, x, domain, tolerance, tuple(errors), effectivity(best, judges, x), scale, largest, tuple(tried),
        time.process_time() - began,
    )  # fmt: skip


def _search(
    marching: Marching, paths: list[Path], judges: list[Path], alpha: Array, tolerance: float, least: float, seed: int,
    modes: int | None,
) -> tuple[Gated | None, list[tuple[int, int, float]]]:  # fmt: skip
    dt, wanted = marching.dt, SAFETY * tolerance
    numbers, table = gate_numbers(marching.problem, dt, paths)
    states = np.concatenate([p.states for p in paths])
    best, lowest, tried = None, np.inf, []
    for large, squares in LARGE:
        test, R_3 = orthogonal(states, alpha, gif_modes(marching.problem).jump, large)
        coordinates = [p.states @ test.T for p in paths]
        big = regress(numbers, table, paths, coordinates, R_3, dt, squares=squares)
        gramian = observability(big, paths, coordinates, dt)
        for count in [c for c in COUNTS if c <= len(test)] if modes is None else (modes,):
            reduced = balance(big, test, gramian, paths, coordinates, count, dt)
            error = np.inf
            if stable(reduced, paths, seed):
                error = max(e.nrmse for e in judge(reduced, judges, reduced.test @ paths[0].states[0], least))
            tried.append((len(test), count, error))
            if error < lowest:
                best, lowest = reduced, error
            if error <= wanted:
                break
        if lowest <= TRY_ON * tolerance:
            break
    return best, tried


def stable(reduced: Gated, paths: list[Path], seed: int) -> bool:
    """Whether nothing grows faster than `GROWTH` at states drawn from the training runs."""
    rng, dt = np.random.default_rng(seed + 1), reduced.dt
    lag = int(reduced.modes.numbers[kernel.LAG])
    for p in paths:
        late = p.late(reduced.modes.traces[kernel.DECAY], lag)
        for n in rng.choice(p.rate.size, CHECKED // len(paths), replace=False):
            x = reduced.test @ p.states[n]
            J = derivatives(reduced.modes, dt, x, p.h[n], p.abar[n], late[n])[0]
            if float(np.abs(np.linalg.eigvals(J)).max()) > 1.0 + GROWTH * dt:
                return False
    return True


def run_gated(reduced: Gated, x: Array, mu: Array) -> Array:
    """(bin, OUTPUTS) of popdyn.kernels.gated.integrate; bins that were not reached are not finite."""
    modes, per_bin = reduced.modes, round(BIN / reduced.dt)
    K, J = x.size, modes.traces.shape[1]
    state = kernel.GatedState(
        x.copy(), np.zeros(1 + J), np.zeros((int(modes.numbers[kernel.LAG]) + 1, 1 + J)), np.zeros(K),
        np.zeros(len(modes.E)), np.zeros(2), np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    out = np.full((mu.size // per_bin, kernel.OUTPUTS), np.nan)
    kernel.integrate(modes, state, reduced.missing, mu[: len(out) * per_bin], reduced.dt, out)
    return out


def judge(reduced: Gated, paths: list[Path], x: Array, least: float) -> list[ModesError]:
    """nrmse and bias of each run; inf where the rate falls below `least` [1/s]."""
    truths = [binned(p.rate, reduced.dt) for p in paths]
    scale = float(np.std(np.concatenate(truths)))
    found = []
    for p, rate in zip(paths, truths, strict=True):
        out = run_gated(reduced, x, p.mu)[round(SETTLE / BIN) :]
        error = out[:, kernel.RATE] - rate
        bad = not np.all(np.isfinite(error)) or out[:, kernel.LEAST_RATE].min() < least
        found.append(distance(p.kind, out[:, kernel.RATE], rate, scale, bad=bad))
    return found


def effectivity(reduced: Gated, paths: list[Path], x: Array) -> float:
    """rms error of the rate over the rms of the defect: what turns a defect into an error estimate."""
    errors, defects = [], []
    for p in paths:
        out = run_gated(reduced, x, p.mu)[round(SETTLE / BIN) :]
        errors.append(out[:, kernel.RATE] - binned(p.rate, reduced.dt))
        defects.append(out[:, kernel.DEFECT])
    size = float(np.sqrt(np.mean(np.concatenate(defects) ** 2)))
    return float(np.sqrt(np.mean(np.concatenate(errors) ** 2))) / size if size > 0 else 0.0
