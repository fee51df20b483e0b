"""Least squares of a simple rate unit from several starts, and the intervals of what it found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from popdyn.errors import NumericsError
from popdyn.fitting.block_bootstrap import bootstrap_ends
from popdyn.fitting.calibration import Block, Calibration, block_ids, calibrate, data_block
from popdyn.fitting.profile import Bounds, Ends, profile_ends
from popdyn.fitting.rate_misfit import RateMisfit
from popdyn.fitting.rate_result import RateEstimate
from popdyn.rungs.rate_population import RatePopulation
from popdyn.types import BoolArray, FloatArray

LEVEL = 0.95
EVALUATIONS = 60
AT_BOUND = 1e-2
"""Of a parameter's scale: as near to its bound as this it counts as there."""
LEAST_RISE = 1e-16
"""Of the sum of squares that a profile is followed over, for data that a unit fits exactly."""


@dataclass(frozen=True)
class RateSolution:
    """Best coordinates with residuals and slopes there, and the rms residual that each start reached."""

    misfit: RateMisfit
    x: FloatArray
    residuals: FloatArray
    jacobian: FloatArray
    starts: tuple[float, ...]

    @property
    def unit(self) -> RatePopulation:
        return self.misfit.coordinates.decode(self.x, self.misfit.unit)


def solve(misfit: RateMisfit, starts: Sequence[RatePopulation], owner: int | None = None) -> RateSolution:
    """The best of several starts. `owner`: which set, where the targets hold several.

    Raises NumericsError where no start gives a finite rate.
    """
    found = [_least_squares(misfit, misfit.coordinates.encode(s), owner) for s in starts]
    best = min(found, key=lambda q: q.cost)
    if not np.isfinite(best.cost):
        raise NumericsError(f"populations.{misfit.unit.name}: no start of the fit gave a finite rate")
    return RateSolution(misfit, best.x, best.fun, best.jac, tuple(float(np.sqrt(2 * q.cost)) for q in found))


def _least_squares(misfit: RateMisfit, start: FloatArray, owner: int | None) -> OptimizeResult:
    space, who = misfit.coordinates, None if owner is None else np.array([owner])
    low, high = space.low, space.high
    inside = np.clip(start, low + 1e-3 * (high - low), high - 1e-3 * (high - low))
    return least_squares(
        lambda x: misfit.residuals(x[None], who)[0],
        inside,
        jac=lambda x: misfit.with_slopes(x[None], who)[1][0],
        bounds=(low, high),
        x_scale=space.scale,
        max_nfev=EVALUATIONS,
        ftol=1e-9,
        xtol=1e-9,
    )


def calibration_of(solution: RateSolution, block: int | None) -> tuple[Calibration, Block]:
    """With blocks of `block` bins; None: from the residuals, which are then taken for noise."""
    lengths = solution.misfit.lengths
    chosen = data_block(solution.residuals, lengths) if block is None else Block(block, block)
    return calibrate(solution.residuals, solution.jacobian, lengths, chosen.used), chosen


def start_matters(solution: RateSolution, calibration: Calibration) -> bool:
    """Whether a change of the start, the other parameters held, could be seen in the data.

    The start is the last coordinate; it matters where its scale raises the sum of squares to the level of an interval.
    """
    column, scale = solution.jacobian[:, -1], float(solution.misfit.coordinates.scale[-1])
    return float(column @ column) * scale**2 > float(calibration.rise(LEVEL)[-1])


def intervals(solutions: Sequence[RateSolution], calibrations: Sequence[Calibration], level: float = LEVEL) -> Ends:
    """Profile ends of many fits of one misfit, solution i to set i (a single one: to targets without sets)."""
    misfit = solutions[0].misfit
    space, single = misfit.coordinates, misfit.targets[0].rate.ndim == 1
    best = np.array([s.x for s in solutions])
    least = np.array([s.residuals @ s.residuals for s in solutions])
    rise = np.maximum(np.array([c.rise(level) for c in calibrations]), LEAST_RISE)
    return profile_ends(
        lambda x, owner: misfit.with_slopes(x, None if single else owner),
        best, least, rise, Bounds(space.low, space.high, space.scale),
    )  # fmt: skip


def estimates(
    solution: RateSolution, calibration: Calibration, block: int, *, noisy: bool, seed: int = 0
) -> tuple[RateEstimate, ...]:
    """Values with profile intervals; a block bootstrap beside them where the data are noisy."""
    space, unit = solution.misfit.coordinates, solution.unit
    ends = intervals([solution], [calibration])
    boot = None
    if noisy:
        boot = _bootstrap(solution, block, seed)
    values, low, high = (space.values(x) for x in (solution.x, ends.x[0, :, 0], ends.x[0, :, 1]))
    found = []
    for i, p in enumerate(space.parameters):
        why = _why(solution, ends, i)
        found.append(
            RateEstimate(
                p.name, float(values[i]), float(low[i]), float(high[i]), p.unit_in(unit.drive_unit, unit.noise_unit),
                p.doc, not why, why, float(calibration.inflation[i]), float(calibration.degrees[i]),
                None if boot is None else (float(boot[0][i]), float(boot[1][i])),
            )
        )  # fmt: skip
    return tuple(found)


def _bootstrap(solution: RateSolution, block: int, seed: int) -> list[FloatArray]:
    """Ends in values, lower and upper; a parameter at its bound stays there."""
    space, ids = solution.misfit.coordinates, block_ids(solution.misfit.lengths, block)
    inside = ~_at_bound(solution)
    found = []
    for move in bootstrap_ends(solution.residuals, solution.jacobian[:, inside], ids, LEVEL, seed):
        x = solution.x.copy()
        x[inside] += move
        found.append(space.values(np.clip(x, space.low, space.high)))
    return found


def _at_bound(solution: RateSolution) -> BoolArray:
    space, x = solution.misfit.coordinates, solution.x
    return np.minimum(x - space.low, space.high - x) < AT_BOUND * space.scale


def _why(solution: RateSolution, ends: Ends, i: int) -> str:
    """Why the data do not fix parameter i; empty where they do."""
    space = solution.misfit.coordinates
    scale = space.scale[i]
    label = f"ln {space.parameters[i].name}" if space.parameters[i].log else space.parameters[i].name
    half = 0.5 * (ends.x[0, i, 1] - ends.x[0, i, 0])
    reasons = [
        (_at_bound(solution)[i], "at its bound"),
        (not ends.found[0, i, 0], "its profile sets no lower end"),
        (not ends.found[0, i, 1], "its profile sets no upper end"),
        (half > scale, f"interval wider than {scale:g} in {label}, in natural units"),
    ]
    return "; ".join(text for applies, text in reasons if applies)
