"""The parts of a report that fitted rate units have, whatever they were fitted to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from popdyn.errors import DomainError
from popdyn.fitting import Estimate, ProtocolError, UnitFit, make_target
from popdyn.rungs.coupled_units import CoupledUnits
from popdyn.rungs.unit import CascadeUnit
from popdyn.theory.discretisation import Domain
from popdyn.types import ComplexArray, FloatArray

if TYPE_CHECKING:
    from popdyn.workflows.conversion import Conversion

BIN = 5e-3
CURVE_POINTS = 17


def unit_rung(work: Conversion) -> list[dict[str, Any]]:
    """The unit's card of the ladder; nothing where there is none."""
    if work.unit is None:
        return []
    found = work.results["unit"].encoding.get("cpu_s")
    if isinstance(work.unit, CoupledUnits):
        units, nodes = work.unit.units, len(work.unit.nodes.weight)
        label, about, of = "rate units", "cascade family, every node fitted to its density", f"{nodes} nodes x "
    else:
        units, of = [*work.unit.units.values()], ""
        label, about = "rate unit", "cascade family, fitted to the density"
    numbers = " or ".join(map(str, sorted({6 + len(unit.adaptation) for unit in units})))
    return [{
        "name": "unit", "label": label, "about": about,
        "state": f"{of}{numbers} numbers", "cpu_s_per_s": found and float(found) / work.simulated,
    }]  # fmt: skip


def unit_comparisons(work: Conversion) -> list[dict[str, Any]]:
    """The unit against the density on protocols that the fit saw and did not see; units of the literature beside it."""
    rows = []
    for name, fit in work.fits.items():
        rows += [error_row(work, {name: error}, "unit", "training") for error in fit.training]
        rows += [error_row(work, {name: error}, "unit", "held out") for error in fit.heldout]
        rows += [error_row(work, {name: error}, b.name, "held out") for b in fit.baselines for error in b.errors]
    return rows


def error_row(work: Conversion, errors: Mapping[str, ProtocolError], model: str, use: str) -> dict[str, Any]:
    """Errors of populations on one protocol, against the density."""
    populations = {name: _measures(error, work.tolerance) for name, error in errors.items()}
    passed = all(measures["verdict"] == "pass" for measures in populations.values())
    return {
        "truth": "density", "model": model, "protocol": next(iter(errors.values())).protocol, "bin": BIN,
        "tolerance": work.tolerance, "populations": populations, "verdict": "pass" if passed else "fail", "use": use,
    }  # fmt: skip


def _measures(error: ProtocolError, tolerance: float) -> dict[str, Any]:
    good = error.nrmse <= tolerance and abs(error.bias) <= tolerance
    return {
        "truth_mean": error.density_mean, "model_mean": error.unit_mean, "nrmse": error.nrmse, "bias": error.bias,
        "correlation": error.correlation, "verdict": "pass" if good else "fail",
    }  # fmt: skip


def unit_table(population: str, estimates: Sequence[Estimate], note: str) -> dict[str, Any]:
    """Fitted parameters with their intervals."""
    parameters = [
        {"name": p.name, "meaning": p.doc, "unit": p.unit, "value": p.value, "low": p.low, "high": p.high,
         "note": "" if p.identified else f"not fixed by the data: {p.why}"}
        for p in estimates
    ]  # fmt: skip
    return {"population": population, "rung": "unit", "family": "cascade", "parameters": parameters, "note": note}


def unit_curve(work: Conversion, name: str, others: dict[str, FloatArray] | None = None) -> dict[str, Any]:
    """Stationary rates of density and unit over the unit's domain; `others`: of further rungs at `curve_drives`."""
    fit, mu = work.fits[name], curve_drives(work, name)
    target, unit = make_target(work.density, name).over(fit.domain), fit.unit.units[name]
    operating, sigma = target.drive
    found = {}
    for value in sorted(mu, key=lambda value: abs(value - operating)):  # each state is found from one nearer by
        found[value] = target.rest(float(value), sigma).rate
    return {
        "population": name, "drive": "mu", "unit": "mV/ms", "values": mu, "operating_point": operating, "truth": None,
        "models": {"density": [found[value] for value in mu], **(others or {}),
                   "unit": [unit.stationary(float(value), sigma)[1].rate for value in mu]},
    }  # fmt: skip


def curve_drives(work: Conversion, name: str) -> FloatArray:
    """mu [V/s] where stationary rates are compared."""
    domain = work.fits[name].domain
    return np.linspace(domain.mu_low, domain.mu_high, CURVE_POINTS)


def response_part(
    unit: CascadeUnit | CoupledUnits | None, name: str, frequencies: FloatArray, density: ComplexArray, note: str = ""
) -> dict[str, Any]:
    """Linear response to mu of the density, and of the unit where there is one."""
    curves, error = {"density": density}, {}
    if unit is not None:
        try:
            curves["unit"] = unit.linear_response(frequencies, population=name)
            error["unit"] = float(np.max(np.abs(curves["unit"] - density)) / np.max(np.abs(density)))
        except DomainError as outside:
            note = f"{note} The unit has none here: {outside}.".strip()
    return {
        "population": name, "target": "mu", "unit": "Hz/(mV/ms)", "frequency": frequencies,
        "magnitude": {k: np.abs(v) for k, v in curves.items()},
        "phase": {k: np.unwrap(np.angle(v)) for k, v in curves.items()}, "error": error,
        **({"note": note} if note else {}),
    }  # fmt: skip


def unit_parts(work: Conversion) -> dict[str, Any]:
    """Tables and curves of the units of populations; nothing where there is none."""
    if not work.fits:
        return {}
    return {
        "units": unit_tables(work),
        "curves": [unit_curve(work, name) for name in work.fits],
    }


def unit_tables(work: Conversion) -> list[dict[str, Any]]:
    """Of the units of populations."""
    return [unit_table(fit.population, fit.parameters, _note(fit)) for fit in work.fits.values()]


def _note(fit: UnitFit) -> str:
    missing = f" Not among the units of the literature: {fit.baselines_not_offered}"
    return fit.interval + (missing if fit.baselines_not_offered else "")


def unit_domains(work: Conversion) -> list[str]:
    """The range of drive that every unit was fitted on, in words."""
    return [f"unit {name}: {in_words(fit.domain)}" for name, fit in work.fits.items()]


def in_words(d: Domain) -> str:
    """A range of drives in the units of specs."""
    root = np.sqrt(1e3)
    return (
        f"mu {d.mu_low:.3g} to {d.mu_high:.3g} mV/ms, "
        f"sigma {d.sigma_low * 1e3 / root:.3g} to {d.sigma_high * 1e3 / root:.3g} mV/sqrt(ms)"
    )
