"""The report's JSON from a conversion: every part in one small function."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Any

import numpy as np

from popdyn.report import trace_part
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.density import Density
from popdyn.rungs.mixed import MixedDensity
from popdyn.spec import to_dict
from popdyn.theory.problem import input_statistics
from popdyn.workflows.cohort_report import cohort_parts
from popdyn.workflows.mixed_report import mixed_parts
from popdyn.workflows.modes_report import modes_card, modes_comparisons
from popdyn.workflows.network_report import equations, network_parts
from popdyn.workflows.node_units_report import node_unit_comparisons
from popdyn.workflows.predictions_report import predictions
from popdyn.workflows.stages import INFINITE, MEAN_FIELD
from popdyn.workflows.step_answer import step_answer
from popdyn.workflows.stimulus import stimulus_of
from popdyn.workflows.unit_report import (
    curve_drives,
    response_part,
    unit_comparisons,
    unit_curve,
    unit_domains,
    unit_rung,
    unit_tables,
)

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

BIN = 5e-3
MODELS = ("density", INFINITE, "mean closure", MEAN_FIELD, "modes", "unit", "annealed")
FREQUENCIES = np.geomspace(0.5, 300.0, 40)


def report_document(work: Conversion, command: str, spec_text: str) -> dict[str, Any]:
    """Everything that popdyn.report.schema.Report names, from what was computed."""
    names = list(work.network.populations)
    parts = _parts(work)
    settings = parts.pop("settings")
    return {
        "schema": 1,
        "title": f"{work.network.name or 'network'}: conversion to the {work.target} rung",
        "target": work.target,
        "tolerance": work.tolerance,
        "populations": names,
        **({"summary": work.summary} if work.summary else {}),
        **parts,
        "comparisons": [
            *(c.to_dict() for c in work.comparisons),
            *modes_comparisons(work),
            *unit_comparisons(work),
            *node_unit_comparisons(work),
        ],
        "traces": [_trace(work), *parts.get("traces", [])],
        "predictions": predictions(work),
        "spec": to_dict(work.network, arrays=False),
        "spec_text": spec_text,
        "spec_hash": work.network.spec_hash,
        "provenance": _provenance(work, command, settings),
    }


def _parts(work: Conversion) -> dict[str, Any]:
    if isinstance(work.density, CohortDensity | CohortNodes):
        return cohort_parts(work)
    if isinstance(work.density, MixedDensity):
        return mixed_parts(work)
    return network_parts(work) if isinstance(work.density, CoupledDensity) else _alone_parts(work)


def _alone_parts(work: Conversion) -> dict[str, Any]:
    """What only populations that stand alone have: step answers, f-I curves, a fitted unit."""
    names = list(work.network.populations)
    answers = [step_answer(work, name) for name in names if name in work.fits]
    density = work.alone
    return {
        "rungs": _rungs(work),
        "traces": [trace for trace, _ in answers],
        "curves": [_curve(work, name) for name in names if name in work.fits],
        "steps": [step for _, step in answers],
        "responses": [
            response_part(work.unit, n, FREQUENCIES, density.linear_response(FREQUENCIES, population=n)) for n in names
        ],
        "units": unit_tables(work),
        "equations": equations(work),
        "domain": _domain(work),
        "warnings": _warnings(work),
        "settings": {
            "closure": density.closure, "density dt": f"{density.dt * 1e3:g} ms",
            **{f"cells {k}": g.operator.width.size for k, g in density.grids.items()},
            **{f"grid error {k}": f"{g.error:.1e}" for k, g in density.grids.items()},
        },
    }  # fmt: skip


def _rungs(work: Conversion) -> list[dict[str, Any]]:
    size = sum(p.size for p in work.network.populations.values())
    grid = next(iter(work.alone.grids.values()))
    problem = next(iter(work.alone.problems.values()))
    fields = problem.hierarchy(work.alone.closure).order + 1
    cells = grid.operator.width.size

    def cost(name: str) -> float | None:
        found = work.results[name].encoding.get("cpu_s") if name in work.results else None
        return None if found is None else float(found) / work.simulated

    truth_cost = None if work.truth is None or work.truth.reused else work.truth.cpu_s / work.simulated
    rungs: list[dict[str, Any]] = [
        {"name": "spiking", "label": "spiking network", "about": f"{size} neurons, simulated by Brian2",
         "state": f"{size} x (V, w)" if problem.adapts else f"{size} x V", "cpu_s_per_s": truth_cost},
        {"name": "density", "label": "population density", "about": f"closure {work.alone.closure}, nothing fitted",
         "state": f"{cells} x {fields}", "cpu_s_per_s": cost("density")},
        {"name": "mean closure", "label": "density, mean w", "about": "the literature's baseline",
         "state": f"{cells} x 1", "cpu_s_per_s": cost("mean closure")},
        *modes_card(work),
        *unit_rung(work),
    ]  # fmt: skip
    return [rung for rung in rungs if rung["name"] == "spiking" or rung["name"] in work.results]


def _trace(work: Conversion) -> dict[str, Any]:
    truth = None if work.truth is None else work.truth.dataset
    models = {name: work.results[name] for name in MODELS if name in work.results}
    part = trace_part(work.protocol, models, truth, bin=BIN)
    time = np.asarray(part["time"])
    for name, population in part["populations"].items():
        stimulus = stimulus_of(work.network.populations[name], work.network.protocols[work.protocol], time)
        if stimulus is not None:
            population["stimulus"] = stimulus
    return dict(part)


def _curve(work: Conversion, name: str) -> dict[str, Any]:
    mean = Density(work.network, closure="mean", domain=work.alone.domains)
    found = [point.rate for point in mean.transfer(name, curve_drives(work, name))]
    return unit_curve(work, name, {"mean closure": np.array(found)})


def _domain(work: Conversion) -> list[str]:
    return ["white-noise drive; uncoupled populations; the density is N to infinity", *unit_domains(work)]


def _warnings(work: Conversion) -> list[str]:
    lines = list(work.warnings)
    density = work.results["density"].attrs
    if density["positive_steps"]:
        lines.append(f"the positive scheme took {density['positive_steps']} steps of the density rung (first order)")
    used = dict(zip(work.network.populations, density["closures_used"].split(","), strict=True))
    lines += [
        f"population {name}: closure `{work.alone.closure}` left the densities that exist; `{closure}` stands in"
        for name, closure in used.items() if closure != work.alone.closure
    ]  # fmt: skip
    for name, population in work.network.populations.items():
        p = population.neuron.parameters
        if population.poisson:
            mu, sigma = input_statistics(population)
            lines.append(
                f"population {name}: the derived rungs take Poisson input as white noise (mu {mu:.3g} V/s, "
                f"sigma {sigma:.3g} V/sqrt(s)); jumps that are not small against V_th - V_reset cost accuracy: "
                "--to density takes them as jumps"
            )
        if "V_peak" in p and p["V_reset"] > p["V_th"]:
            lines.append(
                f"population {name}: V_reset above V_th bursts; w after reset may be bimodal, outside the domain "
                "where the closures were measured"
            )
    if work.unit is not None and work.results["unit"].attrs.get("outside_domain"):
        lines.append("the protocol leaves the domain that the unit was fitted on")
    return lines


def _provenance(work: Conversion, command: str, settings: dict[str, Any]) -> dict[str, Any]:
    packages = ("popdyn", "numpy", "scipy", "numba", "brian2")
    versions = {name: importlib.metadata.version(name) for name in packages}
    truth = work.truth
    protocol = work.network.protocols[work.protocol]
    if truth is not None:
        found = truth.dataset.attrs
        settings = settings | {f"truth {key}": found[key] for key in ("dt", "method", "backend") if key in found}
    keys = {"truth": truth, "annealed": work.annealed}
    return {
        "command": command, "versions": {**versions, "python": platform.python_version()},
        "seeds": {"protocol": protocol.seed, **({"truth": truth.dataset.attrs.get("seed", 0)} if truth else {})},
        "keys": {"spec": work.network.spec_hash, **{k: found.key for k, found in keys.items() if found and found.key}},
        "costs": work.costs, "settings": settings,
    }  # fmt: skip
