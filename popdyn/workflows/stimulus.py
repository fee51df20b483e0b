"""What a protocol drives a population with, in the units of specs, to be drawn above its rates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from popdyn.spec import Population, Protocol
from popdyn.stimuli import drive, waveforms

Array = NDArray[np.float64]


def stimulus_of(population: Population, protocol: Protocol, time: Array) -> dict[str, Any] | None:
    """`label` and `values` at `time` [s] of the first of mu, sigma and nu that varies; None where none does."""
    mu, sigma = drive(population, protocol, time)
    nu = waveforms(protocol, population.name, "nu")(time)
    shown = (
        ("mu [mV/ms]", mu),
        ("sigma [mV/sqrt(ms)]", sigma * np.sqrt(1e3)),
        ("change of the rate of Poisson sources [Hz]", nu),
    )
    return next(({"label": label, "values": values} for label, values in shown if np.ptp(values) > 0), None)
