"""From a document or Python objects to a resolved Network: every default filled in, SI, all faults in one answer."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.spec.connection import resolve_connections
from popdyn.spec.document import check_form, read
from popdyn.spec.names import ELSEWHERE_TOP, NOT_YET_TOP
from popdyn.spec.network import Network, Population, Protocol
from popdyn.spec.population import resolve_population
from popdyn.spec.protocol import baseline, default_transient, resolve_protocol
from popdyn.spec.resolved import spec_hash, to_dict
from popdyn.spec.section import Section, printable, show

SCHEMA = 1
MAX_POPULATIONS = 1000
MAX_NAME = 200


def load(source: str | Path | Mapping[str, Any] | Network, *, folder: str | Path | None = None) -> Network:
    """The resolved network of a spec: a TOML or JSON file, a dict of the same shape, a resolved document, or a Network.

    `folder`: where the files that a dict names lie (a spec file's own folder is used for it).
    Raises SpecError with all faults. Example: load("examples/adapting_population.toml").populations["E"].size == 10000.
    """
    if isinstance(source, Network):
        return resolve(to_dict(source))
    if isinstance(source, Mapping):
        return resolve(source, folder=None if folder is None else Path(folder))
    path = Path(source)
    return resolve(read(path), folder=path.parent, source=printable(str(path)))


def from_dict(document: Mapping[str, Any]) -> Network:
    """The network of a resolved document, as `to_dict` writes it."""
    if document.get("resolved") is not True:
        raise SpecError([Fault("resolved", show(document.get("resolved")), "true", "use load for a spec with units")])
    return load(document)


def resolve(document: Mapping[str, Any], *, folder: Path | None = None, source: str = "") -> Network:
    """The network of a document as a file or a dict has it."""
    faults = check_form(document, source)
    form = {fault.path for fault in faults}
    top = Section(document, "", faults, resolved=document.get("resolved") is True, folder=folder)
    _check_header(top)
    name = _resolve_name(top)
    populations = _resolve_populations(top)
    connections = resolve_connections(top, populations)
    protocols = _resolve_protocols(top, populations)
    top.close(NOT_YET_TOP, ELSEWHERE_TOP)
    if faults:
        raise SpecError([f for i, f in enumerate(faults) if i < len(form) or f.path not in form], source)
    kept = {key: population for key, population in populations.items() if population is not None}
    network = Network(name, kept, protocols, connections, schema=SCHEMA)
    return replace(network, spec_hash=spec_hash(network))


def _check_header(top: Section) -> None:
    _, schema = top.take("schema")
    if schema is not None and (isinstance(schema, bool) or schema != SCHEMA):
        newer = isinstance(schema, int) and schema > SCHEMA
        fix = "a newer popdyn wrote it: update popdyn" if newer else "write schema = 1"
        top.fault("schema", show(schema), str(SCHEMA), fix)
    _, resolved = top.take("resolved")
    if resolved is not None and not isinstance(resolved, bool):
        top.fault("resolved", show(resolved), "true or false", "remove it: popdyn writes it")


def _resolve_name(top: Section) -> str:
    _, name = top.take("name")
    if name is None:
        return ""
    if isinstance(name, str) and len(name) <= MAX_NAME and (not name or name.isprintable()):
        return unicodedata.normalize("NFC", name)
    top.fault("name", show(name), f"printable text of at most {MAX_NAME} characters", "shorten it")
    return ""


def _resolve_populations(top: Section) -> dict[str, Population | None]:
    found = {name: resolve_population(name, section) for name, section in top.named("populations", "population")}
    if not top.given("populations") or (not found and isinstance(top.data["populations"], Mapping)):
        top.fault("populations", "nothing", "tables [populations.NAME]", "add [populations.E] with size = 1000")
    if len(found) > MAX_POPULATIONS:
        top.fault("populations", f"{len(found)} populations", f"at most {MAX_POPULATIONS}", "split the network")
    return found


def _resolve_protocols(top: Section, populations: Mapping[str, Population | None]) -> dict[str, Protocol]:
    good = {key: population for key, population in populations.items() if population is not None}
    transient = default_transient(good)
    found: dict[str, Protocol] = {}
    for name, section in top.named("protocols", "protocol"):
        protocol = resolve_protocol(name, section, populations, transient)
        if protocol is not None:
            found[name] = protocol
    if not top.data.get("protocols"):
        found["baseline"] = baseline(transient)
    return found
