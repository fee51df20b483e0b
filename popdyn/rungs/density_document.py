"""The density rung of a network as a document: the spec and the settings it was derived with; nothing was fitted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from popdyn.errors import Fault, SpecError
from popdyn.rungs.choose import has_escape_noise, is_mixed
from popdyn.rungs.cohort_bank import SHOT_NOISE
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.cohort_nodes import CohortNodes, cohort_rung
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.mixed import MixedDensity
from popdyn.rungs.model_reader import Reader
from popdyn.rungs.unit import KIND, SCHEMA
from popdyn.spec import from_dict, to_dict
from popdyn.spec.network import Network
from popdyn.theory import cohort_grid
from popdyn.theory.problem import CLOSURES
from popdyn.types import Progress


@dataclass(frozen=True)
class DensityModel:
    """A spec and the options of its density rung."""

    network: Network
    settings: Mapping[str, Any]

    def density(
        self, *, closure: str | None = None, progress: Progress | None = None
    ) -> CoupledDensity | CohortDensity | CohortNodes | MixedDensity:
        """The rung; nodes, working point and finite jumps are derived anew."""
        options = {**self.settings, **({} if closure is None else {"closure": closure}), "progress": progress}
        if is_mixed(self.network):
            return MixedDensity(self.network, **options)
        if has_escape_noise(self.network):
            return cohort_rung(self.network, **options)
        return CoupledDensity(self.network, **options)

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
    given = top.table("settings")
    if faults:
        raise SpecError(faults, source)
    network = from_dict(spec.data)
    settings = (_cohort_settings if has_escape_noise(network) else _settings)(given)
    if is_mixed(network):
        settings |= _words(given, {"cohort_closure": tuple(cohort_grid.CLOSURES), "shot_noise": SHOT_NOISE})
    if faults:
        raise SpecError(faults, source)
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


def _words(table: Reader, allowed: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    found = {key: table.text(key) for key in allowed}
    for key, words in allowed.items():
        if found[key] not in words:
            table.fault(key, found[key], ", ".join(words))
    return found


def _cohort_settings(table: Reader) -> dict[str, Any]:
    found: dict[str, Any] = {"dt": table.number("dt", above=0.0)}
    found |= _words(table, {"closure": tuple(cohort_grid.CLOSURES), "shot_noise": SHOT_NOISE})
    if "tolerance" in table.data:
        found["tolerance"] = table.number("tolerance", high=1.0, above=0.0)
    for key in ("finite", "settle"):
        found[key] = table.data.get(key)
        if not isinstance(found[key], bool):
            table.fault(key, found[key], "true, false")
    return found
