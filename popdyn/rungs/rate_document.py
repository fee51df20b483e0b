"""Simple rate units as a document and back; every field is checked on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.rungs.families import FAMILIES
from popdyn.rungs.families.base import of_unit
from popdyn.rungs.fit_document import domain_of, fit_of
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.rate_population import RatePopulation
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict
from popdyn.spec.network import Network

MOST_VARIABLES = 16
MOST_PARAMETERS = 7 + 2 * MOST_VARIABLES

Contents = tuple[Network | None, dict[str, RatePopulation], dict[str, Any]]


def document_of(
    network: Network | None, units: Mapping[str, RatePopulation], fits: Mapping[str, Any]
) -> dict[str, Any]:
    """The families of the units may differ; a unit of a recording has no network."""
    return {
        "kind": KIND,
        "schema": SCHEMA,
        "rung": "unit",
        "family": "simple",
        "spec_hash": "" if network is None else network.spec_hash,
        "network": None if network is None else to_dict(network),
        "units": {name: _unit_document(unit, fits.get(name, {})) for name, unit in units.items()},
    }


def _unit_document(unit: RatePopulation, fit: Mapping[str, Any]) -> dict[str, Any]:
    numbers = ("adaptation", "drive_scale", "mu0", "sigma0", "start")
    return {
        "family": unit.family,
        "equation": unit.kind.equation,
        **{key: getattr(unit, key) for key in numbers},
        "drive_unit": unit.drive_unit,
        "noise_unit": unit.noise_unit,
        "domain": asdict(unit.domain),
        "parameters": {
            p.name: {"value": unit.values[p.name], "unit": p.unit_in(unit.drive_unit, unit.noise_unit), "doc": p.doc}
            for p in unit.parameters
        },
        "fit": dict(fit),
    }


def unit_of(document: Any, source: str) -> Contents:
    """Network, units and fits of a document. Raises SpecError with all faults, `source` named."""
    faults: list[Fault] = []
    top = Reader(document, "", faults)
    for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "unit"), ("family", "simple")):
        top.constant(key, wanted)
    written, entries = top.text("spec_hash"), top.table("units")
    if faults:
        raise SpecError(faults, source)
    network = None if top.data.get("network") is None else from_dict(top.table("network").data)
    if network is not None and network.spec_hash != written:
        top.fault("spec_hash", written, "the hash of `network`: the file was edited, fit again")
    found = {str(name): entries.table(name) for name in entries.data}
    if not found:
        top.fault("units", "none", "at least one population")
    for name, entry in found.items():
        if network is not None and name not in network.populations:
            faults.append(Fault(entry.path, "no such population", ", ".join(network.populations)))
    units = {name: _unit(entry, name) for name, entry in found.items()}
    fits = {name: fit_of(entry, MOST_PARAMETERS) for name, entry in found.items()}
    if faults:
        raise SpecError(faults, source)
    return network, {name: unit for name, unit in units.items() if unit is not None}, fits


def _unit(entry: Reader, name: str) -> RatePopulation | None:
    before = len(entry.faults)
    family, count = entry.text("family"), entry.number("adaptation", 0, MOST_VARIABLES)
    if family not in FAMILIES:
        entry.fault("family", family, ", ".join(FAMILIES))
    if count != int(count if count == count else 0):
        entry.fault("adaptation", count, "a whole number")
    texts = {key: entry.text(key) for key in ("drive_unit", "noise_unit")}
    domain, mu0, sigma0 = domain_of(entry), entry.number("mu0"), entry.number("sigma0")
    drive_scale, start = entry.number("drive_scale", above=0.0), entry.number("start", low=0.0)
    if len(entry.faults) > before:
        return None
    given = entry.table("parameters")
    varying = {"varying_tau": "quickening" in given.data, "varying_sigma": "threshold_sigma" in given.data}
    values = {}
    for p in of_unit(FAMILIES[family], int(count), **varying):
        table = given.table(p.name)
        table.constant("unit", p.unit_in(texts["drive_unit"], texts["noise_unit"]))
        values[p.name] = table.number("value", above=0.0) if p.log else table.number("value")
    for extra in sorted(set(given.data) - set(values)):
        given.fault(str(extra), "a parameter that the family has not", ", ".join(values))
    if len(entry.faults) > before:
        return None
    drive_unit, noise_unit = texts["drive_unit"], texts["noise_unit"]
    return RatePopulation(
        name, family, values, int(count), drive_scale, mu0, sigma0, domain, start, drive_unit, noise_unit
    )
