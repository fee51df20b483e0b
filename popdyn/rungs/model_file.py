"""model.json: a rate model as data. Schema, rung, spec, parameters with units and intervals, domain, error summary.

Reading checks every field and executes nothing; all faults come in one SpecError.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from popdyn.errors import Fault, SpecError
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cascade_parameters import FITTED, CascadeParameters
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.static_gain import AdaptationVariable, GainRow, StaticGain
from popdyn.rungs.unit import CascadeUnit
from popdyn.spec import from_dict, spec_hash, to_dict
from popdyn.theory.discretisation import Domain

KIND, SCHEMA, FAMILY = "popdyn model", 1, "cascade"
MAX_BYTES = 32_000_000
MAX_ROWS, MAX_NODES, MAX_ADAPTATION = 64, 4096, 16


def write_model(unit: CascadeUnit, path: str | Path) -> None:
    """Writes model.json; the same model gives the same bytes."""
    target = Path(path)
    text = json.dumps(document_of(unit), indent=1, sort_keys=True, allow_nan=False)
    staging = target.with_name(target.name + ".part")
    staging.write_text(text + "\n", encoding="utf-8")
    os.replace(staging, target)


def read_model(path: str | Path) -> CascadeUnit:
    """The unit of a model.json. Raises SpecError with all faults."""
    source = Path(path)
    try:
        if source.stat().st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES} bytes")
        document = json.loads(source.read_text(encoding="utf-8"), parse_constant=_refuse)
    except (OSError, ValueError, RecursionError) as error:
        fault = Fault("file", f"{type(error).__name__}: {error}", "a model.json that popdyn wrote", "convert the spec again")
        raise SpecError([fault], str(source)) from None
    return unit_of(document, str(source))


def document_of(unit: CascadeUnit) -> dict[str, Any]:
    """JSON-able document of a model."""
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "rung": unit.name,
        "family": FAMILY,
        "spec_hash": unit.network.spec_hash,
        "network": to_dict(unit.network),
        "units": {name: _population_document(u, unit.fits.get(name, {})) for name, u in unit.units.items()},
    }


def unit_of(document: Any, source: str = "") -> CascadeUnit:
    """The model of a document. Raises SpecError with all faults."""
    faults: list[Fault] = []
    top = Reader(document, "", faults)
    for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "unit"), ("family", FAMILY)):
        top.constant(key, wanted)
    written = top.text("spec_hash")
    spec = top.table("network")
    entries = top.table("units")
    if faults:
        raise SpecError(faults, source)
    network = from_dict(spec.data)
    if spec_hash(network) != written:
        faults.append(Fault("spec_hash", written, "the hash of `network`", "the file was edited; convert again"))
    units, fits = {}, {}
    for name in entries.data:
        entry = entries.table(name)
        if name not in network.populations:
            faults.append(Fault(entry.path, "no such population", ", ".join(network.populations)))
        units[name] = _population(entry, str(name))
        fits[name] = _fit(entry)
    if not units:
        faults.append(Fault("units", "none", "at least one population"))
    if faults:
        raise SpecError(faults, source)
    return CascadeUnit(network, {name: u for name, u in units.items() if u is not None}, fits)


def _population_document(unit: CascadePopulation, fit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "C_m": unit.C_m,
        "reference_rate": unit.reference_rate,
        "reference_sigma": unit.reference_sigma,
        "domain": asdict(unit.domain),
        "parameters": {
            name: {"value": getattr(unit.parameters, name), "unit": p.unit, "doc": p.doc} for name, p in FITTED.items()
        },
        "adaptation": [asdict(v) for v in unit.adaptation],
        "gain": [
            {"sigma": row.sigma, "mu": row.mu.tolist(), "rate": row.rate.tolist(), "V_mean": row.V_mean.tolist()}
            for row in unit.gain.rows
        ],
        "fit": dict(fit),
    }


def _population(entry: Reader, name: str) -> CascadePopulation | None:
    before = len(entry.faults)
    numbers = {key: entry.number(key, above=0.0) for key in ("C_m", "reference_rate", "reference_sigma")}
    domain = entry.table("domain")
    ends = {key: domain.number(key) for key in ("mu_low", "mu_high", "sigma_low", "sigma_high")}
    for low, high in (("mu_low", "mu_high"), ("sigma_low", "sigma_high")):
        if ends[low] > ends[high]:
            domain.fault(low, ends[low], f"at most {high}")
    parameters = entry.table("parameters")
    values = {}
    for key, p in FITTED.items():
        given = parameters.table(key)
        given.constant("unit", p.unit)
        values[key] = given.number("value", p.lower * (1 - 1e-9), p.upper * (1 + 1e-9))
    variables = tuple(
        AdaptationVariable(v.number("a"), v.number("b"), v.number("tau", above=0.0), v.number("E"))
        for v in entry.tables("adaptation", 0, MAX_ADAPTATION)
    )
    rows = tuple(_row(row) for row in entry.tables("gain", 1, MAX_ROWS))
    steps = np.diff([row.sigma for row in rows])
    if len(steps) and (steps.min() <= 0 or np.ptp(steps) > 1e-9 * steps.max()):
        entry.fault("gain", "sigma of the rows", "increasing in equal steps")
    if len(entry.faults) > before:
        return None
    return CascadePopulation(
        name, numbers["C_m"], variables, StaticGain(rows), CascadeParameters(**values), numbers["reference_rate"],
        numbers["reference_sigma"], Domain(**ends),
    )  # fmt: skip


def _row(row: Reader) -> GainRow:
    mu, rate, V_mean = (row.array(key, 4, MAX_NODES) for key in ("mu", "rate", "V_mean"))
    if not len(mu) == len(rate) == len(V_mean):
        row.fault("mu", f"{len(mu)}, {len(rate)}, {len(V_mean)} numbers", "as many mu as rate as V_mean")
    elif np.any(np.diff(mu) <= 0) or np.any(np.diff(rate) <= 0) or np.any(rate <= 0):
        row.fault("rate", "an f-I curve that does not rise", "mu and rate increasing, rate above 0")
    return GainRow(row.number("sigma", 0.0), mu, rate, V_mean)


def _fit(entry: Reader) -> Mapping[str, Any]:
    """The report of the fit as it was written; what `equations` prints of it is checked."""
    fit = entry.table("fit")
    if "parameters" in fit.data:
        for p in fit.tables("parameters", 0, len(FITTED)):
            p.text("name")
            p.number("low")
            p.number("high")
            if not isinstance(p.data.get("identified"), bool):
                p.fault("identified", p.data.get("identified"), "true or false")
    return fit.data


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is not a number of a model")
