"""Runs that modes of escape-noise populations are trained, chosen and judged on: cohorts under inputs of the domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from popdyn.errors import DomainError, NumericsError
from popdyn.kernels.cohort_features import follow, observe
from popdyn.rungs import modes_training
from popdyn.rungs.modes_measured import BIN
from popdyn.spec.network import Network
from popdyn.stimuli import drive
from popdyn.theory.cohort_grid import AgeGrid, first_cohorts, make_model
from popdyn.theory.cohort_march import noise_of
from popdyn.theory.discretisation import Domain
from popdyn.theory.gated_fit import Path
from popdyn.theory.gif_problem import GifProblem, traces
from popdyn.theory.hazard_moments import table

Array = NDArray[np.float64]

TRAINING = (("slow", 6.0), ("fast", 4.0), ("steps", 4.0), ("jumps", 4.0), ("flips", 3.0), ("drift", 2.0))
DRIFT, FLIP = 0.4, 0.1  # [s] between the corners of a drift; on a level of a flip
CHOICE = (("slow", 2.0), ("fast", 1.0), ("steps", 2.4))
HELD_OUT = (("slow", 2.0), ("fast", 1.0), ("steps", 1.6), ("sine", 0.5), ("chirp", 1.0))
SLACK = 0.05  # of the range that the protocols reach, added on both sides
NARROWEST = 2.0  # least range of mu, in Delta_V/tau_m


@dataclass(frozen=True)
class Marching:
    """What a population marches with: its problem, closure, step [s], ages, first V [V]."""

    problem: GifProblem
    closure: str
    dt: float
    grid: AgeGrid
    V: float


def filtered(mu: Array, dt: float, tau_m: float) -> Array:
    """h/tau_m (step,) [V/s]: the drive as the membrane filters it, which is all that neurons see; from rest at mu_0."""
    keep = np.exp(-dt / tau_m)
    return np.asarray(lfilter([1.0 - keep], [1.0, -keep], mu, zi=[keep * mu[0]])[0])


def reached(network: Network, name: str, problem: GifProblem) -> Domain:
    """Range of the filtered mu that the protocols of a spec reach, widened, NARROWEST at least; sigma as it is.

    Raises DomainError where sigma changes in time: the gate of the modes is the mean drive alone.
    """
    low, high, dt = problem.mu, problem.mu, 5e-4
    for protocol in network.protocols.values():
        t: Array = np.arange(-protocol.transient, protocol.duration, dt, dtype=np.float64)
        mu, sigma = drive(network.populations[name], protocol, t)
        if np.any(np.abs(sigma - problem.sigma) > 1e-9 * (1.0 + problem.sigma)):
            raise DomainError(
                f"protocols.{protocol.name}: sigma of population {name} changes in time; allowed for modes of "
                "escape-noise neurons: a constant sigma; take --rung density"
            )
        seen = filtered(mu, dt, problem.tau_m)
        low, high = min(low, float(seen.min())), max(high, float(seen.max()))
    slack = max(SLACK * (high - low), 0.5 * (NARROWEST * problem.Delta_V / problem.tau_m - (high - low)))
    return Domain(low - slack, high + slack, problem.sigma, problem.sigma)


def inputs(domain: Domain, plan: tuple[tuple[str, float], ...], dt: float, seed: int) -> list[tuple[str, Array]]:
    """mu (step,) [V/s] of every run of a plan: those of the density's modes, and three kinds more.

    jumps: between the ends of the domain, ever smaller ones; flips: between its lower and upper third, drawn; drift:
    the slowest.
    """
    found = []
    for k, (kind, duration) in enumerate(plan):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
        count = round(duration / dt)
        if kind in ("slow", "fast", "steps", "sine", "chirp"):
            found.append((kind, modes_training.inputs(domain, ((kind, duration),), dt, seed * 101 + k)[0][1].mu))
            continue
        dwell = round((DRIFT if kind == "drift" else modes_training.DWELL if kind == "jumps" else FLIP) / dt)
        share = _levels(kind, -(-count // dwell) + 1, rng)
        if kind == "drift":
            ramp = np.interp(np.arange(count) / dwell, np.arange(share.size), share)
        else:
            ramp = np.repeat(share, dwell)[:count]
        share = np.concatenate([np.full(round(modes_training.SETTLE / dt), 0.5), ramp])
        found.append((kind, domain.mu_low + (domain.mu_high - domain.mu_low) * share))
    return found


def _levels(kind: str, count: int, rng: np.random.Generator) -> Array:
    if kind == "drift":
        return rng.random(count)
    if kind == "jumps":
        low = np.linspace(0.0, 0.5, (count + 1) // 2)
        return np.stack([low, 1.0 - low], axis=1).ravel()[:count]
    drawn = rng.random(count) / 3.0
    drawn[1::2] = 1.0 - drawn[1::2]
    return drawn


def march_through(with_: Marching, mu: Array, alpha: Array, kind: str = "") -> Path:
    """Cohorts from their first state through mu; alpha (feature, 1 + K), no feature: the rate alone.

    Raises NumericsError where a value is not finite.
    """
    problem, dt = with_.problem, with_.dt
    model = make_model(problem, dt, with_.grid, with_.closure)
    state = first_cohorts(problem, model, with_.grid, with_.V, 0.0)
    size, steps, J = alpha.shape[1], mu.size, len(traces(problem))
    features, own = np.zeros((steps + 1, len(alpha))), np.zeros((steps + 1, 2 * size + 1))
    observe(model, state, alpha, J, features[0], own[0])
    rate = np.zeros(steps)
    done = follow(model, table(), state, mu, noise_of(problem), dt, alpha, J, rate, features[1:], own[1:])
    if done < steps:
        raise NumericsError(f"a cohort's moments are no longer finite at t = {done * dt:.4f} s of a training run")
    states = np.column_stack([own[:, size], features])
    return Path(
        kind, mu, own[1:, 0], rate, states, own[:, 1 : 1 + J], own[:, size + 1], own[1:, size + 2 : size + 2 + J]
    )


def binned(rate: Array, dt: float) -> Array:
    """Means over 1 ms bins as `CohortDensity.simulate` has them, after the settling."""
    per_bin, before = round(BIN / dt), np.append(rate[0], rate[:-1])
    mean: Array = (0.5 * (rate + before)).reshape(-1, per_bin).mean(axis=1)
    return mean[round(modes_training.SETTLE / BIN) :]
