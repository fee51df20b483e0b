"""The parts of a report that networks have: rungs, nodes, rates over neurons, limits of the theory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from popdyn.neurons import MODELS
from popdyn.report.figure_neurons import ENDS
from popdyn.rungs.derivation import Derivation
from popdyn.spec.statistics import left_out
from popdyn.types import DerivedRung
from popdyn.workflows.ladder_cards import Card, ladder
from popdyn.workflows.node_units_report import node_unit_domains, node_unit_parts, node_unit_warnings
from popdyn.workflows.over_neurons import (
    counted_quantiles,
    counted_sd_log_rate,
    explained_sd_log_rate,
    nodes_of,
    sd_log_rate,
)
from popdyn.workflows.unit_report import response_part, unit_domains, unit_parts

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

FREQUENCIES = np.geomspace(0.5, 300.0, 40)
QUANTILES = np.linspace(*ENDS, 100)
OPEN_LOOP = "Open loop: what the population hears from others and from itself is held."


def network_parts(work: Conversion) -> dict[str, Any]:
    """Everything that a report says of a network and not of populations that stand alone."""
    density = work.coupled
    names = list(work.network.populations)
    return {
        "rungs": _rungs(work),
        "responses": [open_response(density, name, work) for name in names],
        **unit_parts(work),
        **node_unit_parts(work),
        "derivations": [density_derivation(density.derivation, name) for name in names],
        "neuron_rates": neuron_rates(work),
        "validity": _validity(work),
        "equations": equations(work),
        "domain": [*_domain(work), *unit_domains(work), *node_unit_domains(work)],
        "warnings": [*work.warnings, *_warnings(work), *node_unit_warnings(work)],
        "settings": {
            "density": json.dumps(density.settings, sort_keys=True),
            "nodes": len(density.derivation.grids),
            "cells": density.derivation.grids[0].operator.width.size,
        },
    }


def _rungs(work: Conversion) -> list[dict[str, Any]]:
    density, grids = work.coupled, work.coupled.derivation.grids
    adapts = any(MODELS[p.neuron.model].adaptation for p in work.network.populations.values())
    nodes = f"{len(grids)} nodes x {grids[0].operator.width.size} cells"
    fields = max(g.problem.hierarchy(density.closure).order for g in grids) + 1
    about = f"{in_size(density.finite)}, closure {density.closure}, {jumps_in(density.derivation)}"
    baseline = f"the literature's baseline: diffusion, Poisson trains{', mean w' if adapts else ''}"
    return ladder(
        work, "(V, w)" if adapts else "V", "population density",
        Card(about, f"{nodes} x {fields}"), Card(baseline, f"{nodes} x 1"),
    )  # fmt: skip


def in_size(finite: bool) -> str:
    """Whether the populations of a density fluctuate."""
    return "populations of their size" if finite else "N → ∞"


def jumps_in(derived: Derivation) -> str:
    """Where jumps are kept finite, in words."""
    with_jumps = [name for name, used in derived.finite_jumps.items() if used]
    return f"finite jumps in {', '.join(with_jumps)}" if with_jumps else "diffusion"


def equations(work: Conversion) -> dict[str, str]:
    """Those of every rung."""
    rungs = (("density", work.density), ("modes", work.modes), ("unit", work.unit))
    return {name: rung.equations() for name, rung in rungs if rung is not None}


def not_heard(work: Conversion) -> list[str]:
    """What of the network's synapses the density leaves out."""
    return [
        f"left out of {connection.pre} to {connection.post}: {text}"
        for connection in work.network.connections for text in left_out(connection, work.network)
    ]  # fmt: skip


def open_response(density: DerivedRung, name: str, work: Conversion | None = None) -> dict[str, Any]:
    """Response of a population to mu with what it hears held; of the unit, too, where `work` has one."""
    found = density.linear_response(FREQUENCIES, population=name)
    return response_part(None if work is None else work.unit, name, FREQUENCIES, found, OPEN_LOOP)


def density_derivation(derived: Derivation, name: str) -> dict[str, Any]:
    """How a population became nodes of a density, and its input at the working point."""
    nodes = [q for q, node in enumerate(derived.problem.nodes) if node.population == name]
    weight = np.array([derived.problem.nodes[q].weight for q in nodes])
    rule = derived.rules.get(name)
    grids = [derived.grids[q] for q in nodes]
    delta = any(p.post == name and p.synapse.kind == "delta" for p in derived.problem.projections)
    return {
        "population": name, "size": derived.problem.network.populations[name].size, "nodes": len(nodes),
        "method": rule.method if rule else "one node", "quadrature_error": rule.error if rule else None,
        "importance": dict(rule.importance) if rule else {},
        "jump_cost": derived.jump_cost.get(name, 0.0) if delta else None,
        "finite_jumps": derived.finite_jumps.get(name, False),
        "beta": float(weight @ [g.beta for g in grids]), "gamma": float(weight @ [g.gamma for g in grids]),
        "rate": derived.point.rates[list(derived.problem.names).index(name)],
        "mu": float(weight @ derived.point.mu[nodes]),
        "sigma": float(np.sqrt(2.0 * (weight @ derived.point.D[nodes]))),
    }  # fmt: skip


def neuron_rates(work: Conversion) -> list[dict[str, Any]]:
    """Of the populations with several nodes."""
    duration = work.network.protocols[work.protocol].duration
    truth = None if work.truth is None else work.truth.dataset
    found = []
    for name, nodes in nodes_of(json.loads(work.results["density"].attrs["node_rates"])).items():
        if len(nodes) < 2:
            continue
        entry: dict[str, Any] = {"population": name, "nodes": nodes, "sd_log": sd_log_rate(nodes)}
        if truth is not None and f"neuron_rate_{name}" in truth:
            drawn = list(work.network.populations[name].spread)
            entry["truth_sd_log"] = counted_sd_log_rate(truth, name, duration)
            entry["explained_sd_log"] = explained_sd_log_rate(truth, name, drawn)
            if entry["truth_sd_log"] is not None:
                entry["truth_quantiles"] = counted_quantiles(truth, name, duration, QUANTILES)
        found.append(entry)
    return found


def _validity(work: Conversion) -> list[dict[str, Any]]:
    if work.validity is None:
        return []
    return [
        {"kind": check.kind, "populations": list(check.populations), "figure": check.figure, "limit": check.limit,
         "flagged": check.flagged, "words": check.words}
        for check in work.validity.checks
    ]  # fmt: skip


def _domain(work: Conversion) -> list[str]:
    density = work.coupled
    size = "populations of their size" if density.finite else "N → ∞: populations do not fluctuate"
    lines = [f"{size}; presynaptic trains are independent but for the rates they share"]
    regular = [g.beta for g in density.derivation.grids]
    if any(regular):
        lines.append("recurrent input is as regular as the renewal trains that bring it, delta and filtered alike")
    if any(p.conductance for p in density.derivation.problem.projections):
        lines.append(
            "conductances: the colour of their noise is that of the working point; at hard thresholds rates are some "
            "per cent off and answers to steps late by milliseconds, which no predicted error has in it"
        )
    return lines + not_heard(work)


def _warnings(work: Conversion) -> list[str]:
    density = work.coupled
    lines = [] if work.validity is None else list(work.validity.words)
    return lines + density_warnings(work, density.derivation, float(density.settings["tolerance"] or 0.0))


def density_warnings(work: Conversion, derived: Derivation, tolerance: float) -> list[str]:
    """What the march, the working point and the nodes of densities leave to be said."""
    lines, found = [], work.results["density"].attrs
    if found["positive_steps"]:
        lines.append(f"the positive scheme took {found['positive_steps']} steps of the density rung (first order)")
    if derived.moved > tolerance / 10.0:
        lines.append(
            f"the working point had not settled: it last moved by {100 * derived.moved:.2g} %; nodes, grids "
            "and the noise of recurrent input are those of about there"
        )
    for name, rule in derived.rules.items():
        if rule.error > tolerance / 3.0:
            lines.append(
                f"population {name}: {len(rule.nodes)} nodes leave an estimated error of {100 * rule.error:.2g} %, "
                "more than a third of the tolerance"
            )
    for name, population in work.network.populations.items():
        p = population.neuron.parameters
        if "V_peak" in p and p["V_reset"] > p["V_th"]:
            lines.append(
                f"population {name}: V_reset above V_th bursts; w after reset may be bimodal, outside the domain "
                "where the closures were measured"
            )
    return lines
