"""What one worker is handed: numbers and arrays of a chunk of the network, no spec and no text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import DomainError, ResourceError
from popdyn.ground_truth import seeds
from popdyn.ground_truth.jobs import Job
from popdyn.ground_truth.time_grid import barrier_shift
from popdyn.neurons import MODELS
from popdyn.spec import Population
from popdyn.stimuli import drive

MAX_DRIVE_BYTES = 2 << 30
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Drive:
    """mu [V/s] without the bias current and sigma [V/sqrt(s)], one value per step or one for all."""

    mu: Array
    sigma: Array


def drives(job: Job) -> dict[str, Drive]:
    """The drive of every population at the midpoints of the steps."""
    driven = {stimulus.population for stimulus in job.protocol.stimuli}
    size = 3 * 8 * job.grid.steps * len(driven)
    if size > MAX_DRIVE_BYTES:
        raise ResourceError(
            f"protocols.{job.protocol.name}: {job.grid.steps} steps of drive need {size / 2**30:.1f} GiB; "
            "shorten the protocol or raise dt"
        )
    return {name: _drive(job, population, name in driven) for name, population in job.network.populations.items()}


def _drive(job: Job, population: Population, driven: bool) -> Drive:
    p = population.neuron.parameters
    if not driven:
        return Drive(np.array([population.noise.mu]), np.array([population.noise.sigma]))
    times = np.clip(job.grid.midpoints(), -job.protocol.transient, job.protocol.duration)
    mu, sigma = drive(population, job.protocol, times)
    return Drive(mu - p["I_e"] / p["C_m"], sigma)


def initial(job: Job, population: Population, block: int) -> tuple[Array, Array]:
    """V [V] below the barrier and w [A] of one group at the start: normal draws, the same for every backend."""
    place = block * len(job.network.populations) + list(job.network.populations).index(population.name)
    rng = np.random.default_rng(seeds.sequence(job.seed, seeds.INITIAL, place))
    size, start = job.block_size(population.name), population.initial
    barrier = population.neuron.parameters[MODELS[population.neuron.model].barrier]
    V = rng.normal(start.V_mean, start.V_std, size)
    w = rng.normal(start.w_mean, start.w_std, size)
    return np.minimum(V, np.nextafter(barrier, -np.inf)), w


def structure(job: Job) -> dict[str, Any]:
    """What a compiled program is made for: models, numbers of neurons, what is recorded; no parameter, no seed."""
    return {
        "plain": True,
        "method": job.method,
        "blocks": job.blocks,
        "places": [(number, 0, job.block_size(name)) for number, name in enumerate(job.network.populations)],
        "traces": job.record.traces,
        "populations": [
            {
                "model": population.neuron.model,
                "block_size": job.block_size(name),
                "refractory": population.neuron.parameters["t_ref"] > 0,
                "noisy": noisy(job, population),
                "poisson": len(population.poisson),
                "spikes": name in job.record.spikes,
            }
            for name, population in job.network.populations.items()
        ],
    }


def noisy(job: Job, population: Population) -> bool:
    """Whether the population has white noise at any time."""
    stimulated = [s for s in job.protocol.stimuli if s.population == population.name and s.target == "sigma"]
    return bool(population.noise.sigma != 0 or stimulated)


def parameters(job: Job, population: Population) -> dict[str, float]:
    """Numbers for the shared variables of model_text.group_text, SI.

    Brian2's dead time is one step short (checked on a deterministic interval), hence t_ref + dt, in whole steps.
    """
    model = MODELS[population.neuron.model]
    p = {parameter.name: population.neuron.parameters[parameter.name] for parameter in model.parameters}
    p["barrier_shift"] = barrier_shift(population, job.dt)
    p["rsqrt_dt"] = job.dt**-0.5
    p["V_limit"] = p[model.barrier] + p.get("Delta_T", 0.0)
    if p["t_ref"] > 0:
        p["dead_time"] = (round(p["t_ref"] / job.dt) + 1) * job.dt
    for source, events in enumerate(population.poisson):
        p |= {f"J_{source}": events.J, f"events_{source}": events.K * events.nu * job.dt}
    return p


def check_barrier(job: Job, by_population: dict[str, Drive]) -> None:
    """The lowered barrier stays above V_reset at every sigma(t) of the protocol."""
    for name, population in job.network.populations.items():
        p = population.neuron.parameters
        lowered = p[MODELS[population.neuron.model].barrier] - p["V_reset"]
        lowered -= barrier_shift(population, job.dt) * float(by_population[name].sigma.max())
        if lowered <= 0:
            raise DomainError(f"populations.{name}: noise of one step of {job.dt:g} s spans V_th - V_reset; lower dt")
