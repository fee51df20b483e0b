"""The interfaces that every rung of the ladder has."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

    from popdyn.spec.network import Protocol as StimulusProtocol

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ComplexArray = NDArray[np.complex128]

Progress = Callable[[float, str], None]
"""Called with the fraction that is done and what is being done."""


class Rung(Protocol):
    """Something that turns a protocol into population rates."""

    @property
    def name(self) -> str:
        """What the rung is called on the command line."""
        ...

    def simulate(self, protocol: str | StimulusProtocol, *, seed: int = 0) -> xarray.Dataset:
        """Trajectory under a protocol (a name in the spec, or one built in Python).

        rate [1/s], V_mean [V], w_mean [A] as (run, time, population).
        """
        ...

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        ...


class DerivedRung(Rung, Protocol):
    """A rung that is equations rather than neurons."""

    def linear_response(self, frequencies: FloatArray, *, population: str, target: str = "mu") -> ComplexArray:
        """d rate / d mu [(1/s)/(V/s)] or d rate / d D [(1/s)/(V^2/s)] at each frequency [1/s]."""
        ...

    def equations(self) -> str:
        """The equations with their symbols and values, as text."""
        ...
