"""Which density rung a network takes: alone-standing homogeneous populations march one by one."""

from __future__ import annotations

from typing import Any

from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.spec.network import Network


def is_coupled(network: Network) -> bool:
    """Whether populations hear each other, Poisson sources, or differ in their neurons."""
    some = any(p.spread or p.poisson for p in network.populations.values())
    return bool(network.connections) or some


def density_rung(network: Network, **options: Any) -> Density | CoupledDensity:
    """`Density`, or `CoupledDensity` where `is_coupled` or finite size is asked for; options are theirs."""
    if is_coupled(network) or options.get("finite"):
        return CoupledDensity(network, **options)
    return Density(network, **options)
