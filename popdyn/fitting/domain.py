"""The range of input a unit is fitted on, from what the spec asks of it."""

from __future__ import annotations

import math

import numpy as np

from popdyn.fitting.density_target import make_target
from popdyn.fitting.target import Target
from popdyn.rungs.density import Density
from popdyn.rungs.unit import drive_of
from popdyn.spec.network import Network
from popdyn.theory.discretisation import Domain, union
from popdyn.theory.problem import DEFAULT_CLOSURE, input_statistics
from popdyn.types import FloatArray

OU_RANGE = 4.0
"""Standard deviations of a random stimulus, about the spec's constant drive, that belong to the domain."""
SLACK = 0.05
"""Share of the width by which the domain is wider than what the protocols draw."""
LEAST_RELATIVE = 0.6
"""Least half-width of mu over (rate / slope of the f-I curve) at the spec's drive: about 0.4 to 1.6 times its rate."""
LEAST_SIGMA = 0.1
"""Least sigma over that of the spec (of the domain where the spec has none): without noise the density is singular."""
STEP = 1e-3
"""Of the drive, for the slope of the f-I curve."""
CONSTANT = 1e-6


def asked_domain(network: Network, population: str) -> Domain:
    """Range of mu and sigma that the protocols of a spec reach as drawn, and that other draws of their noise would."""
    who = network.populations[population]
    base = np.array(input_statistics(who))
    low, high = base.copy(), base.copy()
    spread = np.zeros(2)
    for protocol in network.protocols.values():
        t: FloatArray = np.arange(-protocol.transient, protocol.duration, 5e-4, dtype=np.float64)
        drawn = np.array(drive_of(who, protocol, t))
        low, high = np.minimum(low, drawn.min(axis=1)), np.maximum(high, drawn.max(axis=1))
        for i, target in enumerate(("mu", "sigma")):
            random = [s for s in protocol.stimuli if (s.population, s.target, s.kind) == (population, target, "ou")]
            spread[i] = max(spread[i], OU_RANGE * math.hypot(0.0, *(s.parameters["std"] for s in random)))
    slack = SLACK * (high - low)
    low, high = np.minimum(low - slack, base - spread), np.maximum(high + slack, base + spread)
    sigma_low = max(low[1], LEAST_SIGMA * (base[1] or high[1]))
    return Domain(float(low[0]), float(high[0]), float(sigma_low), float(high[1]))


def training_domain(target: Target) -> Domain:
    """The asked domain, widened in mu where the spec asks for less than a rate unit is made for."""
    asked = asked_domain(target.network, target.name)
    mu, sigma = target.drive
    rate = target.rest(mu, sigma).rate
    step = STEP * max(abs(mu), sigma)
    slope = (target.rest(mu + step, sigma).rate - rate) / step
    half = LEAST_RELATIVE * rate / slope if slope > 0 else 0.0
    low, high = min(asked.mu_low, mu - half), max(asked.mu_high, mu + half)
    varies = asked.sigma_high - asked.sigma_low > CONSTANT * asked.sigma_high
    return Domain(low, high, *((asked.sigma_low, asked.sigma_high) if varies else (sigma, sigma)))


def density_over_domain(network: Network, closure: str = DEFAULT_CLOSURE) -> Density:
    """A density whose grids serve the protocols and the whole domain that units are fitted on."""
    first = Density(network, closure=closure)
    targets = {name: make_target(first, name) for name in network.populations}
    domains = {name: union(first.domains[name], training_domain(one)) for name, one in targets.items()}
    return first if domains == first.domains else Density(network, closure=closure, domain=domains)
