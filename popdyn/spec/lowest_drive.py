"""Does a protocol drive a population's sigma, or the rate of its Poisson sources, below zero?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from popdyn.neurons import MODELS
from popdyn.quantities import format_quantity
from popdyn.spec.network import Population, Protocol
from popdyn.spec.section import Section, show_key
from popdyn.stimuli import KINDS, TARGETS, Span, piecewise_linear

TAIL = 1e-3
"""sigma that differs between neurons counts at this quantile."""


def check_drive(protocol: Protocol, populations: Mapping[str, Population], section: Section) -> bool:
    """Reports populations whose sigma can get negative, or zero without Poisson drive, or whose nu can get negative.

    Exact for piecewise-linear stimuli and for one oscillation at a time; overlapping oscillations are taken at their
    lowest together; random stimuli are left out.
    """
    before = len(section.faults)
    for population in populations.values():
        _check_sigma(protocol, population, section)
        _check_nu(protocol, population, section)
    return len(section.faults) == before


def _check_sigma(protocol: Protocol, population: Population, section: Section) -> None:
    spread = population.spread.get("sigma")
    own = population.noise.sigma if spread is None else float(spread.quantile(TAIL))
    found = _lowest(protocol, population.name, "sigma")
    negligible = 1e-6 * max(own, 1e-6)
    needed = not (population.poisson or MODELS[population.neuron.model].escape)
    if found is not None and (own + found[0] < -negligible or (own + found[0] < negligible and needed)):
        _fault(section, population, "sigma", own + found[0], found[1], "sigma above 0")


def _check_nu(protocol: Protocol, population: Population, section: Section) -> None:
    found = _lowest(protocol, population.name, "nu")
    own = min((drive.nu for drive in population.poisson), default=0.0)
    if not population.poisson and any(s.population == population.name and s.target == "nu" for s in protocol.stimuli):
        got = f"a stimulus on nu of population {show_key(population.name)}, which has no Poisson drive"
        section.fault("stimulus", got, "a population with [[populations.NAME.poisson]]", "drive mu instead")
    elif found is not None and own + found[0] < -1e-6 * own:
        _fault(section, population, "nu", own + found[0], found[1], "nu of at least 0")


def _fault(section: Section, population: Population, target: str, value: float, at: float, allowed: str) -> None:
    got = f"{format_quantity(value, TARGETS[target], digits=4)} at {at * 1e3:.6g} ms"
    got = f"{target} of population {show_key(population.name)} can fall to {got}"
    section.fault("stimulus", got, allowed, "lower the amplitude")


def _lowest(protocol: Protocol, population: str, target: str) -> tuple[float, float] | None:
    """The lowest sum of the stimuli on a target and when; None where there are none."""
    span = Span(protocol.duration, protocol.transient)
    knots = [
        lowest(stimulus.parameters, span)
        for stimulus in protocol.stimuli
        if stimulus.population == population
        and stimulus.target == target
        and (lowest := KINDS[stimulus.kind].lowest) is not None
    ]
    if not knots:
        return None
    times = np.unique(np.concatenate([k[0] for k in knots]))
    probes = np.concatenate([times, times - 1e-9, times + 1e-9, [protocol.duration]])
    probes = probes[(probes >= 0) & (probes <= protocol.duration)]
    total = np.sum([piecewise_linear(*k)(probes) for k in knots], axis=0)
    worst = int(np.argmin(total))
    return float(total[worst]), float(probes[worst])
