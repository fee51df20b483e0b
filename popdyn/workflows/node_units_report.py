"""The parts of a report that the units of a network's nodes have."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from popdyn.fitting import ProtocolError
from popdyn.fitting.intervals import MEANING
from popdyn.fitting.result import GroupFit
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.modes_nodes import group_labels
from popdyn.workflows.unit_report import error_row, in_words, unit_table

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

KINDS = "near: with half, beside: with all of the random changes that were added for the fit"


def node_unit_comparisons(work: Conversion) -> list[dict[str, Any]]:
    """Units by themselves against their densities on held-out drives: of each kind, the worst of a population."""
    worst: dict[str, dict[str, ProtocolError]] = {}
    for fit in work.node_fits:
        for error in fit.heldout:
            found, name = worst.setdefault(error.protocol, {}), fit.unit.name
            named = replace(error, protocol=f"heldout_{error.protocol}")
            found[name] = max(found.get(name, named), named, key=_size)
    return [error_row(work, errors, "unit", "held out, by itself") | {"by_itself": True} for errors in worst.values()]


def node_unit_parts(work: Conversion) -> dict[str, Any]:
    """A table for every kind of node, with its range of drives and its errors; nothing where there is none."""
    tables = [
        unit_table(label.removeprefix("population "), fit.parameters, _note(fit) + (f" {MEANING}" if k == 0 else ""))
        for k, (label, fit) in enumerate(zip(_labels(work), work.node_fits, strict=True))
    ]
    return {"units": tables} if tables else {}


def node_unit_domains(work: Conversion) -> list[str]:
    """The range of drive that the unit of every kind of node was fitted on, in words."""
    lines = [
        f"unit of {label}: {in_words(fit.unit.domain)}"
        for label, fit in zip(_labels(work), work.node_fits, strict=True)
    ]
    about = (
        "units: along the drives that their nodes meet when the densities run the protocols of the spec, and beside "
        "them; what finite jumps and regular trains do to the noise is that of the working point"
    )
    return [about, *lines] if lines else []


def node_unit_warnings(work: Conversion) -> list[str]:
    """Which units miss their densities on drives that they were not fitted to."""
    missed = []
    for label, fit in zip(_labels(work), work.node_fits, strict=True):
        worst = max(fit.heldout, key=_size, default=None)
        if worst is not None and _size(worst) > work.tolerance:
            missed.append(f"{label}: {100 * worst.nrmse:.2g} %, bias {100 * worst.bias:+.2g} %")
    if not missed:
        return []
    return [
        f"units by themselves are more than the tolerance of {100 * work.tolerance:g} % from their densities on drives "
        f"that they were not fitted to ({'; '.join(missed)}); a network can amplify that: see how far the network of "
        "them is from its densities; --to modes keeps the density's own modes"
    ]


def _labels(work: Conversion) -> list[str]:
    if not isinstance(work.unit, CoupledUnits):
        return []
    return group_labels(work.unit.derivation, work.unit.groups)


def _size(error: ProtocolError) -> float:
    return max(error.nrmse, abs(error.bias))


def _note(fit: GroupFit) -> str:
    if not fit.heldout:
        return f"Fitted {fit.kept} on {in_words(fit.unit.domain)}. The density does not move on held-out drives."
    kinds = dict.fromkeys(error.protocol for error in fit.heldout)
    errors = [
        f"{kind}: nrmse {', '.join(f'{100 * e.nrmse:.2g} %' for e in fit.heldout if e.protocol == kind)}"
        for kind in kinds
    ]
    bias = 100 * max(abs(error.bias) for error in fit.heldout)
    return (
        f"Fitted {fit.kept} on {in_words(fit.unit.domain)}. By itself, on held-out drives like those that the node "
        f"meets, {KINDS}: {'; '.join(errors)}; bias up to {bias:.2g} %."
    )
