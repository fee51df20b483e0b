"""What a stimulus kind is: parameters as data and a waveform of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.parameters import Constraint, Parameter

FloatArray = NDArray[np.float64]

TARGET = "target"
"""The pseudo unit of a parameter in that of what the stimulus is added to: mu [V/s], sigma [V/sqrt(s)], nu [1/s]."""


@dataclass(frozen=True)
class Waveform:
    """A function of time [s] with the times at which it jumps; at a jump it has its value to the right."""

    evaluate: Callable[[FloatArray], FloatArray]
    breakpoints: FloatArray = field(default_factory=lambda: np.empty(0))

    def __call__(self, t: FloatArray) -> FloatArray:
        return self.evaluate(np.asarray(t, dtype=np.float64))


@dataclass(frozen=True)
class Span:
    """Time of a protocol, -transient to duration [s], and the words that seed its random waveforms."""

    duration: float
    transient: float
    seed: int = 0
    index: int = 0


@dataclass(frozen=True)
class StimulusKind:
    """One shape of stimulus.

    `make(parameters, span)` is the waveform. `lowest(parameters, span)` is a piecewise-linear function that it never
    goes below, as (times, values) for `piecewise_linear`; None for a random waveform. A `repeated` kind holds several
    values per parameter (tuples).
    """

    name: str
    doc: str
    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...]
    make: Callable[[Mapping[str, Any], Span], Waveform]
    lowest: Callable[[Mapping[str, Any], Span], tuple[FloatArray, FloatArray]] | None
    repeated: bool = False


AT = Parameter("at", "s", "start", 0.0, 0.0, 3600.0)
UNTIL = Parameter("until", "s", "end", "duration", 0.0, 3600.0)
AMPLITUDE = Parameter("amplitude", TARGET, "size of the change")

ENDS_AFTER_START = Constraint("at < until", lambda p: p["at"] < p["until"], "raise until or lower at")
"""`duration` stands beside the parameters of a stimulus when its constraints are tried."""
ENDS_IN_PROTOCOL = Constraint(
    "until <= duration", lambda p: p["until"] <= p["duration"], "lower until or raise the protocol's duration"
)
