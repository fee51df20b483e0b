"""The fit of a node's unit: responses where the network works give the start, then they and the drives together.

What a network amplifies is what a unit answers to small changes, at the frequencies of its loops and at the drives that
it visits; along the drives alone, many parameters of a unit are not fixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult

from popdyn.errors import DomainError, NumericsError
from popdyn.fitting.node_target import QUIET, MetRecord
from popdyn.fitting.residuals import FAILED, Misfit
from popdyn.fitting.solve import FASTER_MODE, FINE_DT, KICKED, Stage, estimates_of, least_squares_of
from popdyn.fitting.target import Target
from popdyn.rungs import cascade
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.static_gain import Pull
from popdyn.types import ComplexArray, FloatArray

FREQUENCIES: FloatArray = np.geomspace(1.0, 500.0, 25)  # [1/s]
TARGETS = ("mu", "D")
RESPONSE_WEIGHT = 0.3
"""Of an error of the responses beside one as large along the drives, each relative to its own size."""
STARTS: tuple[Mapping[str, float], ...] = (
    {}, {**FASTER_MODE, **KICKED}, {"tau_sigma": 2e-4, "alpha": 200.0, "omega_ratio": 1.8, "harmonic_damping": 10.0},
)  # fmt: skip
TO_START, TO_FINISH, TO_REFINE = 40, 25, 10
"""Evaluations of the slopes: of each start, of the fit, and where the drives of the network of units were added."""


class Response(NamedTuple):
    """The density's responses to TARGETS (target, frequency) at a drive [V/s], [V/sqrt(s)]."""

    mu: float
    sigma: float
    exact: ComplexArray


def responses(target: Target, drives: Sequence[tuple[float, float]], mean_rate: float) -> tuple[Response, ...]:
    """At those of the drives (mu, sigma) where the density has a state that is not silent beside a mean rate [1/s]."""
    found = []
    for mu, sigma in drives:
        try:
            if target.rest(mu, sigma).rate > QUIET * mean_rate:
                exact = np.stack([target.response(FREQUENCIES, to, mu, sigma) for to in TARGETS])
                found.append(Response(mu, sigma, exact))
        except NumericsError:
            continue
    return tuple(found)


@dataclass(frozen=True)
class NodeMisfit(Misfit):
    """Residuals along the drives, and behind them those of the responses: |dH| over the largest |H| of each."""

    responses: tuple[Response, ...] = ()
    states: dict[tuple[tuple[Pull, ...], int], cascade.Point] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """All residuals."""
        along = super().__call__(coordinates) if self.records else np.zeros(0)
        weight = RESPONSE_WEIGHT * np.sqrt(max(len(self.records), 1) / max(len(self.responses), 1))
        return np.concatenate([along, *(weight * part for part in self._of_responses(self.unit_at(coordinates)))])

    def _of_responses(self, unit: CascadePopulation) -> list[FloatArray]:
        found, pulls = [], unit.pulls
        for k, (mu, sigma, exact) in enumerate(self.responses):
            try:
                if (pulls, k) not in self.states:
                    self.states[pulls, k] = unit.stationary(mu, sigma)[1]
                at = self.states[pulls, k]
                error = np.stack([unit.linear_response(FREQUENCIES, mu, sigma, to, at) for to in TARGETS]) - exact
            except (DomainError, NumericsError):
                error = FAILED * exact
            relative = error / (np.abs(exact).max(axis=1, keepdims=True) * np.sqrt(exact.size))
            found += [relative.real.ravel(), relative.imag.ravel()]
        return [np.nan_to_num(part, nan=FAILED, posinf=FAILED, neginf=-FAILED) for part in found]


def solve_node(
    target: Target, unit: CascadePopulation, records: Sequence[MetRecord], answers: tuple[Response, ...], seed: int
) -> Stage:
    """From the start that fits the responses best, along the drives, too; all parameters at once."""
    free = tuple(unit.parameters)
    still = NodeMisfit(unit, (), free, answers)
    tried = [least_squares_of(still, {**unit.parameters, **start}, TO_START) for start in STARTS if answers]
    start = still.values(min(tried, key=lambda q: q.cost).x) if tried else unit.parameters
    misfit = _misfit(target, unit, records, answers)
    starts = tuple(float(np.sqrt(2.0 * q.cost)) for q in tried)
    return _stage(misfit, least_squares_of(misfit, start, TO_FINISH), starts, seed)


def refine_node(
    target: Target, stage: Stage, records: Sequence[MetRecord], answers: tuple[Response, ...], seed: int
) -> Stage:
    """The fit of before, taken on along more records."""
    misfit = _misfit(target, stage.unit, records, answers)
    return _stage(misfit, least_squares_of(misfit, stage.unit.parameters, TO_REFINE), stage.starts, seed)


def _misfit(
    target: Target, unit: CascadePopulation, records: Sequence[MetRecord], answers: tuple[Response, ...]
) -> NodeMisfit:
    return NodeMisfit(unit, tuple(r.with_step(target, FINE_DT) for r in records), tuple(unit.parameters), answers)


def _stage(misfit: NodeMisfit, solution: OptimizeResult, starts: tuple[float, ...], seed: int) -> Stage:
    if not np.isfinite(solution.cost):
        raise NumericsError(f"populations.{misfit.unit.name}: no start of the fit gave a finite rate")
    return Stage(misfit.unit_at(solution.x), estimates_of(misfit, solution, seed), starts)
