"""Time steps and bins of the ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.ground_truth.plan import common_delay
from popdyn.neurons import MODELS
from popdyn.spec.network import Network, Population, Protocol

BIN = 1e-3
HALF_BIN = BIN / 2
STEPS = (50e-6, 25e-6, 20e-6, 12.5e-6, 10e-6, 5e-6)
ESCAPE_STEP = 100e-6
"""Where spikes are drawn from a hazard, the bias is of second order."""
BARRIER = 0.5826
"""-zeta(1/2)/sqrt(2 pi): mean overshoot of a Gaussian walk over a barrier in standard deviations of one step
(Siegmund 1985); the barrier is lowered by it where the crossing is a hard threshold under white noise."""


@dataclass(frozen=True)
class TimeGrid:
    """`bins` of 1 ms from `start` (<= 0) [s] in steps of `dt` [s]; one more step closes the last bin."""

    start: float
    bins: int
    dt: float

    @property
    def steps(self) -> int:
        return self.bins * round(BIN / self.dt) + 1

    def midpoints(self) -> NDArray[np.float64]:
        """Protocol time at the middle of each step [s]."""
        return np.asarray(self.start + (np.arange(self.steps) + 0.5) * self.dt, dtype=np.float64)

    def centres(self) -> NDArray[np.float64]:
        """Protocol time at the centre of each bin [s]."""
        return np.asarray(np.round(self.start / BIN + np.arange(self.bins) + 0.5, 6) * BIN, dtype=np.float64)


def time_grid(protocol: Protocol, dt: float) -> TimeGrid:
    """The grid of a protocol: whole bins that cover -transient to duration."""
    ratio = HALF_BIN / dt if 0 < dt <= HALF_BIN else 0.5
    if abs(ratio - round(ratio)) > 1e-6 * ratio:
        examples = ", ".join(f"{step:g}" for step in STEPS)
        raise UsageError(f"dt: got {dt:g} s; allowed: whole fractions of {HALF_BIN:g} s, as {examples}")
    before = _ceil(protocol.transient / BIN)
    return TimeGrid(-before * BIN, before + _ceil(protocol.duration / BIN), dt)


def default_dt(network: Network) -> float:
    """The step at which the bias of the rate is about 0.1 % [s]; measured, see docs/verification.md."""
    largest = min(_default_dt(population, bool(network.connections)) for population in network.populations.values())
    delays = {common_delay(one) for one in network.connections}
    return next(
        (
            step
            for step in (ESCAPE_STEP, *STEPS)
            if step <= largest and all(delay is None or _divides(step, delay) for delay in delays)
        ),
        largest,
    )


def _divides(step: float, delay: float) -> bool:
    return abs(delay / step - round(delay / step)) <= 1e-6 * delay / step


def _default_dt(population: Population, coupled: bool) -> float:
    if MODELS[population.neuron.model].escape:
        return ESCAPE_STEP
    if not MODELS[population.neuron.model].hard_threshold:
        return 20e-6
    if coupled:
        return 50e-6
    events = sum(drive.K * drive.nu for drive in population.poisson)
    return next((step for step in STEPS if step * events <= 0.1), STEPS[-1])


def barrier_shift(population: Population, dt: float) -> float:
    """How far the barrier is lowered per unit of sigma(t) [sqrt(s)]; zero where the spike has a soft onset."""
    return BARRIER * float(np.sqrt(dt)) if MODELS[population.neuron.model].hard_threshold else 0.0


def dead_time(population: Population, dt: float) -> float:
    """The dead time that is simulated [s]: whole steps; any, where spikes are placed within their step."""
    t_ref = population.neuron.parameters.get("t_ref", 0.0)
    return t_ref if MODELS[population.neuron.model].escape else round(t_ref / dt) * dt


def _ceil(ratio: float) -> int:
    return int(np.ceil(ratio - 1e-9))
