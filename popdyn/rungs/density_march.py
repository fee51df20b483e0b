"""What the kernel of networks of densities is called with for one protocol, and what it leaves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import network as kernel
from popdyn.kernels.mixed_network import DensitySide
from popdyn.kernels.synapses import Projections
from popdyn.rungs.bank import COUNTED_EARLY, finite_size, make_bank, make_projections, make_wiring
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.march import JUST_BEFORE, step_drive
from popdyn.spec.network import Network, Population, Protocol
from popdyn.stimuli import source_rates
from popdyn.theory.problem import LOWER_CLOSURE

Array = NDArray[np.float64]
T = TypeVar("T")
CHUNK = 10_000  # steps between two looks at the clock
START = 5  # steps of backward Euler that damp the corners of the initial density


@dataclass(frozen=True)
class Run:
    """What the kernel leaves: outputs of every step, extremes per node, mean rate of each node over t >= 0 [1/s]."""

    out: Array
    watched: Array
    node_rates: Array
    closure: str


def density_side(
    derivation: Derivation, populations: Collection[Population], protocol: Protocol, closure: str, dt: float,
    seed: int | None, others: int = 0, *, moving: bool = True,
) -> DensitySide:  # fmt: skip
    """The first state and all drives; seed None: N -> infinity; moving: `make_wiring`.

    populations: those of densities, the network's first; after them it has `others`, whose rates the caller fills into
    the first rows of `external`.
    """
    problem, grids = derivation.problem, derivation.grids
    finite = None if seed is None else finite_size(problem, seed)
    mu, D, restart = white_noise(populations, protocol, dt)
    projections = make_projections(problem, dt, 0.0 if finite is None else COUNTED_EARLY)
    smooth = projections if finite is None else make_projections(problem, dt, 0.0)
    external = np.concatenate([np.zeros((others, mu.shape[1])), source_steps(problem.network, protocol, dt)])
    ring = projections.lags.shape[1] + 2
    watched = np.zeros((len(grids), kernel.WATCHED))
    watched[:, [kernel.LOW_MU, kernel.LOW_D]] = np.inf
    watched[:, [kernel.HIGH_MU, kernel.HIGH_D]] = -np.inf
    return DensitySide(
        make_bank(grids, problem, closure, dt, finite),
        make_wiring(problem, grids, derivation.point, dt, finite is not None, moving), projections, smooth,
        np.zeros((2, len(mu) + external.shape[0], ring)), external, mu, D, restart,
        np.zeros((*mu.shape, kernel.OUTPUTS)), np.zeros(len(grids)), watched,
    )  # fmt: skip


def advance(side: DensitySide, first: int, last: int, dt: float) -> int:
    """Densities alone, from step `first` to `last`; returns the step reached."""
    part = slice(first, last)
    return first + kernel.run(
        side.bank, side.wiring, side.projections, side.smooth, side.activity, side.external[:, part],
        side.mu[:, part], side.D[:, part], side.restart[:, part], first, dt, side.out[:, part], side.node_rate,
        side.watched,
    )  # fmt: skip


def shortest_delay(projections: Projections, derivation: Derivation) -> int:
    """Steps after which the first input from another population arrives; 1 without connections."""
    inner = zip(projections.first, derivation.problem.projections, strict=True)
    return max(1, min((int(first) for first, p in inner if p.pre), default=1))


def white_noise(
    populations: Collection[Population], protocol: Protocol, dt: float
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """mu [V/s] and D [V^2/s] of the white noise (population, step), and which steps restart."""
    drives = [step_drive(p, protocol, dt, white=True) for p in populations]
    restart = np.stack([d.restart for d in drives])
    restart[:, :START] = True
    return np.stack([d.mu for d in drives]), np.stack([d.D for d in drives]), restart


def source_steps(network: Network, protocol: Protocol, dt: float) -> Array:
    """Rates [1/s] of the Poisson sources (row, step) at the end of every step."""
    steps = round((protocol.transient + protocol.duration) / dt)
    ends: Array = -protocol.transient + dt * np.arange(1, steps + 1, dtype=np.float64)
    return np.concatenate([source_rates(p, protocol, ends - JUST_BEFORE) for p in network.populations.values()])


def parts(steps: int, scored: int) -> list[slice]:
    """Steps between two looks at the clock; one part starts where scored time does."""
    starts = [*range(0, scored, CHUNK), *range(scored, steps, CHUNK), steps]
    return [slice(first, last) for first, last in pairwise(starts)]


def not_finite(at: float, dt: float) -> NumericsError:
    """The error of a march that breaks down at time `at` [s]."""
    return NumericsError(
        f"the density is no longer finite at t = {at:.4f} s; halve dt (now {dt * 1e3:g} ms) or take a lower closure"
    )


def by_closures(march: Callable[[str], T], closure: str, adapts: bool) -> T:
    """March with the closure, or with the next lower one where its moments stop belonging to a density."""
    while True:
        try:
            return march(closure)
        except NumericsError:
            if closure not in LOWER_CLOSURE or not adapts:
                raise
            closure = LOWER_CLOSURE[closure]
