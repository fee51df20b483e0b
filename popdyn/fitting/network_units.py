"""Units of a network's nodes, each fitted to its own density along the drives that it meets in the network."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from popdyn.errors import NumericsError
from popdyn.fitting import measures
from popdyn.fitting.forced_network import ForcedNetwork, forced_network
from popdyn.fitting.measures import ProtocolError, binned, cycles, protocol_error
from popdyn.fitting.node_solve import Response, refine_node, responses, solve_node
from popdyn.fitting.node_target import NODE_BIN, MetRecord, met_record, node_target
from popdyn.fitting.residuals import STILL
from popdyn.fitting.result import GroupFit
from popdyn.fitting.solve import Stage
from popdyn.fitting.statics import sample_gain
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.domain import DomainWarning
from popdyn.rungs.march import StepDrive
from popdyn.rungs.met import Met, drives_of, met_in
from popdyn.rungs.modes_nodes import Group, domain_along, groups_of, plan_along
from popdyn.rungs.modes_training import SETTLE, Plan, inputs
from popdyn.rungs.unit import DT
from popdyn.spec.network import Protocol
from popdyn.types import FloatArray, Progress

GENERATED = (("slow", 2.0), ("fast", 1.0))
"""Random mu and sigma over the domain, independent of each other, and how long [s]."""
SHARE = 0.8
"""Of what nodes hear from each other: what the units make themselves in the network that they are fitted in."""
ALONE, IN_NETWORK = "by itself", "in the network of units"
"""Where a unit was fitted."""
QUANTILES, NEAR, MOST_POINTS = (0.1, 0.5, 0.9), 0.1, 3
"""Of the drives met where responses are fitted, s.d. of mu that is near, and working points of nodes."""


def fit_coupled_units(
    density: CoupledDensity, *, seed: int = 0, dt: float = DT, protocols: Mapping[str, Protocol] | None = None,
    progress: Progress | None = None,
) -> CoupledUnits:  # fmt: skip
    """`coupled_units` of `fit_groups`; dt: step of the network of units [s]."""
    return coupled_units(density, fit_groups(density, seed=seed, protocols=protocols, progress=progress), dt)


def coupled_units(density: CoupledDensity, fits: Sequence[GroupFit], dt: float = DT) -> CoupledUnits:
    """The network of the units that were fitted to the nodes of `density`."""
    units, groups = [fit.unit for fit in fits], [fit.group for fit in fits]
    return CoupledUnits(density, groups, units, dt, [fit.to_dict() for fit in fits])


def fit_groups(
    density: CoupledDensity, *, seed: int = 0, protocols: Mapping[str, Protocol] | None = None,
    progress: Progress | None = None,
) -> list[GroupFit]:  # fmt: skip
    """Units of a network's nodes on the drives that its densities meet under the protocols (default: the spec's).

    seed : of what is added to the drives
    Nodes that differ by a drift alone share a unit. Where the rates move, the units are fitted on in the network of
    them, held near the densities' trajectory; that is kept where their network, run freely, is nearer for it. Raises
    UsageError for conductances, NumericsError where a density has no rising f-I curve over the drives.
    """
    met = met_in(density, protocols)
    groups: list[Group] = groups_of(density.derivation)
    nodes = []
    for k, group in enumerate(groups):
        if progress is not None:
            progress(k / len(groups), f"units of the nodes: {k} of {len(groups)} kinds")
        nodes.append(_first(density, group, drives_of(group, met), seed))
    ran = list((protocols or density.network.protocols).values())
    model = CoupledUnits(density, groups, [node.stage.unit for node in nodes])
    forced = forced_network(density, model, ran, met[1:], SHARE)
    if forced.runs:
        if progress is not None:
            progress(1.0, "units of the nodes, in their network")
        again = _again(forced, nodes, seed)
        nodes = min((again, nodes), key=lambda tried: _distance(density, tried, ran, met[1:]))
    return [_report(node, density.dt, seed) for node in nodes]


@dataclass(frozen=True)
class _Node:
    """A unit on the way, and what it is fitted to."""

    group: Group
    target: Target
    plan: Plan
    training: tuple[MetRecord, ...]
    answers: tuple[Response, ...]
    stage: Stage
    kept: str = ALONE


def _first(density: CoupledDensity, group: Group, drives: list[StepDrive], seed: int) -> _Node:
    plan = plan_along(drives, density.dt, seed)
    domain = domain_along(plan)
    mu = float(np.mean([d.mu.mean() for d in drives]))
    sigma = float(np.mean([np.sqrt(2.0 * d.D).mean() for d in drives]))
    name = density.derivation.problem.nodes[group.members[0]].population
    target = node_target(density.network, name, group, domain, (mu, sigma), density.closure, density.dt)
    generated = inputs(domain, GENERATED, density.dt, seed)
    training = _records(target, [*plan.training, *generated], density.dt)
    rate = float(np.mean([r.target.mean() for r in training]))
    unit = CascadePopulation(
        name=name, C_m=target.C_m, adaptation=target.adaptation, gain=sample_gain(target, domain),
        parameters=starting_values(len(target.adaptation), bool(target.adaptation)),
        reference_rate=rate, reference_sigma=sigma, domain=domain,
    )  # fmt: skip
    answers = responses(target, _visited(density, group, drives), rate)
    return _Node(group, target, plan, tuple(training), answers, solve_node(target, unit, training, answers, seed))


def _visited(density: CoupledDensity, group: Group, drives: list[StepDrive]) -> list[tuple[float, float]]:
    """mu and sigma of the working points of a group's nodes, and where its drives are seldom, often, seldom."""
    point, mu = density.derivation.point, np.concatenate([d.mu for d in drives])
    sigma, near = np.sqrt(2.0 * np.concatenate([d.D for d in drives])), NEAR * float(np.std(mu))
    own = [
        (float(point.mu[q]) + d, float(np.sqrt(2.0 * point.D[q])))
        for q, d in zip(group.members, group.drift, strict=True)
    ]
    own = [own[k] for k in np.unique(np.linspace(0, len(own) - 1, MOST_POINTS).round().astype(int))]
    levels = [float(level) for level in np.quantile(mu, QUANTILES)]
    away = [np.abs(mu - level) for level in levels]
    return own + [
        (level, float(np.median(sigma[far <= max(near, float(far.min()))])))
        for level, far in zip(levels, away, strict=True)
    ]


def _again(forced: ForcedNetwork, nodes: list[_Node], seed: int) -> list[_Node]:
    """One unit after the other fitted on in the network."""
    found = []
    for k, node in enumerate(nodes):
        in_network = partial(forced.distances, k)
        stage = refine_node(node.target, node.stage, node.training, node.answers, in_network, seed)
        forced = forced.with_unit(k, stage.unit)
        found.append(replace(node, stage=stage, kept=IN_NETWORK))
    return found


def _distance(density: CoupledDensity, nodes: list[_Node], ran: Sequence[Protocol], met: Sequence[Met]) -> float:
    """Largest relative error of a mean rate, its deviation over time or its course in the network of units, run freely.

    Of the protocols that met the densities; infinite where no finite rates come of them.
    """
    model = CoupledUnits(density, [node.group for node in nodes], [node.stage.unit for node in nodes])
    errors = [0.0]
    for protocol, of_densities in zip(ran, met, strict=True):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DomainWarning)
                trace = model.simulate(protocol)
        except NumericsError:
            return float("inf")
        rate = trace["rate"].values[0, trace["time"].values > 0].T
        wanted = of_densities.fired.reshape(len(rate), rate.shape[1], -1).mean(axis=2)
        for found, exact in zip(rate, wanted, strict=True):
            errors.append(abs(found.mean() / exact.mean() - 1.0))
            errors.append(abs(found.std() - exact.std()) / exact.mean())
            errors.append(_course_error(found, exact))
    return float(max(errors))


def _course_error(found: FloatArray, exact: FloatArray) -> float:
    """Relative error of the frequency of cycles, whose phase drifts; where there are none, of the rate over time.

    1 where one of the two alone has cycles.
    """
    ours, theirs = cycles(found, NODE_BIN), cycles(exact, NODE_BIN)
    if ours is None and theirs is None:
        return float(np.sqrt(np.mean((found - exact) ** 2)) / exact.mean())
    return 1.0 if ours is None or theirs is None else abs(ours / theirs - 1.0)


def _report(node: _Node, dt: float, seed: int) -> GroupFit:
    """The unit, and its errors on the plan's held-out drives."""
    unit, stage = node.stage.unit, node.stage
    heldout = _records(node.target, node.plan.held_out, dt)
    return GroupFit(
        node.group, unit, stage.estimates, tuple(_error(unit, r.with_step(node.target, dt)) for r in node.training),
        tuple(_error(unit, r) for r in heldout), stage.starts, node.target.label, seed, node.kept,
    )  # fmt: skip


def _records(target: Target, drives: list[tuple[str, StepDrive]], dt: float) -> list[MetRecord]:
    """The density under every drive that moves it."""
    found = [met_record(target, kind, drive) for kind, drive in drives if drive.mu.size * dt > 2.0 * SETTLE]
    return [r for r in found if r.scale > STILL * float(np.mean(r.target))]


def _error(unit: CascadePopulation, r: MetRecord) -> ProtocolError:
    """In bins of 5 ms, as of a unit that stands alone."""
    ratio = round(measures.BIN / r.bin)
    found, wanted = binned(r.unit_rate(unit), ratio), binned(r.target, ratio)
    return protocol_error(r.job.protocol.name, r.job.doc, found, wanted, r.outside(unit))
