"""Fit of a simple rate unit to a rung's answers to generated protocols, or to rates that are at hand."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from popdyn.errors import UsageError
from popdyn.fitting.coordinates import coordinates_of
from popdyn.fitting.density_target import make_target
from popdyn.fitting.domain import asked_domain, training_domain
from popdyn.fitting.measures import ProtocolError, protocol_error
from popdyn.fitting.protocols import heldout_jobs, training_jobs
from popdyn.fitting.rate_misfit import RateMisfit
from popdyn.fitting.rate_response import response_error
from popdyn.fitting.rate_result import RateFit
from popdyn.fitting.rate_solve import calibration_of, estimates, solve, start_matters
from popdyn.fitting.rate_starts import Guess, default_hint, starting_units
from popdyn.fitting.rate_target import RateTarget, steps_of, target_of
from popdyn.rungs.density import Density
from popdyn.rungs.domain import share_outside
from popdyn.rungs.families import FAMILIES, of_unit
from popdyn.rungs.rate_population import RatePopulation
from popdyn.rungs.rate_unit import RateUnit
from popdyn.rungs.unit import DT
from popdyn.spec.network import Network, Population
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.types import DerivedRung

DENSITY_BLOCK = 0.5
"""Blocks of a density's misfit [s]: several correlation times of the slow input."""
MOST_VARIABLES = 8


@dataclass(frozen=True)
class Shape:
    """What is fitted: family, number of adaptation variables, whether the time constant follows the rate."""

    family: str
    adaptation: int
    varying_tau: bool = False

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise UsageError(f"family: got {self.family!r}; allowed: {', '.join(FAMILIES)}")
        if not 0 <= self.adaptation <= MOST_VARIABLES:
            raise UsageError(f"adaptation: got {self.adaptation}; allowed: 0 to {MOST_VARIABLES}")

    def empty(self, name: str, domain: Domain, mu: float, sigma: float, start: float) -> RatePopulation:
        """The unit without values; half of its domain is the scale of its drive."""
        varying_sigma = domain.sigma_high > domain.sigma_low
        names = of_unit(
            FAMILIES[self.family], self.adaptation, varying_tau=self.varying_tau, varying_sigma=varying_sigma
        )
        half, values = 0.5 * (domain.mu_high - domain.mu_low), {p.name: 1.0 for p in names}
        return RatePopulation(name, self.family, values, self.adaptation, half, mu, sigma, domain, start)


def fit_to_rung(
    rung: DerivedRung, network: Network, population: str, shape: Shape, *, domain: Domain | None = None, seed: int = 0
) -> RateFit:
    """Fit to a density rung over a domain (default: what the spec's protocols ask for).

    Raises UsageError where no protocol moves the drive and the rung cannot say how far it should be moved.
    """
    began = time.process_time()
    who, domain = _who(network, population), domain or _domain(rung, network, population)
    if not domain.mu_high > domain.mu_low:
        raise UsageError(f"populations.{population}: no protocol moves mu; allowed: a spec with one, or a domain")
    training = [target_of(rung, who, job) for job in training_jobs(who, domain, seed)]
    heldout = [target_of(rung, who, job) for job in heldout_jobs(who, domain, seed)]
    empty = shape.empty(population, domain, *input_statistics(who), adaptation_start(who))
    fit = fit_to_targets(empty, training, heldout, noisy=False, hint=_hint(who, shape), seed=seed, fitted_to=rung.name)
    made = RateUnit(network, fit.unit.units)
    targets = ("mu", "D") if empty.varying_sigma else ("mu",)
    response = tuple(response_error(rung, made, population, target) for target in targets)
    return _finished(replace(fit, unit=made, response=response), began)


def fit_to_targets(
    empty: RatePopulation, training: Sequence[RateTarget], heldout: Sequence[RateTarget], *, noisy: bool,
    free_start: bool = False, hint: Guess | None = None, seed: int = 0, fitted_to: str = "rates",
) -> RateFit:  # fmt: skip
    """Fit to drives and rates. `empty`: the unit whose values are looked for. `noisy`: residuals are noise.

    free_start: the rate at which adaptation began is fitted, too, where the data see it; else it stays that of `empty`.
    """
    began = time.process_time()
    rate_scale = max(float(np.max(t.rate)) for t in training)
    space = coordinates_of(empty, rate_scale, free_start=free_start and empty.adaptation > 0)
    misfit = RateMisfit(empty, space, tuple(training))
    solution = solve(misfit, starting_units(empty, training, rate_scale, hint or default_hint(empty, rate_scale)))
    block = None if noisy else max(1, round(DENSITY_BLOCK / training[0].bin))
    calibration, blocks = calibration_of(solution, block)
    if misfit.free_start and not start_matters(solution, calibration):
        fixed = replace(misfit, coordinates=coordinates_of(empty, rate_scale))
        again = solve(fixed, [replace(solution.unit, start=empty.start)])
        solution = replace(again, starts=solution.starts)
        calibration, blocks = calibration_of(solution, block)
    unit = solution.unit
    fit = RateFit(
        unit=RateUnit(None, {unit.name: unit}),
        population=unit.name,
        family=unit.family,
        parameters=estimates(solution, calibration, blocks.used, noisy=noisy, seed=seed),
        domain=unit.domain,
        training=tuple(error_of(unit, t) for t in training),
        heldout=tuple(error_of(unit, t) for t in heldout),
        response=(),
        starts=solution.starts,
        noisy=noisy,
        block=blocks.used * training[0].bin,
        block_wanted=blocks.wanted * training[0].bin,
        fitted_to=fitted_to,
        seed=seed,
        cpu_s=0.0,
    )
    return _finished(fit, began)


def error_of(unit: RatePopulation, t: RateTarget) -> ProtocolError:
    """Of the unit at the step of its rung."""
    ratio = -(-steps_of(t.bin, DT) // t.steps_per_bin)
    mu, sigma = (np.repeat(x, ratio) for x in (t.mu, t.sigma))
    rate = unit.integrate(mu, sigma, dt=t.dt / ratio, steps_per_bin=t.steps_per_bin * ratio)
    scored = slice(t.first * t.steps_per_bin, (t.first + t.bins) * t.steps_per_bin)
    outside = share_outside(unit.domain, t.mu[scored], t.sigma[scored])
    return protocol_error(t.name, t.doc, rate[t.first : t.first + t.bins], t.rate, outside)


def with_network(fit: RateFit, network: Network) -> RateFit:
    """The same fit of a unit that knows its spec."""
    return replace(fit, unit=replace(fit.unit, network=network))


def _finished(fit: RateFit, began: float) -> RateFit:
    """With its cost, and its report in the model."""
    fit = replace(fit, cpu_s=time.process_time() - began)
    return replace(fit, unit=replace(fit.unit, fits={fit.population: fit.to_dict()}))


def _who(network: Network, population: str) -> Population:
    if population not in network.populations:
        raise UsageError(f"population: got {population!r}; allowed: {', '.join(network.populations)}")
    return network.populations[population]


def _domain(rung: DerivedRung, network: Network, population: str) -> Domain:
    return (
        training_domain(make_target(rung, population))
        if isinstance(rung, Density)
        else asked_domain(network, population)
    )


def adaptation_start(population: Population) -> float:
    """The rate whose adaptation current is the spec's initial mean w [1/s]."""
    p = population.neuron.parameters
    jump = p.get("b", 0.0) * p.get("tau_w", 0.0)
    return max(population.initial.w_mean / jump, 0.0) if jump > 0 else 0.0


def _hint(population: Population, shape: Shape) -> Guess | None:
    """Adaptation as the neuron's own, for a neuron with one adaptation current and a unit with one variable."""
    p = population.neuron.parameters
    if shape.adaptation != 1 or not p.get("b", 0.0):
        return None
    return Guess(0.01, (p["b"] * p["tau_w"] / p["C_m"],), (p["tau_w"],))
