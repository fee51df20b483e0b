"""Units of a network's nodes, each fitted to its own density along the drives that it meets in the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from popdyn.fitting.measures import ProtocolError, protocol_error
from popdyn.fitting.node_target import MetRecord, met_record, node_target
from popdyn.fitting.residuals import STILL, Record
from popdyn.fitting.result import GroupFit
from popdyn.fitting.solve import COARSE_DT, Stage, solve
from popdyn.fitting.statics import sample_gain
from popdyn.fitting.target import Target
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import starting_values
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.march import StepDrive
from popdyn.rungs.met import drives_of, met_in
from popdyn.rungs.modes_nodes import Group, domain_along, groups_of, plan_along
from popdyn.rungs.modes_training import SETTLE, Plan, inputs
from popdyn.rungs.unit import DT
from popdyn.spec.network import Protocol
from popdyn.theory.discretisation import Domain
from popdyn.types import Progress

GENERATED = (("slow", 2.0), ("fast", 1.0))
"""Random mu and sigma over the domain, independent of each other, and how long [s]."""


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
    Nodes that differ by a drift alone share a unit. Raises UsageError for conductances, NumericsError where a density
    has no rising f-I curve over the drives.
    """
    met = met_in(density, protocols)
    groups: list[Group] = groups_of(density.derivation)
    fits = []
    for k, group in enumerate(groups):
        if progress is not None:
            progress(k / len(groups), f"units of the nodes: {k} of {len(groups)} kinds")
        drives = drives_of(group, met)
        plan = plan_along(drives, density.dt, seed)
        domain = domain_along(plan)
        mu = float(np.mean([d.mu.mean() for d in drives]))
        sigma = float(np.mean([np.sqrt(2.0 * d.D).mean() for d in drives]))
        name = density.derivation.problem.nodes[group.members[0]].population
        target = node_target(density.network, name, group, domain, (mu, sigma), density.closure, density.dt)
        fits.append(_fit(group, target, domain, plan, density.dt, seed))
    return fits


def _fit(group: Group, target: Target, domain: Domain, plan: Plan, dt: float, seed: int) -> GroupFit:
    """The unit, and its errors on the plan's held-out drives."""
    _, sigma = target.drive
    training = _records(target, [*plan.training, *inputs(domain, GENERATED, dt, seed)], dt)
    first = CascadePopulation(
        name=target.name, C_m=target.C_m, adaptation=target.adaptation, gain=sample_gain(target, domain),
        parameters=starting_values(len(target.adaptation)),
        reference_rate=float(np.mean([r.target.mean() for r in training])), reference_sigma=sigma, domain=domain,
    )  # fmt: skip
    stage: Stage = solve(target, first, [r.with_step(target, COARSE_DT) for r in training], seed)
    heldout = _records(target, plan.held_out, dt)
    return GroupFit(
        group, stage.unit, stage.estimates, tuple(_error(stage.unit, r) for r in training),
        tuple(_error(stage.unit, r) for r in heldout), stage.starts, target.label, seed,
    )  # fmt: skip


def _records(target: Target, drives: list[tuple[str, StepDrive]], dt: float) -> list[MetRecord]:
    """The density under every drive that moves it."""
    found = [met_record(target, kind, drive) for kind, drive in drives if drive.mu.size * dt > 2.0 * SETTLE]
    return [r for r in found if r.scale > STILL * float(np.mean(r.target))]


def _error(unit: CascadePopulation, r: Record) -> ProtocolError:
    return protocol_error(r.job.protocol.name, r.job.doc, r.unit_rate(unit), r.target, r.outside(unit))
