"""The parts of a report that networks of densities and cohorts have: those of either kind for its populations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from popdyn.spec.statistics import left_out
from popdyn.theory.gif_problem import modes
from popdyn.workflows.cohort_report import cohort_derivation, cohort_warnings
from popdyn.workflows.derive_network import INFINITE, MEAN_FIELD
from popdyn.workflows.network_report import (
    density_derivation,
    density_warnings,
    jumps_in,
    neuron_rates,
    open_response,
)

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

NOT_AVAILABLE = (
    "rate unit: none is fitted to populations that hear each other, or of escape noise; the target is the density rung",
    "fixed points, stability, spectra and the limits of the theory (popdyn analyse): not derived for cohorts",
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
        "equations": {"density": density.equations()},
        "domain": _domain(work),
        "not_available": list(NOT_AVAILABLE),
        "warnings": [
            *work.warnings, *density_warnings(work, density.derivation, float(density.settings["tolerance"] or 0.0)),
            *cohort_warnings(work),
        ],
        "settings": {"density": json.dumps(density.settings, sort_keys=True), "nodes": len(density.derivation.grids)},
    }  # fmt: skip


def _rungs(work: Conversion) -> list[dict[str, Any]]:
    network, density = work.network, work.mixed
    protocol = network.protocols[work.protocol]
    simulated = protocol.duration + protocol.transient
    size = sum(p.size for p in network.populations.values())
    grids, most = density.derivation.grids, max(len(modes(p).names) for p in density.problems.values())
    fields = max(g.problem.hierarchy(density.closure).order for g in grids) + 1

    def sampled(name: str, label: str, about: str) -> dict[str, Any]:
        found = work.truth if name == "spiking" else work.annealed
        runs = "" if found is None else f"; {found.dataset.sizes['run']} networks"
        cost = None if found is None or found.reused else found.cpu_s / simulated / found.dataset.sizes["run"]
        return {"name": name, "label": label, "about": about + runs, "cpu_s_per_s": cost,
                "state": f"{size} x (V, w or traces)"}  # fmt: skip

    def derived(name: str, label: str, about: str, order: int, numbers: int) -> dict[str, Any]:
        cost = work.results[name].encoding.get("cpu_s")
        cells, cohorts = grids[0].operator.width.size, density.grid.cohorts
        state = f"{len(grids)} nodes x {cells} cells x {order}, {len(density.cohorts)} x {cohorts} cohorts x {numbers}"
        return {"name": name, "label": label, "about": about, "state": state,
                "cpu_s_per_s": None if cost is None else float(cost) / simulated}  # fmt: skip

    rungs = [sampled("spiking", "spiking network", f"{size} neurons, simulated by Brian2")]
    if work.annealed is not None:
        rungs.append(sampled("annealed", "annealed network", "the same neurons, independent inputs of the same rates"))
    finite, full = "populations of their size" if density.finite else "N → ∞", 1 + most + most * (most + 1) // 2
    about = (
        f"{finite}; {', '.join(density.densities)}: closure {density.closure}, {jumps_in(density.derivation)}; "
        f"{', '.join(density.cohorts)}: cohorts, {density.cohort_closure}, shot noise {density.shot_noise}"
    )
    rungs.append(derived("density", "densities and cohorts", about, fields, full))
    if INFINITE in work.results:
        rungs.append(derived(INFINITE, "density, N → ∞", "the same without fluctuations", fields, full))
    if MEAN_FIELD in work.results:
        baseline = "the literature's baselines: diffusion, Poisson trains, mean w; cohort means, no shot noise"
        rungs.append(derived(MEAN_FIELD, "mean field", baseline, 1, 1 + most))
    return rungs


def _domain(work: Conversion) -> list[str]:
    density = work.mixed
    size = "populations of their size" if density.finite else "N → ∞: populations do not fluctuate"
    lines = [
        f"{size}; presynaptic trains are independent but for the rates they share",
        f"{', '.join(density.densities)}: filtered currents count as white noise; tau_syn well below tau_m",
        f"{', '.join(density.cohorts)}: V, traces and frozen variables are near normal in a cohort",
    ]
    for connection in work.network.connections:
        lines += [
            f"left out of {connection.pre} to {connection.post}: {text}" for text in left_out(connection, work.network)
        ]
    return lines
