"""Does a protocol drive a population's sigma below zero?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from popdyn.quantities import format_quantity
from popdyn.spec.network import Population, Protocol
from popdyn.spec.section import Section, show_key
from popdyn.stimuli import KINDS, Span, piecewise_linear


def check_sigma(protocol: Protocol, populations: Mapping[str, Population], section: Section) -> bool:
    """Reports populations whose sigma can get negative, or zero without Poisson drive; random stimuli are left out.

    Exact for piecewise-linear stimuli and for one oscillation at a time; overlapping oscillations are taken at their
    lowest together.
    """
    span = Span(protocol.duration, protocol.transient)
    before = len(section.faults)
    for name, population in populations.items():
        knots = [
            lowest(stimulus.parameters, span)
            for stimulus in protocol.stimuli
            if stimulus.population == name
            and stimulus.target == "sigma"
            and (lowest := KINDS[stimulus.kind].lowest) is not None
        ]
        if not knots:
            continue
        times = np.unique(np.concatenate([k[0] for k in knots]))
        probes = np.concatenate([times, times - 1e-9, times + 1e-9, [protocol.duration]])
        probes = probes[(probes >= 0) & (probes <= protocol.duration)]
        sigma = population.noise.sigma + np.sum([piecewise_linear(*k)(probes) for k in knots], axis=0)
        worst = int(np.argmin(sigma))
        negligible = 1e-6 * max(population.noise.sigma, 1e-6)
        if sigma[worst] < -negligible or (sigma[worst] < negligible and not population.poisson):
            got = f"{format_quantity(float(sigma[worst]), 'V/sqrt(s)', digits=4)} at {probes[worst] * 1e3:.6g} ms"
            got = f"sigma of population {show_key(name)} can fall to {got}"
            section.fault("stimulus", got, "sigma above 0", "lower the amplitude")
    return len(section.faults) == before
