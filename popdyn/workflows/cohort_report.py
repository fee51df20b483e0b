"""The parts of a report that escape-noise populations have: rungs, cohorts, responses, and what there is not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.mixed import MixedDensity
from popdyn.theory.gif_problem import GifProblem, modes
from popdyn.workflows.ladder_cards import Card, ladder
from popdyn.workflows.network_report import equations, in_size, not_heard, open_response
from popdyn.workflows.unit_report import unit_domains, unit_parts

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

MASS = 1e-9  # what the share of all neurons may be off by
ORDER = {"gaussian": 2, "cohort_mean": 1}
ANALYSED = "fixed points, stability, spectra and the limits of the theory: popdyn analyse has them"
NOT_ANALYSED = "fixed points, stability, spectra and the limits of the theory: popdyn analyse refuses conductances"
NOT_AVAILABLE = (
    "rates over neurons: not drawn for cohorts",
    "density2d, the arbiter between closures: it is of V and w; the error of the closure is predicted instead",
)


NO_UNIT = (
    "rate unit: fitted to populations that stand alone, where --to unit asks for it",
    "f–I curves: popdyn rates SPEC --vary mu=FIRST:LAST:COUNT",
)


def cohort_parts(work: Conversion) -> dict[str, Any]:
    """Everything that a report says of populations of escape noise, coupled or not."""
    density, names = work.cohorts, list(work.network.populations)
    held, rates = density.working_point(), density.rates()
    return {
        "rungs": _rungs(work),
        "responses": [open_response(density, name, work) for name in names],
        **unit_parts(work),
        "cohorts": [cohort_derivation(work, density, name, *held[name], rates[name]) for name in names],
        "equations": equations(work),
        "domain": [*_domain(work), *unit_domains(work)],
        "not_available": [analysis_of(work), *NOT_AVAILABLE, *(NO_UNIT if work.unit is None else ())],
        "warnings": [*work.warnings, *cohort_warnings(work)],
        "settings": {"density": json.dumps(density.settings, sort_keys=True)},
    }


def analysis_of(work: Conversion) -> str:
    """Where the analysis of the network is to be had."""
    network = work.network
    synapses = [c.synapse for c in network.connections]
    synapses += [s.synapse for p in network.populations.values() for s in p.poisson if s.synapse is not None]
    return NOT_ANALYSED if any(s.kind == "conductance" for s in synapses) else ANALYSED


def _rungs(work: Conversion) -> list[dict[str, Any]]:
    density = work.cohorts
    several = f"{len(density.members)} nodes" if isinstance(density, CohortNodes) else ""
    parts = f"{several or f'{len(density.problems)} populations'} x {density.grid.cohorts} cohorts"
    full, means = numbers_of(density.problems)
    about = f"{in_size(density.finite)}, closure {density.closure}, shot noise {density.shot_noise}, nothing fitted"
    baseline = "the literature's baseline: cohort means, no shot noise, neurons alike"
    return ladder(
        work, "(V and traces)", "density of cohorts",
        Card(about, f"{parts} x {full}"), Card(baseline, f"{parts} x {means}"),
    )  # fmt: skip


def numbers_of(problems: Mapping[str, GifProblem]) -> tuple[int, int]:
    """What a cohort carries: its share with means and covariances of V, traces and frozen variables; without these."""
    most = max(len(modes(p).names) for p in problems.values())
    return 1 + most + most * (most + 1) // 2, 1 + most


def cohort_derivation(
    work: Conversion,
    density: CohortDensity | CohortNodes | MixedDensity,
    name: str,
    held: GifProblem,
    D: np.ndarray,
    rate: float,
) -> dict[str, Any]:
    """How a population became cohorts, and its input at the working point."""
    population, heard_by, closure = work.network.populations[name], density.heard, density.cohort_closure
    frozen = dict(held.frozen)
    if "gain" in density.problems[name].frozen:
        frozen["mu with unequal inputs"] = frozen.pop("mu")
    recurrent = [k for k, p in enumerate(heard_by.coupling.projections) if p.post == name and p.pre]
    heard = recurrent if density.shot_noise != "none" else []
    spread = work.spreads.get(name)
    return {
        "population": name, "model": population.neuron.model, "size": population.size, "closure": closure,
        "order": ORDER[closure], "variables": list(modes(density.problems[name]).names[1:]), "frozen": frozen,
        "history": density.grid.history, "width": density.grid.width, "cohorts": density.grid.cohorts,
        "dt": density.dt, "shot_noise": density.shot_noise if recurrent or population.poisson else "no synapses",
        "regularity": {heard_by.coupling.projections[k].pre: float(heard_by.share[k]) for k in heard},
        "rate": rate, "mu": held.mu, "sigma": float(np.sqrt(2.0 * (held.white_noise(D) if held.shunted else D.sum()))),
        "predicted": work.at_rest.get(name, {}),
        "nodes": len(spread.rule.nodes) if spread and spread.nodes else 1,
        **({"spread": spread.words, "spread_error": spread.error} if spread else {}),
    }  # fmt: skip


def _domain(work: Conversion) -> list[str]:
    density = work.cohorts
    lines = [
        "populations of their size" if density.finite else "N → ∞: populations do not fluctuate",
        "V, traces and frozen variables are near normal in a cohort, all neurons that fired at about the same time",
    ]
    if work.network.connections:
        lines.append("presynaptic trains are independent but for the rates they share; their shot noise is normal")
    if any(p.spread for p in work.network.populations.values()):
        lines.append(
            "spread parameters that are frozen variables count by mean and standard deviation (lambda_0: of its "
            "logarithm)"
        )
    return lines + not_heard(work)


def cohort_warnings(work: Conversion) -> list[str]:
    """What the march leaves to be said."""
    found = work.results["density"].attrs["mass_error"]
    lines = [f"the share of all neurons in cohorts was off by up to {found:.1e}"] if found > MASS else []
    for name, spread in work.spreads.items():
        if spread.error > work.tolerance / 3.0:
            lines.append(f"population {name}: {spread.words}, more than a third of the tolerance")
    return lines
