"""What a fit hands back: the unit, its parameters with intervals, and its errors on what it saw and did not see."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from popdyn.fitting.measures import Baseline, ProtocolError
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.modes_nodes import Group
from popdyn.rungs.unit import CascadeUnit
from popdyn.theory.discretisation import Domain


@dataclass(frozen=True)
class Estimate:
    """A fitted value with its interval; `identified` is False where the data do not fix it (`why` says how)."""

    name: str
    value: float
    low: float
    high: float
    unit: str
    doc: str
    identified: bool
    why: str = ""


@dataclass(frozen=True)
class ResponseMisfit:
    """max |dH| / max |H| of the complex response to `target` over the band [1/s], and where it is reached [1/s]."""

    target: str
    band: tuple[float, float]
    relative: float
    frequency: float


@dataclass(frozen=True)
class UnitFit:
    """A fitted unit of one population with its report. Errors are fractions, cost is CPU seconds of this process.

    `baselines_not_offered`: units of the literature that do not exist for these neurons, and why.
    """

    unit: CascadeUnit
    population: str
    parameters: tuple[Estimate, ...]
    domain: Domain
    training: tuple[ProtocolError, ...]
    heldout: tuple[ProtocolError, ...]
    baselines: tuple[Baseline, ...]
    baselines_not_offered: str
    response: ResponseMisfit | None
    starts: tuple[float, ...]
    interval: str
    weights: str
    fitted_to: str
    seed: int
    cpu_s: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the same from run to run but for cpu_s."""
        return {
            "family": "cascade",
            "population": self.population,
            "fitted_to": self.fitted_to,
            "parameters": [asdict(p) for p in self.parameters],
            "domain": asdict(self.domain),
            "training": [e.to_dict() for e in self.training],
            "heldout": [e.to_dict() for e in self.heldout],
            "baselines": [b.to_dict() for b in self.baselines],
            "baselines_not_offered": self.baselines_not_offered,
            "response": None if self.response is None else {**asdict(self.response), "band": list(self.response.band)},
            "starts": list(self.starts),
            "interval": self.interval,
            "weights": self.weights,
            "seed": self.seed,
            "cpu_s": self.cpu_s,
        }


@dataclass(frozen=True)
class GroupFit:
    """The unit that the nodes of one kind share in a network, fitted along the drives that they met there.

    `kept`: which of its fits, the one "by itself" or that "in the network of units".
    """

    group: Group
    unit: CascadePopulation
    parameters: tuple[Estimate, ...]
    training: tuple[ProtocolError, ...]
    heldout: tuple[ProtocolError, ...]
    starts: tuple[float, ...]
    fitted_to: str
    seed: int
    kept: str

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "population": self.unit.name, "fitted_to": self.fitted_to, "domain": asdict(self.unit.domain),
            "parameters": [asdict(p) for p in self.parameters], "starts": list(self.starts), "seed": self.seed,
            "kept": self.kept,
            "training": [e.to_dict() for e in self.training], "heldout": [e.to_dict() for e in self.heldout],
        }  # fmt: skip
