"""The fit of a node's unit: responses where the network works give the start, then they and the drives together.

What a network amplifies is what a unit answers to small changes, at the frequencies of its loops and at the drives that
it visits; along the drives alone, many parameters of a unit are not fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.optimize import OptimizeResult

from popdyn.errors import DomainError, NumericsError
from popdyn.fitting.node_target import QUIET, MetRecord
from popdyn.fitting.residuals import FAILED, Misfit
from popdyn.fitting.solve import FASTER_MODE, FINE_DT, KICKED, Stage, estimates_of, least_squares_of
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import about_w
from popdyn.rungs.static_gain import Pull
from popdyn.rungs.unit_response import Point
from popdyn.types import ComplexArray, FloatArray

FREQUENCIES: FloatArray = np.geomspace(1.0, 500.0, 25)  # [1/s]
TARGETS = ("mu", "D")
RESPONSE_WEIGHT = 0.3
"""Of an error of the responses beside one as large along the drives, each relative to its own size."""
STARTS: tuple[Mapping[str, float], ...] = (
    {}, {**FASTER_MODE, **KICKED}, {"tau_sigma": 2e-4, "alpha": 200.0, "omega_ratio": 1.8, "harmonic_damping": 10.0},
)  # fmt: skip
LEAST = 0.005
"""Error below which none is taken to be."""
TO_START, TO_FINISH, TO_REFINE = 40, 25, 12
"""Evaluations of the slopes: of each start, of the fit, and where the drives of the network of units were added."""


Forced = Callable[[CascadePopulation], FloatArray]
"""Errors of the rates in a network with this unit, held near its densities, over the rates' deviations."""


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
    """Residuals along the drives, behind them those of the responses, |dH| over the largest |H| of each, and those of
    the network that is held near its densities; weights of these two beside one drive."""

    responses: tuple[Response, ...] = ()
    weight: float = RESPONSE_WEIGHT
    forced: Forced | None = None
    of_forced: float = 1.0
    states: dict[tuple[tuple[Pull, ...], int], Point] = field(default_factory=dict, compare=False, repr=False)

    def __call__(self, coordinates: FloatArray) -> FloatArray:
        """All residuals."""
        along = super().__call__(coordinates) if self.records else np.zeros(0)
        unit, many = self.unit_at(coordinates), np.sqrt(max(len(self.records), 1))
        in_network = [self.of_forced * many * self.forced(unit)] if self.forced else []
        return np.concatenate([along, self.weight * many * self.of_responses(unit), *in_network])

    def of_responses(self, unit: CascadePopulation) -> FloatArray:
        """Relative errors, real and imaginary parts, whose sum of squares is the mean over the responses."""
        found: list[FloatArray]
        found, pulls = [], unit.pulls
        for k, (mu, sigma, exact) in enumerate(self.responses):
            try:
                if (pulls, k) not in self.states:
                    self.states[pulls, k] = unit.stationary(mu, sigma)[1]
                at = self.states[pulls, k]
                error = np.stack([unit.linear_response(FREQUENCIES, mu, sigma, to, at) for to in TARGETS]) - exact
            except (DomainError, NumericsError):
                error = FAILED * exact
            largest = np.abs(exact).max(axis=1, keepdims=True)
            relative = error / (largest * np.sqrt(exact.size * len(self.responses)))
            found += [relative.real.ravel(), relative.imag.ravel()]
        return np.nan_to_num(np.concatenate([*found, []]), nan=FAILED, posinf=FAILED, neginf=-FAILED)


def solve_node(
    target: Target, unit: CascadePopulation, records: Sequence[MetRecord], answers: tuple[Response, ...], seed: int
) -> Stage:
    """From the start that fits the responses best, along the drives, too; all parameters at once.

    The start keeps what w does in the neuron: responses at a few rates do not tell it from what the modes do.
    """
    still = NodeMisfit(unit, (), tuple(name for name in unit.parameters if not about_w(name)), answers)
    tried = [least_squares_of(still, {**unit.parameters, **start}, TO_START) for start in STARTS if answers]
    best = still.values(min(tried, key=lambda q: q.cost).x) if tried else {}
    misfit = _misfit(target, unit, records, answers)
    starts = tuple(float(np.sqrt(2.0 * q.cost)) for q in tried)
    return _stage(misfit, least_squares_of(misfit, {**unit.parameters, **best}, TO_FINISH), starts, seed)


def refine_node(
    target: Target, stage: Stage, records: Sequence[MetRecord], answers: tuple[Response, ...], forced: Forced, seed: int
) -> Stage:
    """The fit of before, taken on in the network: along each record, of the responses, and of the network that is held
    near its densities, errors over those that it had.

    That is one step towards the likelihood of errors whose size is another along each record and not known: what the
    unit cannot follow counts less, and what it follows well is followed better.
    """
    unit, before = stage.unit, _misfit(target, stage.unit, [replace(r, weight=1.0) for r in records], answers)
    coordinates = np.array([p.encode(unit.parameters[name]) for name, p in unit.fitted.items()])
    sizes = np.maximum([np.linalg.norm(part) for part in before.parts(coordinates)], LEAST)
    typical = float(np.median(sizes))
    of_responses, of_forced = (max(float(np.linalg.norm(x)), LEAST) for x in (before.of_responses(unit), forced(unit)))
    records = [replace(r, weight=typical / size) for r, size in zip(records, sizes, strict=True)]
    misfit = replace(
        _misfit(target, unit, records, answers), weight=RESPONSE_WEIGHT * typical / of_responses, forced=forced,
        of_forced=typical / of_forced,
    )  # fmt: skip
    return _stage(misfit, least_squares_of(misfit, unit.parameters, TO_REFINE), stage.starts, seed)


def _misfit(
    target: Target, unit: CascadePopulation, records: Sequence[MetRecord], answers: tuple[Response, ...]
) -> NodeMisfit:
    return NodeMisfit(unit, tuple(r.with_step(target, FINE_DT) for r in records), tuple(unit.parameters), answers)


def _stage(misfit: NodeMisfit, solution: OptimizeResult, starts: tuple[float, ...], seed: int) -> Stage:
    if not np.isfinite(solution.cost):
        raise NumericsError(f"populations.{misfit.unit.name}: no start of the fit gave a finite rate")
    return Stage(misfit.unit_at(solution.x), estimates_of(misfit, solution, seed), starts)
