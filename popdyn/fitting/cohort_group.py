"""Neurons with escape noise, equal up to frozen variables, as a unit is fitted to them: their cohorts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.spec.network import Population, Protocol
from popdyn.theory.cohort_march import stationary
from popdyn.theory.cohort_response import linear_response
from popdyn.theory.discretisation import Domain
from popdyn.theory.gif_problem import GifProblem
from popdyn.types import ComplexArray, FloatArray


@dataclass(frozen=True)
class CohortGroup:
    """`fitting.target.Group` over the cohorts of one population without connections."""

    density: CohortDensity
    states: dict[tuple[float, float], tuple[float, float]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def population(self) -> Population:
        (population,) = self.density.network.populations.values()
        return population

    def rest(self, mu: float, sigma: float) -> tuple[float, float]:
        if (mu, sigma) not in self.states:
            d = self.density
            at = stationary(self._problem(mu, sigma), dt=d.dt, grid=d.grid, closure=d.closure)
            self.states[mu, sigma] = at.rate, at.V_mean
        return self.states[mu, sigma]

    def rate(self, protocol: Protocol) -> FloatArray:
        rate: FloatArray = self.density.simulate(protocol)["rate"].values[0, :, 0]
        return rate

    def response(self, frequencies: FloatArray, target: str, mu: float, sigma: float) -> ComplexArray:
        d = self.density
        return linear_response(self._problem(mu, sigma), frequencies, target, grid=d.grid, closure=d.closure)

    def over(self, domain: Domain) -> CohortGroup:  # noqa: ARG002  cohorts serve any drive
        return self

    def _problem(self, mu: float, sigma: float) -> GifProblem:
        return replace(self.density.problems[self.population.name], mu=mu, sigma=sigma)
