"""What a unit is fitted to: the derived rung of one population, as a mixture of groups of equal neurons.

    rate = sum_k weight_k rate_k,   V_mean = sum_k weight_k V_mean_k

A homogeneous population is one group; a heterogeneous one has a group for each node of its quadrature, each driven by
what the protocol adds to the drive of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import numpy as np

from popdyn.rungs.static_gain import AdaptationVariable
from popdyn.spec.network import Network, Population
from popdyn.spec.network import Protocol as StimulusProtocol
from popdyn.theory.discretisation import Domain
from popdyn.theory.problem import input_statistics
from popdyn.types import ComplexArray, FloatArray


class Rest(NamedTuple):
    """Stationary rate [1/s] and mean potential [V], refractory neurons included."""

    rate: float
    V_mean: float


class Group(Protocol):
    """Equal neurons (up to frozen variables) without connections."""

    @property
    def population(self) -> Population:
        """The homogeneous population of the group."""
        ...

    def rest(self, mu: float, sigma: float) -> tuple[float, float]:
        """Rate [1/s] and mean potential [V] at a constant drive [V/s], [V/sqrt(s)], else NumericsError."""
        ...

    def rate(self, protocol: StimulusProtocol) -> FloatArray:
        """Rate [1/s] on 1 ms bins from -transient to duration."""
        ...

    def response(self, frequencies: FloatArray, target: str, mu: float, sigma: float) -> ComplexArray:
        """d rate/d mu [1/V] or d rate/d D [s/V^2] at a constant drive; frequencies [1/s]."""
        ...

    def over(self, domain: Domain) -> Group:
        """The same group, numerics good for drives over the domain."""
        ...


@dataclass(frozen=True)
class Target:
    """A population in the words of its spec, and the groups that it is made of."""

    network: Network
    name: str
    label: str
    adaptation: tuple[AdaptationVariable, ...]
    groups: tuple[tuple[float, Group], ...]

    @property
    def population(self) -> Population:
        return self.network.populations[self.name]

    @property
    def drive(self) -> tuple[float, float]:
        """mu [V/s] and sigma [V/sqrt(s)] of the spec."""
        return input_statistics(self.population)

    @property
    def C_m(self) -> float:
        return float(self.population.neuron.parameters["C_m"])

    def rest(self, mu: float, sigma: float) -> Rest:
        """At the population's constant drive mu [V/s], sigma [V/sqrt(s)]."""
        found = [(weight, group.rest(*self._own(group, mu, sigma))) for weight, group in self.groups]
        return Rest(sum(w * rate for w, (rate, _) in found), sum(w * V for w, (_, V) in found))

    def rate(self, protocol: StimulusProtocol) -> FloatArray:
        """Rate [1/s] on 1 ms bins from -transient to duration."""
        return self._sum(lambda group: group.rate(protocol))

    def response(
        self, frequencies: FloatArray, target: str = "mu", mu: float | None = None, sigma: float | None = None
    ) -> ComplexArray:
        """d rate/d mu [1/V] or d rate/d D [s/V^2] at a constant drive, by default the spec's; frequencies [1/s]."""
        at = self.drive if mu is None or sigma is None else (mu, sigma)
        parts = [w * group.response(frequencies, target, *self._own(group, *at)) for w, group in self.groups]
        return np.asarray(sum(parts[1:], parts[0]))

    def over(self, domain: Domain) -> Target:
        """The same target, numerics good for drives over the domain."""
        made = []
        for weight, group in self.groups:
            low = self._own(group, domain.mu_low, domain.sigma_low)
            high = self._own(group, domain.mu_high, domain.sigma_high)
            made.append((weight, group.over(Domain(low[0], high[0], low[1], high[1]))))
        return replace(self, groups=tuple(made))

    def _own(self, group: Group, mu: float, sigma: float) -> tuple[float, float]:
        """The group's drive where the population's is mu, sigma."""
        centre, own = self.drive, input_statistics(group.population)
        return mu + own[0] - centre[0], max(sigma + own[1] - centre[1], 0.0)

    def _sum(self, of: Callable[[Group], FloatArray]) -> FloatArray:
        parts = [weight * of(group) for weight, group in self.groups]
        return np.asarray(sum(parts[1:], parts[0]))
