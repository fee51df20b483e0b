"""What the nodes of a network of densities meet in it: their drives, from the rates that the densities fire at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from popdyn.kernels import modes_network as kernel
from popdyn.kernels import network
from popdyn.rungs.bank import make_projections
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density_march import source_steps, white_noise
from popdyn.rungs.long_run import constant
from popdyn.rungs.march import StepDrive
from popdyn.rungs.modes_nodes import Group, plain_nodes
from popdyn.spec.network import Protocol

Array = NDArray[np.float64]


class Met(NamedTuple):
    """Under one protocol after its transient: what every node hears, its mean rate (node,), what fires [1/s].

    fired: (population, step), at the ends of steps.
    """

    drives: list[StepDrive]
    rates: Array
    fired: Array


def met_in(density: CoupledDensity, protocols: Mapping[str, Protocol] | None = None) -> list[Met]:
    """At constant drive, and under each of the protocols (default: the spec's), of densities that stand still."""
    density = density.still()
    wanted = [constant(density.network), *(protocols or density.network.protocols).values()]
    return [_met(density, protocol) for protocol in wanted]


def drives_of(group: Group, met: Sequence[Met]) -> list[StepDrive]:
    """What the nodes of a group met, as its own drive."""
    return [
        replace(of_protocol.drives[q], mu=of_protocol.drives[q].mu + drift)
        for of_protocol in met for q, drift in zip(group.members, group.drift, strict=True)
    ]  # fmt: skip


def met_with(density: CoupledDensity, protocol: Protocol, rates: Array) -> list[StepDrive]:
    """What every node hears after the transient while the populations fire rates (population, step) [1/s]."""
    nodes = plain_nodes(density.derivation, density.dt)
    mu, D, restart = white_noise(density.network.populations.values(), protocol, density.dt)
    found = np.zeros((2, len(nodes.weight), mu.shape[1]))
    projections = make_projections(density.derivation.problem, density.dt, 0.0)
    firing = np.concatenate([rates, source_steps(density.network, protocol, density.dt)])
    kernel.listen(nodes, projections, firing, mu, D, density.dt, found)
    after = slice(round(protocol.transient / density.dt), None)
    return [
        StepDrive(found[0, q, after], found[1, q, after], restart[a, after]) for q, a in enumerate(nodes.population)
    ]


def _met(density: CoupledDensity, protocol: Protocol) -> Met:
    run = density.march(protocol)
    rates, first = run.out[:, :, network.RATE], round(protocol.transient / density.dt)
    return Met(met_with(density, protocol, rates), run.node_rates, rates[:, first:])
