"""Grid from the spec: the widest cells whose error, measured by halving them, stays under the tolerance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from popdyn.kernels.operators import Operator
from popdyn.theory.grid import bulk, frozen_state, operator_on
from popdyn.theory.problem import DensityProblem
from popdyn.theory.stationary import mean_adaptation

RATE_TOLERANCE = 8e-4  # of the rate, in the worst corner of the domain
FINEST = 0.02e-3  # [V]
UNDERSHOOT = 1e-7  # least density over its largest value that a probe may have, negative
WIDEST = 0.5e-3  # [V]
MOST_CELLS = 1500  # refinement stops here; the error that is left is reported


@dataclass(frozen=True)
class Domain:
    """Range of drive a grid has to serve: mu [V/s], sigma [V/sqrt(s)]."""

    mu_low: float
    mu_high: float
    sigma_low: float
    sigma_high: float


def union(one: Domain, other: Domain) -> Domain:
    """The smallest domain that holds both."""
    return Domain(
        min(one.mu_low, other.mu_low), max(one.mu_high, other.mu_high),
        min(one.sigma_low, other.sigma_low), max(one.sigma_high, other.sigma_high),
    )  # fmt: skip


@dataclass(frozen=True)
class Discretisation:
    """Operator, its bulk spacing [V] and the measured relative error of the rate."""

    operator: Operator
    spacing: float
    error: float


def _probes(problem: DensityProblem, domain: Domain, W: float) -> list[tuple[float, float]]:
    """(u, D) where the error is measured: the reference and the corners of the domain, w held."""
    u = [mu - W / problem.C_m for mu in (domain.mu_low, domain.mu_high)]
    D = [0.5 * s**2 for s in (domain.sigma_low, domain.sigma_high)]
    return [(problem.mu - W / problem.C_m, problem.D), *((x, y) for x in u for y in D)]


def choose_grid(
    problem: DensityProblem, domain: Domain, tolerance: float = RATE_TOLERANCE, refine: float = 1.0
) -> Discretisation:
    """Narrow the cells until halving them moves the rate at every probe by less than `tolerance`, and none is negative.

    Errors are relative to the larger of the probe's rate and a quarter of the reference rate.
    """
    unit = problem.hierarchy("mean")
    D_high = 0.5 * domain.sigma_high**2
    spread = bulk(problem, problem.mu, problem.D)[1]
    spacing = min(spread / 6.0, (problem.barrier - problem.V_reset) / 8.0, WIDEST)
    coarse = operator_on(problem, spacing, domain.mu_low, D_high, problem.mu)
    W = mean_adaptation(coarse, unit, problem.mu, problem.D) * (problem.C_m / unit.C_m)
    u_low, u_ref = domain.mu_low - W / problem.C_m, problem.mu - W / problem.C_m
    probes = _probes(problem, domain, W)

    def solve(h: float) -> tuple[Operator, np.ndarray, float]:
        op = operator_on(problem, h, u_low, D_high, u_ref)
        found = [frozen_state(op, u, D, problem.t_ref) for u, D in probes]
        return op, np.array([rate for rate, _ in found]), min(float(p.min() / p.max()) for _, p in found)

    op, now, least = solve(spacing)
    while True:
        then = solve(spacing / 2)[1]
        error = float(np.max(np.abs(now - then) * (4.0 / 3.0) / np.maximum(then, 0.25 * then[0])))
        good = error <= tolerance and least > -UNDERSHOOT
        if good or spacing < FINEST or op.width.size > MOST_CELLS / 1.5:
            break
        spacing /= max(np.sqrt(error / tolerance), 1.1 if least > -UNDERSHOOT else 1.3)
        op, now, least = solve(spacing)
    if refine != 1.0:
        op = solve(spacing / refine)[0]
    return Discretisation(op, spacing / refine, error / refine**2)
