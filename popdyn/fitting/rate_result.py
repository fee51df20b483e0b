"""What the fit of a simple rate unit hands back: parameters with intervals, errors on what it saw and did not see."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from popdyn.fitting.measures import ProtocolError
from popdyn.rungs.rate_unit import RateUnit
from popdyn.theory.discretisation import Domain

MEANING = {
    False: "Nominal 95 % interval by profile likelihood, the other parameters re-optimised. The data have no sampling "
    "noise; what varies is which stretch of an imperfect model's misfit is fitted: the rise of the sum of squares is "
    "scaled by the scatter of the misfit over blocks of {block:.3g} s. It is no statement about other ranges of input, "
    "nor about spiking neurons.",
    True: "Nominal 95 % interval by profile likelihood, the other parameters re-optimised; residuals are taken for "
    "noise, whose correlation and changing size count through blocks of {block:.3g} s (block bootstrap beside it). "
    "What the family cannot follow counts as noise, too.",
}

SHORT = (
    "recording too short for its correlations: intervals are too narrow. They count the noise in blocks of "
    "{block:.3g} s, a twelfth of what is fitted, and its correlation asks for {wanted:.3g} s"
)


@dataclass(frozen=True)
class RateEstimate:
    """A fitted value with its interval; `identified` is False where the data do not fix it (`why` says how).

    inflation: variance over that of independent residuals; degrees: of freedom behind it; bootstrap: the ends of the
    block bootstrap, for noisy data.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    doc: str
    identified: bool
    why: str
    inflation: float
    degrees: float
    bootstrap: tuple[float, float] | None


@dataclass(frozen=True)
class ResponseError:
    """Of the complex response to `target` over the band [1/s], as fractions of the largest |H| in it, and in degrees.

    relative: max |dH|; magnitude: max ||H_unit| - |H||; phase: largest error where |H| is above `shown` of its largest.
    """

    target: str
    band: tuple[float, float]
    relative: float
    frequency: float
    magnitude: float
    phase: float
    shown: float


@dataclass(frozen=True)
class RateFit:
    """A fitted unit of one population with its report. Errors are fractions, cost is CPU seconds of this process.

    block, block_wanted: length of the blocks behind the intervals, and what the residuals' correlation asks for [s].
    corrected: of a sampled truth, held-out errors without its sampling noise (see popdyn.comparison); None without one.
    """

    unit: RateUnit
    population: str
    family: str
    parameters: tuple[RateEstimate, ...]
    domain: Domain
    training: tuple[ProtocolError, ...]
    heldout: tuple[ProtocolError, ...]
    response: tuple[ResponseError, ...]
    starts: tuple[float, ...]
    noisy: bool
    block: float
    block_wanted: float
    fitted_to: str
    seed: int
    cpu_s: float
    corrected: dict[str, Any] | None = None

    @property
    def unfixed(self) -> tuple[str, ...]:
        """Parameters that the data do not fix."""
        return tuple(p.name for p in self.parameters if not p.identified)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What makes the intervals other than they say."""
        if not self.block < self.block_wanted:
            return ()
        return (SHORT.format(block=self.block, wanted=self.block_wanted),)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the same from run to run but for cpu_s."""
        return {
            "family": self.family,
            "population": self.population,
            "fitted_to": self.fitted_to,
            "parameters": [_entry(asdict(p)) for p in self.parameters],
            "unfixed": list(self.unfixed),
            "domain": asdict(self.domain),
            "training": [_error(e) for e in self.training],
            "heldout": [_error(e) for e in self.heldout],
            "corrected": self.corrected,
            "response": [_entry(asdict(r)) for r in self.response],
            "starts": list(self.starts),
            "blocks": {"used": self.block, "wanted": self.block_wanted},
            "warnings": list(self.warnings),
            "interval": MEANING[self.noisy].format(block=self.block),
            "weights": "residual = (unit - target) in bins over the rms of the target's deviation, each protocol alike",
            "seed": self.seed,
            "cpu_s": self.cpu_s,
        }


def _entry(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in fields.items()}


def _error(error: ProtocolError) -> dict[str, Any]:
    """`target_mean` is of what was fitted: a density, neurons, a recording. A constant rate has no correlation."""
    entry = error.to_dict()
    if not math.isfinite(entry["correlation"]):
        entry["correlation"] = None
    return {**{k: v for k, v in entry.items() if k != "density_mean"}, "target_mean": entry["density_mean"]}
