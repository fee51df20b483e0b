"""The equations of a network of units in words and numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from popdyn.rungs.cascade_text import EQUATIONS, SPREAD, values_of
from popdyn.rungs.coupled_text import network_equations
from popdyn.rungs.modes_nodes import group_labels, plain_nodes

if TYPE_CHECKING:
    from popdyn.rungs.coupled_units import CoupledUnits


def units_equations(made: CoupledUnits) -> str:
    """The equations that all nodes have, the values of every kind, and what the nodes hear with their f_q."""
    labels, factors = group_labels(made.derivation, made.groups), _noise_factors(made)
    values = [
        "\n".join([label, values_of(unit, fit), _heard(group.members, factors)])
        for label, group, unit, fit in zip(labels, made.groups, made.units, made.fits, strict=True)
    ]
    common = f"{EQUATIONS}\n{SPREAD}" if any(unit.spreads for unit in made.units) else EQUATIONS
    return "\n\n".join([f"every node (cascade unit)\n{common}", *values, network_equations(made.derivation)])


def _noise_factors(made: CoupledUnits) -> list[float]:
    """f of every node; 1 where it hears nothing."""
    plain, nodes = plain_nodes(made.derivation, made.dt).gain_D, made.nodes
    found = []
    for first, last in zip(nodes.begin[:-1], nodes.begin[1:], strict=True):
        largest = max(range(first, last), key=lambda k: plain[k], default=None)
        found.append(1.0 if largest is None else float(nodes.gain_D[largest] / plain[largest]))
    return found


def _heard(members: tuple[int, ...], factors: list[float]) -> str:
    return f"noise of its inputs: f_q = {', '.join(f'{factors[q]:.4g}' for q in members)}"
