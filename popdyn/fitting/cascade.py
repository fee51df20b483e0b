"""Least-squares fit of a cascade unit to the density rung of one population."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from popdyn.fitting.baselines import baselines
from popdyn.fitting.density_target import AnyDensity, make_target
from popdyn.fitting.domain import training_domain
from popdyn.fitting.intervals import MEANING
from popdyn.fitting.measures import ProtocolError, protocol_error
from popdyn.fitting.protocols import Job, heldout_jobs, training_jobs
from popdyn.fitting.residuals import BIAS_WEIGHT, Record, record
from popdyn.fitting.result import ResponseMisfit, UnitFit
from popdyn.fitting.solve import COARSE_DT, solve
from popdyn.fitting.statics import sample_gain
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.domain import share_outside
from popdyn.rungs.unit import DT, CascadeUnit
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain
from popdyn.types import FloatArray

BAND, FREQUENCIES = (0.5, 300.0), 40
WEIGHTS = (
    "residual = (unit - density) in 5 ms bins over the rms of the density's deviation, each protocol weighing the "
    f"same; beside it {BIAS_WEIGHT:g} times the relative bias of each protocol. Parameters of sigma are fitted after "
    "the others, on protocols that vary sigma"
)


def fit_cascade(
    density: AnyDensity, population: str, *, domain: Domain | None = None, seed: int = 0,
    training: Sequence[Protocol] | None = None, heldout: Sequence[Protocol] | None = None,
) -> UnitFit:  # fmt: skip
    """Fit the cascade unit of one population to `density`: homogeneous or not, with or without escape noise.

    Parameters
    ----------
    domain : range of mu [V/s] and sigma [V/sqrt(s)] it shall hold on; default: what the spec's protocols ask for
    seed : of the random training and held-out inputs
    training, heldout : protocols in place of the generated ones

    Raises NumericsError where the density has no rising f-I curve over the domain, DomainError where it is a network.
    """
    began = time.process_time()
    target = make_target(density, population)
    domain = domain or training_domain(target)
    target = target.over(domain)
    start = _start(target, domain)
    jobs = _jobs(training) or training_jobs(target.population, domain, seed)
    records = [record(target, job, COARSE_DT) for job in jobs]
    start = replace(start, reference_rate=float(np.mean([r.target.mean() for r in records])))
    stage = solve(target, start, records, seed)
    unit = stage.unit
    unseen = [record(target, job, DT) for job in _jobs(heldout) or heldout_jobs(target.population, domain, seed)]
    literature, not_offered = baselines(target, unit, unseen)
    report = UnitFit(
        unit=CascadeUnit(target.network, {population: unit}),
        population=population,
        parameters=stage.estimates,
        domain=domain,
        training=tuple(_error(unit, r.with_step(target, DT)) for r in records),
        heldout=tuple(_error(unit, r) for r in unseen),
        response=response_misfit(target, unit),
        starts=stage.starts,
        interval=MEANING,
        weights=WEIGHTS,
        baselines=literature,
        baselines_not_offered=not_offered,
        fitted_to=target.label,
        seed=seed,
        cpu_s=time.process_time() - began,
    )
    return replace(report, unit=CascadeUnit(target.network, {population: unit}, {population: report.to_dict()}))


def response_misfit(target: Target, unit: CascadePopulation, to: str = "mu") -> ResponseMisfit | None:
    """At the spec's constant drive; None where that lies outside the unit's domain."""
    mu, sigma = target.drive
    if share_outside(unit.domain, np.array([mu]), np.array([sigma])) > 0:
        return None
    frequencies: FloatArray = np.geomspace(*BAND, FREQUENCIES)
    exact = target.response(frequencies, to)
    error = np.abs(unit.linear_response(frequencies, mu, sigma, to) - exact)
    worst = int(np.argmax(error))
    return ResponseMisfit(to, BAND, float(error[worst] / np.abs(exact).max()), float(frequencies[worst]))


def _start(target: Target, domain: Domain) -> CascadePopulation:
    mu, sigma = target.drive
    return CascadePopulation(
        name=target.name,
        C_m=target.C_m,
        adaptation=target.adaptation,
        gain=sample_gain(target, domain),
        parameters=starting_values(len(target.adaptation)),
        reference_rate=target.rest(mu, sigma).rate,
        reference_sigma=sigma,
        domain=domain,
    )


def _jobs(protocols: Sequence[Protocol] | None) -> list[Job]:
    return [Job(protocol, protocol.name) for protocol in protocols or ()]


def _error(unit: CascadePopulation, r: Record) -> ProtocolError:
    return protocol_error(r.job.protocol.name, r.job.doc, r.unit_rate(unit), r.target, r.outside(unit))
