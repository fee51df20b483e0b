"""Which modes of an escape-noise population, and how many: the fewest that reach the tolerance on other runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import gated as kernel
from popdyn.kernels.modes import OUTPUTS
from popdyn.rungs import gated_training as training
from popdyn.rungs.gated_training import Marching, binned
from popdyn.rungs.modes_choice import CHECKED, GROWTH, SAFETY
from popdyn.rungs.modes_measured import BIN, Measured, ModesError, distance, effectivity
from popdyn.rungs.modes_training import SETTLE
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated import Gated, derivatives
from popdyn.theory.gated_balance import balance, observability
from popdyn.theory.gated_fit import Path, exponents, gate_numbers, orthogonal, regress
from popdyn.theory.gif_problem import modes as gif_modes

Array = NDArray[np.float64]

COUNTS = (5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 21)  # modes tried
LARGE = ((30, False), (36, False), (46, False), (30, True))  # coordinates before balancing; whether g^2 counts
TRY_ON = 1.5  # tolerances: where the best is no further away, no other coordinates are tried


@dataclass(frozen=True, kw_only=True)
class GatedChoice(Measured):
    """Reduced model of one population, where it starts, and what was measured on the way to it."""

    reduced: Gated
    x: Array  # (K,) at the spec's initial condition


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
    return GatedChoice(
        reduced=best, x=x, domain=domain, tolerance=tolerance, errors=tuple(judge(best, held_out, x, -np.inf)),
        effectivity=effectivity([_scored(best, x, p) for p in judges], [binned(p.rate, dt) for p in judges]),
        scale=float(np.std(np.concatenate([binned(p.rate, dt) for p in held_out]))), largest=largest,
        tried=tuple(tried), cpu_s=time.process_time() - began,
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
        try:
            gramian = observability(big, paths, coordinates, dt)
        except NumericsError:
            tried.append((len(test), len(test), np.inf))
            continue
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
    out = np.full((mu.size // per_bin, OUTPUTS), np.nan)
    kernel.integrate(modes, state, reduced.missing, mu[: len(out) * per_bin], reduced.dt, out)
    return out


def _scored(reduced: Gated, x: Array, path: Path) -> Array:
    """The bins of a run that are compared."""
    return run_gated(reduced, x, path.mu)[round(SETTLE / BIN) :]


def judge(reduced: Gated, paths: list[Path], x: Array, least: float) -> list[ModesError]:
    """Distance of each run from the cohorts'; inf where the rate falls below `least` [1/s]."""
    truths = [binned(p.rate, reduced.dt) for p in paths]
    scale = float(np.std(np.concatenate(truths)))
    return [distance(p.kind, _scored(reduced, x, p), rate, scale, least) for p, rate in zip(paths, truths, strict=True)]
