"""Which density rung a network takes: by the noise of its neurons, and whether populations stand alone."""

from __future__ import annotations

from typing import Any

from popdyn.errors import DomainError
from popdyn.neurons import MODELS
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_modes import CohortModes, derive_cohort_modes
from popdyn.rungs.cohort_nodes import CohortNodes, cohort_rung
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.modes import Modes, derive_modes
from popdyn.spec.network import Network
from popdyn.theory.problem import DEFAULT_CLOSURE


def is_coupled(network: Network) -> bool:
    """Whether populations hear each other, Poisson sources, or differ in their neurons."""
    some = any(p.spread or p.poisson for p in network.populations.values())
    return bool(network.connections) or some


def has_escape_noise(network: Network) -> bool:
    """Whether the neurons of all populations fire by a hazard."""
    return all(MODELS[p.neuron.model].escape for p in network.populations.values())


def is_mixed(network: Network) -> bool:
    """Whether the neurons of some populations fire by a hazard, and of others by a threshold."""
    return len({MODELS[p.neuron.model].escape for p in network.populations.values()}) > 1


def density_rung(
    network: Network, **options: Any
) -> Density | CoupledDensity | CohortDensity | CohortNodes | MixedDensity:
    """`CohortDensity` for escape noise, `MixedDensity` where only some populations have it; else `Density`, or
    `CoupledDensity` where `is_coupled` or of finite size.

    `CohortNodes` where escape noise meets a spread that is no frozen variable, or, without connections, a skewed one.
    Options are theirs; the default closure of the others is that of cohorts, too.
    """
    if is_mixed(network):
        return MixedDensity(network, **options)
    if has_escape_noise(network):
        if options.get("closure") == DEFAULT_CLOSURE:
            del options["closure"]
        return cohort_rung(network, **options)
    if is_coupled(network) or options.get("finite"):
        return CoupledDensity(network, **options)
    return Density(network, **options)


def modes_rung(
    network: Network, *, tolerance: float = 0.005, seed: int = 0, modes: int | None = None, **options: Any
) -> Modes | CohortModes:
    """Modes of uncoupled populations: `CohortModes` for escape noise, else `Modes`; options are their density's.

    Raises DomainError where neither serves: connections, mixed kinds of neurons, spreads that need nodes.
    """
    density = density_rung(network, **options)
    if isinstance(density, CohortDensity):
        return derive_cohort_modes(density, tolerance=tolerance, seed=seed, modes=modes)
    if isinstance(density, Density):
        return derive_modes(density, tolerance=tolerance, seed=seed, modes=modes)
    raise DomainError(
        "modes: populations are coupled, of both kinds of neurons, or spread in what needs nodes; allowed: populations "
        "alone; take --rung density"
    )
