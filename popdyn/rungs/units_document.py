"""The units of a network as model.json holds them, and back; every field is checked on the way in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from popdyn.errors import Fault, SpecError, UsageError
from popdyn.rungs.bins import steps_in_bin
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_document import MAX_PARAMETERS, population_document, population_of
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_modes import MOST_GROUPS
from popdyn.rungs.density_document import density_model
from popdyn.rungs.fit_document import fit_of
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.modes_nodes import Group, groups_of
from popdyn.rungs.unit import FAMILY, KIND, SCHEMA
from popdyn.spec import to_dict

if TYPE_CHECKING:
    from popdyn.rungs.coupled_units import CoupledUnits


class UnitsOfNodes(NamedTuple):
    """What `CoupledUnits` is made of, in its order."""

    density: CoupledDensity
    groups: list[Group]
    units: list[CascadePopulation]
    dt: float
    fits: list[Mapping[str, Any]]


def units_document(made: CoupledUnits) -> dict[str, Any]:
    """The spec, the settings of its density, and a unit for every kind of node."""
    entries = [
        {"population": unit.name, **population_document(unit, fit)}
        for unit, fit in zip(made.units, made.fits, strict=True)
    ]
    return {
        "kind": KIND, "schema": SCHEMA, "rung": made.name, "family": FAMILY, "dt": made.dt,
        "spec_hash": made.network.spec_hash, "network": to_dict(made.network), "settings": dict(made.settings),
        "groups": entries,
    }  # fmt: skip


def units_of(document: Any, source: str) -> UnitsOfNodes:
    """What a document holds, on nodes that are derived anew. Raises SpecError with all faults, `source` named."""
    faults: list[Fault] = []
    top = Reader(document, "", faults)
    top.constant("rung", "unit")
    top.constant("family", FAMILY)
    dt, entries = _step_of(top), top.tables("groups", 1, MOST_GROUPS)
    units = [population_of(entry, entry.text("population")) for entry in entries]
    fits = [fit_of(entry, MAX_PARAMETERS) for entry in entries]
    try:
        model = density_model({**top.data, "rung": "density"})
    except SpecError as error:
        raise SpecError([*faults, *error.faults], source) from None
    if faults:
        raise SpecError(faults, source)
    density = model.density()
    if not isinstance(density, CoupledDensity):
        raise SpecError([Fault("network", "neurons with escape noise", "lif, eif and adex neurons")], source)
    found = [unit for unit in units if unit is not None]
    return UnitsOfNodes(density, _groups(density, found, source), found, dt, fits)


def _step_of(top: Reader) -> float:
    dt = top.number("dt", above=0.0)
    if not math.isnan(dt):
        try:
            steps_in_bin(dt)
        except UsageError:
            top.fault("dt", dt, "1 ms divided by a whole number")
    return dt


def _groups(density: CoupledDensity, units: list[CascadePopulation], source: str) -> list[Group]:
    """The kinds of nodes of a density, which are those that the units were written for."""
    groups, nodes = groups_of(density.derivation), density.derivation.problem.nodes
    wanted = [nodes[group.members[0]].population for group in groups]
    if len(units) != len(wanted):
        raise SpecError([Fault("groups", str(len(units)), f"{len(wanted)}: one for every kind of node")], source)
    faults = [
        Fault(f"groups[{k}].population", unit.name, name)
        for k, (unit, name) in enumerate(zip(units, wanted, strict=True)) if unit.name != name
    ]  # fmt: skip
    if faults:
        raise SpecError(faults, source)
    return groups
