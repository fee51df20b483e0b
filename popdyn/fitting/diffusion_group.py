"""Equal integrate-and-fire neurons with white noise, as a unit is fitted to them: their one-dimensional density."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from popdyn.errors import NumericsError
from popdyn.rungs.density import Density
from popdyn.spec.network import Population, Protocol
from popdyn.theory.discretisation import Domain, union
from popdyn.theory.hierarchy import StationaryState, linear_response
from popdyn.types import ComplexArray, FloatArray

MAX_DETOURS = 3
DIGITS = 9
"""Drives nearer than 1e-9 V/s are one."""


@dataclass(frozen=True)
class DiffusionGroup:
    """`fitting.target.Group` over the density rung of one population; stationary states found from their neighbours."""

    density: Density
    states: dict[tuple[float, float], StationaryState] = field(default_factory=dict, compare=False, repr=False)

    @property
    def population(self) -> Population:
        (population,) = self.density.network.populations.values()
        return population

    @property
    def domain(self) -> Domain:
        return self.density.domains[self.population.name]

    def rest(self, mu: float, sigma: float) -> tuple[float, float]:
        state = self._state(mu, sigma)
        return state.rate, state.V_mean

    def rate(self, protocol: Protocol) -> FloatArray:
        rate: FloatArray = self.density.simulate(protocol)["rate"].values[0, :, 0]
        return rate

    def response(self, frequencies: FloatArray, target: str, mu: float, sigma: float) -> ComplexArray:
        name = self.population.name
        h = self.density.problems[name].hierarchy(self.density.closure)
        operator = self.density.grids[name].operator
        return linear_response(operator, h, self._state(mu, sigma), 2 * np.pi * frequencies, target)

    def over(self, domain: Domain) -> DiffusionGroup:
        wide = union(self.domain, domain)
        if wide == self.domain:
            return self
        d = self.density
        return DiffusionGroup(Density(d.network, closure=d.closure, dt=d.dt, domain={self.population.name: wide}))

    def _state(self, mu: float, sigma: float) -> StationaryState:
        def find(at: float, near: StationaryState | None) -> StationaryState:
            return self.density.state(self.population.name, at, sigma, near)

        return followed(self.states, mu, sigma, find)


def followed(
    states: dict[tuple[float, float], StationaryState], mu: float, sigma: float,
    find: Callable[[float, StationaryState | None], StationaryState], depth: int = 0,
) -> StationaryState:  # fmt: skip
    """From the nearest state of this sigma; where Newton's method fails from there, by way of the middle.

    `find`(mu, near); what it found is kept in `states`.
    """
    key = (round(mu, DIGITS), sigma)
    if key in states:
        return states[key]
    row = [m for m, s in states if s == sigma]
    nearest = min(row, key=lambda m: abs(m - mu)) if row else None
    near = None if nearest is None else states[nearest, sigma]
    try:
        states[key] = find(key[0], near)
    except NumericsError:
        if nearest is None or depth == MAX_DETOURS:
            raise
        near = followed(states, 0.5 * (mu + nearest), sigma, find, depth + 1)
        states[key] = find(key[0], near)
    return states[key]
