"""Which density rung a network takes: by the noise of its neurons, and whether populations stand alone."""

from __future__ import annotations

from typing import Any

from popdyn.errors import UsageError
from popdyn.neurons import MODELS
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.spec.network import Network
from popdyn.theory.problem import DEFAULT_CLOSURE


def is_coupled(network: Network) -> bool:
    """Whether populations hear each other, Poisson sources, or differ in their neurons."""
    some = any(p.spread or p.poisson for p in network.populations.values())
    return bool(network.connections) or some


def has_escape_noise(network: Network) -> bool:
    """Whether the neurons of all populations fire by a hazard. Raises UsageError where only some do."""
    escape = {name: MODELS[p.neuron.model].escape for name, p in network.populations.items()}
    if len(set(escape.values())) > 1:
        some = ", ".join(name for name, of in escape.items() if of)
        raise UsageError(
            f"populations {some} have escape noise and others have not: the density rung does not mix them yet; "
            "take one kind, or --rung spiking"
        )
    return any(escape.values())


def density_rung(network: Network, **options: Any) -> Density | CoupledDensity | CohortDensity:
    """`CohortDensity` for escape noise; else `Density`, or `CoupledDensity` where `is_coupled` or of finite size.

    Options are theirs; the default closure of the others is that of cohorts, too.
    """
    if has_escape_noise(network):
        if options.get("closure") == DEFAULT_CLOSURE:
            del options["closure"]
        return CohortDensity(network, **options)
    if is_coupled(network) or options.get("finite"):
        return CoupledDensity(network, **options)
    return Density(network, **options)
