"""The target of one population from the density rung of its network: which groups it is made of, what adapts in it."""

from __future__ import annotations

from dataclasses import replace

from popdyn.errors import DomainError, UsageError
from popdyn.fitting.cohort_group import CohortGroup
from popdyn.fitting.diffusion_group import DiffusionGroup
from popdyn.fitting.target import Target
from popdyn.neurons import MODELS
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.static_gain import AdaptationVariable
from popdyn.spec.network import Network, Population
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import traces
from popdyn.theory.heterogeneity import at_node

AnyDensity = Density | CoupledDensity | CohortDensity | CohortNodes | MixedDensity

NODE_DT = 2e-4
"""Step of the density of a node [s]: many march; its error is a twentieth of what a unit is judged by."""


def make_target(density: AnyDensity, name: str) -> Target:
    """What a unit of population `name` is fitted to.

    Raises UsageError where there is no such population, DomainError where it hears others.
    """
    network = density.network
    if name not in network.populations:
        raise UsageError(f"population: got {name!r}; allowed: {', '.join(network.populations)}")
    if network.connections or isinstance(density, MixedDensity):
        raise DomainError(
            "a unit is fitted to a population that stands alone; got a network, or kinds of neurons that mix"
        )
    population = network.populations[name]
    groups = _groups(density, name)
    label = f"density ({groups[0][1].density.closure})"
    return Target(network, name, label, adaptation_of(population), tuple(groups))


def _groups(density: AnyDensity, name: str) -> list[tuple[float, CohortGroup]] | list[tuple[float, DiffusionGroup]]:
    network, population = density.network, density.network.populations[name]
    if isinstance(density, CohortNodes):
        return [(m.weight, CohortGroup(m.rung)) for m in density.members if m.population == name]
    if isinstance(density, CohortDensity):
        alone = CohortDensity(_alone(network, population), closure=density.closure, dt=density.dt)
        return [(1.0, CohortGroup(alone))]
    if isinstance(density, Density):
        if len(network.populations) > 1:
            domain = {name: density.domains[name]}
            density = Density(_alone(network, population), closure=density.closure, dt=density.dt, domain=domain)
        return [(1.0, DiffusionGroup(density))]
    nodes = density.derivation.rules[name].nodes
    made = [(node.weight, _alone(network, at_node(population, node))) for node in nodes]
    return [(w, DiffusionGroup(Density(one, closure=density.closure, dt=NODE_DT))) for w, one in made]


def _alone(network: Network, population: Population) -> Network:
    return replace(network, populations={population.name: population}, connections=())


def adaptation_of(population: Population) -> tuple[AdaptationVariable, ...]:
    """The adaptation ODEs of a population at the centre of its spread, one per time constant; none where all are zero.

    A moving threshold counts as the current g_L q_sfa that has the same effect on V - V_th at rest.
    """
    p = population.neuron.parameters
    if MODELS[population.neuron.model].escape:
        problem = gif_problem(replace(population, spread={}, correlations=()))
        scale, g_L = problem.scale, p["g_L"]
        return tuple(
            AdaptationVariable(0.0, scale * (q_stc + g_L * q_sfa), tau, 0.0, q_stc / (q_stc + g_L * q_sfa))
            for tau, q_sfa, q_stc in traces(problem)
        )
    if not (p.get("a", 0.0) or p.get("b", 0.0)):
        return ()
    return (AdaptationVariable(p["a"], p["b"], p["tau_w"], p["E_w"]),)
