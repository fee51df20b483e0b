"""The density rung of a network as a document: the spec and the settings it was derived with; nothing was fitted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict
from popdyn.spec.network import Network
from popdyn.theory.problem import CLOSURES
from popdyn.types import Progress


@dataclass(frozen=True)
class DensityModel:
    """A spec and the options of its density rung."""

    network: Network
    settings: Mapping[str, Any]

    def density(self, *, closure: str | None = None, progress: Progress | None = None) -> CoupledDensity:
        """The rung; nodes, working point and finite jumps are derived anew."""
        chosen = {} if closure is None else {"closure": closure}
        return CoupledDensity(self.network, **{**self.settings, **chosen}, progress=progress)

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it."""
        return {
            "kind": KIND, "schema": SCHEMA, "rung": "density", "spec_hash": self.network.spec_hash,
            "network": to_dict(self.network), "settings": dict(self.settings),
        }  # fmt: skip


def density_model(document: Any, source: str = "") -> DensityModel:
    """The model of a document. Raises SpecError with all faults, `source` named."""
    faults: list[Fault] = []
    top = Reader(document, "", faults)
    for key, wanted in (("kind", KIND), ("schema", SCHEMA), ("rung", "density")):
        top.constant(key, wanted)
    written, spec = top.text("spec_hash"), top.table("network")
    settings = _settings(top.table("settings"))
    if faults:
        raise SpecError(faults, source)
    network = from_dict(spec.data)
    if network.spec_hash != written:
        top.fault("spec_hash", written, "the hash of `network`: the file was edited, convert again")
        raise SpecError(faults, source)
    return DensityModel(network, settings)


def _settings(table: Reader) -> dict[str, Any]:
    closure = table.text("closure")
    if closure not in CLOSURES:
        table.fault("closure", closure, ", ".join(CLOSURES))
    found: dict[str, Any] = {"closure": closure, "dt": table.number("dt", above=0.0)}
    found["tolerance"] = table.number("tolerance", high=1.0, above=0.0)
    for key, allowed in (("jumps", (True, False, None)), ("finite", (True, False)), ("regular", (True, False))):
        found[key] = table.data.get(key)
        if not any(found[key] is value for value in allowed):
            table.fault(key, found[key], ", ".join("null" if v is None else str(v).lower() for v in allowed))
    return found
