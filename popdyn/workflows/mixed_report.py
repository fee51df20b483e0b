"""The parts of a report that networks of densities and cohorts have: those of either kind for its populations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from popdyn.workflows.cohort_report import analysis_of, cohort_derivation, cohort_warnings, numbers_of
from popdyn.workflows.ladder_cards import Card, ladder
from popdyn.workflows.network_report import (
    density_derivation,
    density_warnings,
    equations,
    in_size,
    jumps_in,
    neuron_rates,
    not_heard,
    open_response,
)

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

NOT_AVAILABLE = (
    "rate unit: none is fitted to populations that hear each other, or of escape noise; the target is the density rung",
    "f–I curves: popdyn rates SPEC --vary mu=FIRST:LAST:COUNT",
    "density2d, the arbiter between closures: it is of populations alone; the error of closures is predicted instead",
)


def mixed_parts(work: Conversion) -> dict[str, Any]:
    """Everything that a report says of a network of both kinds."""
    density, rates = work.mixed, work.mixed.rates()
    held = density.working_point()
    return {
        "rungs": _rungs(work),
        "responses": [open_response(density, name) for name in work.network.populations],
        "derivations": [density_derivation(density.derivation, name) for name in density.densities],
        "cohorts": [cohort_derivation(work, density, name, *held[name], rates[name]) for name in density.cohorts],
        "neuron_rates": neuron_rates(work),
        "equations": equations(work),
        "domain": _domain(work),
        "not_available": [analysis_of(work), *NOT_AVAILABLE],
        "warnings": [
            *work.warnings, *density_warnings(work, density.derivation, float(density.settings["tolerance"] or 0.0)),
            *cohort_warnings(work),
        ],
        "settings": {"density": json.dumps(density.settings, sort_keys=True), "nodes": len(density.derivation.grids)},
    }  # fmt: skip


def _rungs(work: Conversion) -> list[dict[str, Any]]:
    density, grids = work.mixed, work.mixed.derivation.grids
    fields = max(g.problem.hierarchy(density.closure).order for g in grids) + 1

    def state(order: int, numbers: int) -> str:
        nodes = f"{len(grids)} nodes x {grids[0].operator.width.size} cells x {order}"
        return f"{nodes}, {len(density.cohorts)} x {density.grid.cohorts} cohorts x {numbers}"

    full, means = numbers_of(density.problems)
    about = (
        f"{in_size(density.finite)}; {', '.join(density.densities)}: closure {density.closure}, "
        f"{jumps_in(density.derivation)}; {', '.join(density.cohorts)}: cohorts, {density.cohort_closure}, "
        f"shot noise {density.shot_noise}"
    )
    baseline = "the literature's baselines: diffusion, Poisson trains, mean w; cohort means, no shot noise"
    return ladder(
        work, "(V, w or traces)", "densities and cohorts",
        Card(about, state(fields, full)), Card(baseline, state(1, means)),
    )  # fmt: skip


def _domain(work: Conversion) -> list[str]:
    density = work.mixed
    size = "populations of their size" if density.finite else "N → ∞: populations do not fluctuate"
    lines = [
        f"{size}; presynaptic trains are independent but for the rates they share",
        f"{', '.join(density.densities)}: filtered currents count as white noise; tau_syn well below tau_m",
        f"{', '.join(density.cohorts)}: V, traces and frozen variables are near normal in a cohort",
    ]
    return lines + not_heard(work)
