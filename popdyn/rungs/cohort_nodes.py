"""The density rung of uncoupled escape-noise populations whose spreads need nodes: one set of cohorts for each node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import DomainError
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.population_nodes import moves
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Population, Protocol
from popdyn.theory.gif_nodes import TOLERANCE, Spread, charge_scale, choose_spread, needs_nodes
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.heterogeneity import Quadrature, at_node
from popdyn.types import Progress

Array = NDArray[np.float64]
DRIVES = 3  # of the protocols' mu, that frozen variables are judged at


@dataclass(frozen=True)
class Member:
    """One node: its population, its share of that, and its cohorts."""

    population: str
    weight: float
    rung: CohortDensity


class CohortNodes:
    """Uncoupled populations of escape-noise neurons, heterogeneous in what is no frozen variable or is strongly skewed.

    Parameters
    ----------
    network : resolved spec without connections, all of whose populations have escape noise
    tolerance : that nodes or frozen variables are chosen for
    spreads : how each heterogeneous population is taken; default: `theory.gif_nodes.choose_spread`
    finite : populations have their size, shared among the nodes in whole neurons
    progress : called with (fraction, message)
    options : of `CohortDensity`

    `rules`: the quadrature of every population that has one, with its estimated error; `problems`: of heaviest nodes.

    Raises
    ------
    DomainError : populations are connected

    Valid when
    ----------
    A rule of degree 5 serves the spread: `rules[name].error` is small. Nodes are as valid as `CohortDensity`.
    """

    name = "density"

    def __init__(
        self, network: Network, *, finite: bool = False, tolerance: float = TOLERANCE,
        spreads: Mapping[str, Spread] | None = None, progress: Progress | None = None, **options: Any,
    ) -> None:  # fmt: skip
        refuse_connected(network, list(network.populations))
        self.network, self.finite, self.progress, self.options = network, finite, progress, options
        self.spreads = choose_spreads(network, tolerance) if spreads is None else spreads
        self.rules: dict[str, Quadrature] = {name: s.rule for name, s in self.spreads.items() if s.nodes}
        self.members: list[Member] = []
        for name, population in network.populations.items():
            for weight, scale, one in _nodes(population, self.rules.get(name), finite):
                alone = replace(network, populations={name: one})
                rung = CohortDensity(alone, finite=finite, scale=scale, **options)
                self.members.append(Member(name, weight, rung))
        first = self.members[0].rung
        self.settings = {**first.settings, "tolerance": tolerance}
        self.closure = self.cohort_closure = first.closure
        self.dt, self.shot_noise, self.heard = first.dt, first.shot_noise, first.heard
        shown = {name: self.of(name)[0].rung for name in network.populations}
        self.problems = {name: rung.problems[name] for name, rung in shown.items()}
        self.grid = max((m.rung.grid for m in self.members), key=lambda grid: grid.history)

    def like(self, **changed: Any) -> CohortNodes:
        """The same with other options; its choice of nodes stays."""
        kept = {"finite": self.finite, "tolerance": self.settings["tolerance"], "spreads": self.spreads}
        return CohortNodes(self.network, **{**kept, **self.options, **changed})

    def of(self, name: str) -> list[Member]:
        """The nodes of one population, the heaviest first."""
        return sorted((m for m in self.members if m.population == name), key=lambda m: -m.weight)

    def working_point(self) -> dict[str, tuple[GifProblem, Array]]:
        """As `CohortDensity.working_point`, of the heaviest node of every population."""
        return {name: self.of(name)[0].rung.working_point()[name] for name in self.network.populations}

    def rates(self) -> dict[str, float]:
        """Long-run mean rate of each population at constant drive [1/s]."""
        found = dict.fromkeys(self.network.populations, 0.0)
        for m in self.members:
            found[m.population] += m.weight * m.rung.rates()[m.population]
        return found

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins, as `CohortDensity.simulate`; each node draws numbers of its own."""
        seeds = np.random.SeedSequence(seed).generate_state(len(self.members))
        made, parts = [], []
        for m, own_seed in zip(self.members, seeds, strict=True):
            made.append(m.rung.simulate(protocol, seed=int(own_seed)))
            if self.progress is not None:
                self.progress(len(made) / len(self.members), "marching the nodes")
        for name in self.network.populations:
            own = [(m.weight, one) for m, one in zip(self.members, made, strict=True) if m.population == name]
            parts.append(sum((weight * one for weight, one in own[1:]), own[0][0] * own[0][1]))
        dataset = xr.concat(parts, "population")[list(made[0].data_vars)].transpose(*made[0]["rate"].dims)
        for kind, variable in dataset.data_vars.items():
            variable.attrs.update(made[0][kind].attrs)
        dataset.attrs = made[0].attrs | {
            "spec_hash": under_protocol(self.network, self.network.protocol(protocol)).spec_hash, "seed": seed,
            "mass_error": max(one.attrs["mass_error"] for one in made), "nodes": len(self.members),
        }  # fmt: skip
        dataset.encoding["cpu_s"] = sum(one.encoding["cpu_s"] for one in made)
        return dataset

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D of one population, as `CohortDensity.linear_response`."""
        own = [m for m in self.members if m.population == population]
        found = [m.weight * m.rung.linear_response(frequencies, population=population, target=target) for m in own]
        return np.asarray(sum(found[1:], found[0]))

    def equations(self) -> str:
        """The equations of every node with its share of the population."""
        parts = []
        for name, spread in self.spreads.items():
            parts.append(f"population {name}: {spread.words}\n")
        parts += [f"weight {m.weight:.6g}\n{m.rung.equations()}\n" for m in self.members]
        return "\n".join(parts)


def refuse_connected(network: Network, populations: Sequence[str]) -> None:
    """DomainError where populations that need nodes are connected."""
    if network.connections and populations:
        raise DomainError(
            f"populations.{populations[0]}: spread of parameters other than thresholds, drives, resets and adaptation "
            "between connected populations with escape noise; allowed: without connections; take several "
            "populations, or the rung spiking"
        )


def choose_spreads(network: Network, tolerance: float = TOLERANCE) -> dict[str, Spread]:
    """How every heterogeneous population of a network without connections is taken."""
    return {
        name: choose_spread(p, tolerance, moves=moves(network, p, DRIVES))
        for name, p in network.populations.items()
        if p.spread
    }


def cohort_rung(network: Network, *, tolerance: float = TOLERANCE, **options: Any) -> CohortDensity | CohortNodes:
    """`CohortNodes` where a population without connections takes nodes, else `CohortDensity`."""
    refuse_connected(network, [name for name, p in network.populations.items() if needs_nodes(p)])
    spreads = {} if network.connections else choose_spreads(network, tolerance)
    if any(spread.nodes for spread in spreads.values()):
        return CohortNodes(network, tolerance=tolerance, spreads=spreads, **options)
    return CohortDensity(network, **options)


def _nodes(population: Population, rule: Quadrature | None, finite: bool) -> list[tuple[float, float, Population]]:
    """(weight, scale of charges, population) of every node; of finite size whole neurons, those without left out."""
    if rule is None:
        return [(1.0, 1.0, population)]
    sizes = _whole(np.array([node.weight for node in rule.nodes]), population.size)
    found = []
    for node, size in zip(rule.nodes, sizes, strict=True):
        one = replace(at_node(population, node), size=max(int(size), 1))
        if size > 0 or not finite:
            weight = size / population.size if finite else node.weight
            found.append((weight, charge_scale(population, node), one))
    return found


def _whole(weight: Array, size: int) -> NDArray[np.int64]:
    """Whole numbers that sum to `size`, in proportion to the weights: largest remainders are rounded up."""
    exact = weight / weight.sum() * size
    whole = np.floor(exact + 1e-9).astype(np.int64)
    missing = size - int(whole.sum())
    whole[np.argsort(whole - exact, kind="stable")[:missing]] += 1
    return whole
