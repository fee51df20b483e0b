"""Waveforms of a protocol: one file per kind, registered here; the same function of time for truth and every rung."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from popdyn.errors import DomainError, UsageError
from popdyn.parameters import Parameter
from popdyn.stimuli import csv, oscillation, ou, pulse, ramp, step
from popdyn.stimuli.base import TARGET, FloatArray, Span, StimulusKind, Waveform
from popdyn.stimuli.piecewise import piecewise_linear

if TYPE_CHECKING:
    from popdyn.spec.network import Population, Protocol

KINDS: dict[str, StimulusKind] = {
    "step": step.KIND,
    "ramp": ramp.KIND,
    "pulse": pulse.KIND,
    "sine": oscillation.SINE,
    "chirp": oscillation.CHIRP,
    "ou": ou.KIND,
    "csv": csv.KIND,
}

TARGETS = {"mu": "V/s", "sigma": "V/sqrt(s)", "nu": "Hz"}
"""What a stimulus can be added to, and its SI unit."""

LARGEST = {"mu": 1e3, "sigma": 10.0, "nu": 1e6}
"""The largest change of a target, in its SI unit."""


@cache
def on_target(parameter: Parameter, target: str) -> Parameter:
    """The parameter with the unit and the bounds that it has on that target."""
    if parameter.unit != TARGET:
        return parameter
    largest = LARGEST[target]
    return replace(parameter, unit=TARGETS[target], lower=max(parameter.lower, -largest), upper=largest)


def waveforms(protocol: Protocol, population: str, target: str) -> Waveform:
    """The sum of all stimuli on `target` (mu [V/s], sigma [V/sqrt(s)] or nu [1/s]) of a population, from t = 0 on.

    During the transient, t < 0, only `ou` is active. Its draws depend on the protocol's seed and on the stimulus's
    place in the protocol, on nothing else.
    """
    if target not in TARGETS:
        raise UsageError(f"target: got {target!r}; allowed: {', '.join(TARGETS)}")
    parts = []
    for index, stimulus in enumerate(protocol.stimuli):
        if stimulus.population == population and stimulus.target == target:
            span = Span(protocol.duration, protocol.transient, protocol.seed, index)
            parts.append(KINDS[stimulus.kind].make(stimulus.parameters, span))

    def evaluate(t: FloatArray) -> FloatArray:
        return sum((part(t) for part in parts), np.zeros_like(t))

    return Waveform(evaluate, np.unique(np.concatenate([np.empty(0), *(part.breakpoints for part in parts)])))


def drive(population: Population, protocol: Protocol, t: FloatArray) -> tuple[FloatArray, FloatArray]:
    """mu [V/s] and sigma [V/sqrt(s)] of a population's white-noise drive at times t [s]: with I_e, without Poisson.

    Raises DomainError when a random stimulus makes sigma negative.
    """
    p = population.neuron.parameters
    mu = population.noise.mu + p["I_e"] / p["C_m"] + waveforms(protocol, population.name, "mu")(t)
    sigma = population.noise.sigma + waveforms(protocol, population.name, "sigma")(t)
    if np.any(sigma < 0):
        raise DomainError(
            f"protocols.{protocol.name}: sigma of population {population.name} falls to {sigma.min():.3g} V/sqrt(s); "
            "lower the std of its ou stimulus on sigma"
        )
    return mu, sigma


def source_rates(population: Population, protocol: Protocol, t: FloatArray) -> FloatArray:
    """Rates [1/s] of one source of each Poisson drive of a population at times t [s]: (drive, time).

    Raises DomainError when a random stimulus makes one negative.
    """
    change = waveforms(protocol, population.name, "nu")(np.asarray(t, dtype=np.float64))
    rates = np.array([drive.nu for drive in population.poisson]).reshape(-1, 1) + change
    if np.any(rates < 0):
        raise DomainError(
            f"protocols.{protocol.name}: nu of population {population.name} falls to {rates.min():.3g} 1/s; "
            "lower the std of its ou stimulus on nu"
        )
    return rates


__all__ = [
    "KINDS",
    "LARGEST",
    "TARGET",
    "TARGETS",
    "Span",
    "StimulusKind",
    "Waveform",
    "drive",
    "on_target",
    "piecewise_linear",
    "source_rates",
    "waveforms",
]
