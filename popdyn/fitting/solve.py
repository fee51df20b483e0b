"""Least squares in stages: what acts at constant sigma on the inputs of mu, then what sigma adds on those of sigma."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from popdyn.errors import NumericsError
from popdyn.fitting.intervals import coordinate_spread
from popdyn.fitting.residuals import Misfit, Record
from popdyn.fitting.result import Estimate
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import SIGMA_PARAMETERS

COARSE_DT, FINE_DT = 5e-4, 2.5e-4
"""Steps of the unit while starts are compared and while the best is finished [s]."""
EVALUATIONS = 30
FASTER_MODE: Mapping[str, float] = {
    "alpha": 90.0, "alpha_exponent": 0.8, "kappa_re": 0.1, "kappa_im": 0.2, "kappa_exponent": 0.5, "omega_ratio": 0.7,
}  # fmt: skip
"""A second start, away from the first: a faster, more strongly driven mode, slower than the spikes."""
KICKED: Mapping[str, float] = {"kappa_sigma_re": 1.0, "tau_sigma": 5e-4}


@dataclass(frozen=True)
class Stage:
    """Unit, estimates of what was free, and the rms residual that each start reached."""

    unit: CascadePopulation
    estimates: tuple[Estimate, ...]
    starts: tuple[float, ...]


def solve(target: Target, unit: CascadePopulation, records: Sequence[Record], seed: int) -> Stage:
    """All stages that the records call for. `records` are at COARSE_DT."""
    free = tuple(name for name in unit.parameters if name not in SIGMA_PARAMETERS)
    constant = tuple(r for r in records if not r.job.varies_sigma)
    varying = tuple(r for r in records if r.job.varies_sigma)
    first = _stage(target, unit, constant or varying, free, FASTER_MODE, seed)
    if not varying or len(unit.gain.rows) == 1:
        return first
    second = _stage(target, first.unit, varying, SIGMA_PARAMETERS, KICKED, seed)
    return Stage(second.unit, first.estimates + second.estimates, first.starts + second.starts)


def _stage(
    target: Target, unit: CascadePopulation, records: tuple[Record, ...], free: tuple[str, ...],
    other: Mapping[str, float], seed: int,
) -> Stage:  # fmt: skip
    """The better of two starts, finished at the fine step."""
    coarse = Misfit(unit, records, free)
    start = {name: unit.parameters[name] for name in free}
    found = [least_squares_of(coarse, {**start, **change}) for change in ({}, other)]
    best = coarse.values(min(found, key=lambda q: q.cost).x)
    fine = Misfit(unit, tuple(r.with_step(target, FINE_DT) for r in records), free)
    solution = least_squares_of(fine, best)
    if not np.isfinite(solution.cost):
        raise NumericsError(f"populations.{unit.name}: no start of the fit gave a finite rate")
    return Stage(
        fine.unit_at(solution.x), estimates_of(fine, solution, seed), tuple(float(np.sqrt(2 * q.cost)) for q in found)
    )


def least_squares_of(misfit: Misfit, values: Mapping[str, float], evaluations: int = EVALUATIONS) -> OptimizeResult:
    """From these values on, within the bounds of the parameters."""
    named = misfit.unit.fitted
    parameters = [named[name] for name in misfit.free]
    low, high = (np.array([p.encode(getattr(p, side)) for p in parameters]) for side in ("lower", "upper"))
    start = np.array([p.encode(values[p.name]) for p in parameters])
    inside = np.clip(start, low + 1e-3 * (high - low), high - 1e-3 * (high - low))
    # lsmr: the exact solver's SVD of a tall matrix keeps every BLAS thread spinning
    return least_squares(
        misfit, inside, bounds=(low, high), x_scale=np.array([p.scale for p in parameters]), method="trf",
        max_nfev=evaluations, ftol=1e-6, xtol=1e-6, tr_solver="lsmr",
    )  # fmt: skip


def estimates_of(misfit: Misfit, solution: OptimizeResult, seed: int) -> tuple[Estimate, ...]:
    """Values and intervals of what was free."""
    spread = coordinate_spread(misfit, solution.fun, solution.jac, seed)
    estimates, named = [], misfit.unit.fitted
    for name, x, half in zip(misfit.free, solution.x, spread, strict=True):
        p = named[name]
        low, high = p.encode(p.lower), p.encode(p.upper)
        at_bound = min(x - low, high - x) < 1e-2 * p.scale
        label = f"ln {name}" if p.log else name
        reasons = [(at_bound, "at its bound"), (half > p.scale, f"interval wider than {p.scale:g} in {label}")]
        why = "; ".join(text for applies, text in reasons if applies)
        ends = (p.decode(float(np.clip(x - half, low, high))), p.decode(float(np.clip(x + half, low, high))))
        estimates.append(Estimate(name, p.decode(float(x)), *ends, p.unit, p.doc, not why, why))
    return tuple(estimates)
