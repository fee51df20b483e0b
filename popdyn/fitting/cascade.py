"""Least-squares fit of a cascade unit to the density rung of one population."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from scipy.optimize import OptimizeResult, least_squares

from popdyn.errors import NumericsError, UsageError
from popdyn.fitting.domain import training_domain
from popdyn.fitting.intervals import MEANING, coordinate_spread
from popdyn.fitting.measures import ProtocolError, protocol_error
from popdyn.fitting.protocols import Job, heldout_jobs, training_jobs
from popdyn.fitting.residuals import BIAS_WEIGHT, Misfit, Record, record
from popdyn.fitting.result import Estimate, ResponseMisfit, UnitFit
from popdyn.fitting.statics import adaptation_of, sample_gain
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import FITTED, starting_values
from popdyn.rungs.density import Density
from popdyn.rungs.domain import share_outside
from popdyn.rungs.unit import DT, CascadeUnit
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.types import FloatArray

COARSE_DT, FINE_DT = 5e-4, 2.5e-4
"""Steps of the unit while starts are compared and while the best is finished [s]; errors are reported at DT."""
COARSE_EVALUATIONS, FINE_EVALUATIONS = 15, 15
SPREAD_STARTS = (
    {"alpha": 90.0, "alpha_exponent": 0.8, "kappa_re": 0.1, "kappa_im": 0.2, "kappa_exponent": 0.5, "omega_ratio": 0.7},
)
"""Where a second start differs from the first: a faster, more strongly driven mode."""
BAND, FREQUENCIES = (0.5, 300.0), 40
WEIGHTS = (
    "residual = (unit - density) in 5 ms bins over the rms of the density's deviation, each protocol weighing the "
    f"same; beside it {BIAS_WEIGHT:g} times the relative bias of each protocol"
)


def fit_cascade(
    density: Density, population: str, *, domain: Domain | None = None, seed: int = 0,
    training: list[Protocol] | None = None, heldout: list[Protocol] | None = None,
) -> UnitFit:  # fmt: skip
    """Fit the cascade unit of one population to `density`.

    Parameters
    ----------
    domain : range of mu [V/s] and sigma [V/sqrt(s)] it shall hold on; default: what the spec's protocols reach
    seed : of the random training and held-out inputs
    training, heldout : protocols in place of the generated ones

    Raises DomainError or NumericsError where the density has no increasing f-I curve over the domain.
    """
    began = time.process_time()
    network = density.network
    if population not in density.network.populations:
        raise UsageError(f"population: got {population!r}; allowed: {', '.join(density.network.populations)}")
    density = _alone(density, population)
    who = density.network.populations[population]
    domain = domain or training_domain(density, population)
    unit = _start(density, population, domain)
    jobs = [Job(p, p.name) for p in training] if training else training_jobs(who, domain, seed)
    records = tuple(record(density, unit, job, COARSE_DT) for job in jobs)
    unit = replace(unit, reference_rate=float(np.mean([r.target.mean() for r in records])))
    misfit, solution, starts = _solve(density, unit, records)
    unit = misfit.unit_at(solution.x)
    estimates = _estimates(misfit, solution, seed)
    tests = [Job(p, p.name) for p in heldout] if heldout else heldout_jobs(who, domain, seed)
    report = UnitFit(
        unit=CascadeUnit(network, {population: unit}),
        population=population,
        parameters=estimates,
        domain=domain,
        training=tuple(_error(unit, r.with_step(density, unit, DT)) for r in records),
        heldout=tuple(_error(unit, record(density, unit, job, DT)) for job in tests),
        response=response_misfit(density, unit),
        starts=starts,
        interval=MEANING,
        weights=WEIGHTS,
        fitted_to=f"density ({density.closure})",
        seed=seed,
        cpu_s=0.0,
    )
    report = replace(report, cpu_s=time.process_time() - began)
    return replace(report, unit=CascadeUnit(network, {population: unit}, {population: report.to_dict()}))


def _alone(density: Density, population: str) -> Density:
    """The same rung for one population of its network: protocols of the fit drive no other."""
    if len(density.network.populations) == 1:
        return density
    network = replace(density.network, populations={population: density.network.populations[population]})
    return Density(network, closure=density.closure, dt=density.dt)


def _start(density: Density, population: str, domain: Domain) -> CascadePopulation:
    who = density.network.populations[population]
    mu, sigma = input_statistics(who)
    return CascadePopulation(
        name=population,
        C_m=who.neuron.parameters["C_m"],
        adaptation=adaptation_of(who),
        gain=sample_gain(density, population, domain),
        parameters=starting_values(),
        reference_rate=density.state(population, mu, sigma).rate,
        reference_sigma=sigma,
        domain=domain,
    )


def free_parameters(unit: CascadePopulation) -> tuple[str, ...]:
    """Those that the unit has: no adaptation strength without adaptation, no sigma filter at constant sigma."""
    absent = set()
    if not unit.adaptation:
        absent.add("adaptation_strength")
    if len(unit.gain.rows) == 1:
        absent.add("tau_sigma_ratio")
    return tuple(name for name in FITTED if name not in absent)


def _solve(
    density: Density, unit: CascadePopulation, records: tuple[Record, ...]
) -> tuple[Misfit, OptimizeResult, tuple[float, ...]]:
    """The best of all starts, finished at the fine step; the costs (rms of residuals) that the starts reached."""
    free = free_parameters(unit)
    coarse = Misfit(unit, records, free)
    first = {name: FITTED[name].start for name in free}
    found = [
        _least_squares(coarse, {**first, **change}, COARSE_EVALUATIONS)
        for change in ({}, *({k: v for k, v in s.items() if k in free} for s in SPREAD_STARTS))
    ]
    best = min(found, key=lambda q: q.cost)
    fine = Misfit(unit, tuple(r.with_step(density, unit, FINE_DT) for r in records), free)
    values = {name: FITTED[name].decode(float(x)) for name, x in zip(free, best.x, strict=True)}
    solution = _least_squares(fine, values, FINE_EVALUATIONS)
    if not np.isfinite(solution.cost):
        raise NumericsError(f"populations.{unit.name}: no start of the fit gave a finite rate")
    return fine, solution, tuple(float(np.sqrt(2 * q.cost)) for q in found)


def _least_squares(misfit: Misfit, values: dict[str, float], evaluations: int) -> OptimizeResult:
    parameters = [FITTED[name] for name in misfit.free]
    low, high = (np.array([p.encode(getattr(p, side)) for p in parameters]) for side in ("lower", "upper"))
    start = np.array([p.encode(values[p.name]) for p in parameters])
    inside = np.clip(start, low + 1e-3 * (high - low), high - 1e-3 * (high - low))
    scale = np.array([p.scale for p in parameters])
    return least_squares(
        misfit, inside, bounds=(low, high), x_scale=scale, method="trf", max_nfev=evaluations, ftol=1e-5, xtol=1e-5,
        tr_solver="lsmr",
    )


def _estimates(misfit: Misfit, solution: OptimizeResult, seed: int) -> tuple[Estimate, ...]:
    spread, _ = coordinate_spread(misfit, solution.fun, solution.jac, seed)
    estimates = []
    for name, x, half in zip(misfit.free, solution.x, spread, strict=True):
        p = FITTED[name]
        low, high = p.encode(p.lower), p.encode(p.upper)
        at_bound = min(x - low, high - x) < 1e-2 * p.scale
        wide = half > p.scale
        unit = f"ln {name}" if p.log else name
        reasons = [(at_bound, "at its bound"), (wide, f"interval wider than {p.scale:g} in {unit}")]
        why = "; ".join(text for applies, text in reasons if applies)
        ends = (p.decode(float(np.clip(x - half, low, high))), p.decode(float(np.clip(x + half, low, high))))
        estimates.append(Estimate(name, p.decode(float(x)), *ends, p.unit, p.doc, not (at_bound or wide), why))
    return tuple(estimates)


def _error(unit: CascadePopulation, r: Record) -> ProtocolError:
    return protocol_error(r.job.protocol.name, r.job.doc, r.unit_rate(unit), r.target, r.outside(unit))


def response_misfit(density: Density, unit: CascadePopulation, target: str = "mu") -> ResponseMisfit | None:
    """At the spec's constant drive; None where that lies outside the unit's domain."""
    mu, sigma = input_statistics(density.network.populations[unit.name])
    if share_outside(unit.domain, np.array([mu]), np.array([sigma])) > 0:
        return None
    frequencies: FloatArray = np.geomspace(*BAND, FREQUENCIES)
    exact = density.linear_response(frequencies, population=unit.name, target=target)
    error = np.abs(unit.linear_response(frequencies, mu, sigma, target) - exact)
    worst = int(np.argmax(error))
    return ResponseMisfit(target, BAND, float(error[worst] / np.abs(exact).max()), float(frequencies[worst]))
