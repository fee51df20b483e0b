"""Least-squares fit of a cascade unit to the density rung of one population."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from popdyn.errors import UsageError
from popdyn.fitting.domain import training_domain
from popdyn.fitting.intervals import MEANING
from popdyn.fitting.measures import ProtocolError, protocol_error
from popdyn.fitting.protocols import Job, heldout_jobs, training_jobs
from popdyn.fitting.residuals import BIAS_WEIGHT, Record, record
from popdyn.fitting.result import ResponseMisfit, UnitFit
from popdyn.fitting.solve import COARSE_DT, solve
from popdyn.fitting.statics import adaptation_of, sample_gain
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.density import Density
from popdyn.rungs.domain import share_outside
from popdyn.rungs.unit import DT, CascadeUnit
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.types import FloatArray

BAND, FREQUENCIES = (0.5, 300.0), 40
WEIGHTS = (
    "residual = (unit - density) in 5 ms bins over the rms of the density's deviation, each protocol weighing the "
    f"same; beside it {BIAS_WEIGHT:g} times the relative bias of each protocol. Parameters of sigma are fitted after "
    "the others, on protocols that vary sigma"
)


def fit_cascade(
    density: Density, population: str, *, domain: Domain | None = None, seed: int = 0,
    training: Sequence[Protocol] | None = None, heldout: Sequence[Protocol] | None = None,
) -> UnitFit:  # fmt: skip
    """Fit the cascade unit of one population to `density`.

    Parameters
    ----------
    domain : range of mu [V/s] and sigma [V/sqrt(s)] it shall hold on; default: what the spec's protocols ask for
    seed : of the random training and held-out inputs
    training, heldout : protocols in place of the generated ones

    Raises NumericsError where the density has no rising f-I curve over the domain.
    """
    began = time.process_time()
    network = density.network
    if population not in network.populations:
        raise UsageError(f"population: got {population!r}; allowed: {', '.join(network.populations)}")
    who = network.populations[population]
    density = _alone(density, population)
    domain = domain or training_domain(density, population)
    start = _start(density, population, domain)
    jobs = _jobs(training) or training_jobs(who, domain, seed)
    records = [record(density, start, job, COARSE_DT) for job in jobs]
    start = replace(start, reference_rate=float(np.mean([r.target.mean() for r in records])))
    stage = solve(density, start, records, seed)
    unit = stage.unit
    unseen = [record(density, unit, job, DT) for job in _jobs(heldout) or heldout_jobs(who, domain, seed)]
    report = UnitFit(
        unit=CascadeUnit(network, {population: unit}),
        population=population,
        parameters=stage.estimates,
        domain=domain,
        training=tuple(_error(unit, r.with_step(density, unit, DT)) for r in records),
        heldout=tuple(_error(unit, r) for r in unseen),
        response=response_misfit(density, unit),
        starts=stage.starts,
        interval=MEANING,
        weights=WEIGHTS,
        fitted_to=f"density ({density.closure})",
        seed=seed,
        cpu_s=time.process_time() - began,
    )
    return replace(report, unit=CascadeUnit(network, {population: unit}, {population: report.to_dict()}))


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


def _alone(density: Density, population: str) -> Density:
    """The same rung for one population of its network: protocols of the fit drive no other."""
    if len(density.network.populations) == 1:
        return density
    network = replace(density.network, populations={population: density.network.populations[population]})
    return Density(network, closure=density.closure, dt=density.dt, domain={population: density.domains[population]})


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


def _jobs(protocols: Sequence[Protocol] | None) -> list[Job]:
    return [Job(protocol, protocol.name) for protocol in protocols or ()]


def _error(unit: CascadePopulation, r: Record) -> ProtocolError:
    return protocol_error(r.job.protocol.name, r.job.doc, r.unit_rate(unit), r.target, r.outside(unit))
