"""What the kernel of cohort networks is called with for one protocol, and traces on bins of what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels.cohort_network import CohortBank, run_cohorts
from popdyn.kernels.mixed_network import CohortSide
from popdyn.kernels.synapses import Projections
from popdyn.rungs.bank import make_projections
from popdyn.rungs.bins import BIN, bin_centres
from popdyn.rungs.cohort_bank import Noises, channels, make_bank, make_wiring
from popdyn.rungs.cohort_drive import external_rates, mean_drive
from popdyn.rungs.network_traces import NetworkTraces
from popdyn.spec.network import Protocol
from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.gif_problem import GifProblem, modes
from popdyn.theory.hazard_moments import table
from popdyn.theory.network_problem import NetworkProblem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Heard:
    """What populations hear: all inputs, the noise that each population's bring, shares of Poisson's, quenched widths.

    coupling: its network's populations begin with those of escape noise; share (projection,); moments: rates [1/s] and
    mean squares (population,) of the quenched widths.
    """

    coupling: NetworkProblem
    noises: dict[str, Noises]
    shot_noise: str
    share: Array
    moments: tuple[Array, Array]


@dataclass(frozen=True)
class Run:
    """Rates (population, step) [1/s] at the ends of the steps, `cohorts.look` of every bin (population, bin, ...)."""

    rate: Array
    seen: Array
    mu: Array
    gain: Array
    shunt: Array
    D: Array
    bank: CohortBank


def cohort_side(
    heard: Heard, problems: dict[str, GifProblem], grid: AgeGrid, closure: str, protocol: Protocol, dt: float,
    seed: int | None, streams: int = 0,
) -> CohortSide:  # fmt: skip
    """The first state and all drives; seed None: N -> infinity.

    problems: of the populations of escape noise, the network's first; others after them have their rates filled into
    the history by the caller. streams: random streams that others draw from.
    """
    network = heard.coupling.network
    drives = [mean_drive(network.populations[name], protocol, dt) for name in problems]
    mu = np.stack([one for one, _ in drives])
    finite, others = seed is not None, len(network.populations) - len(problems)
    wiring = make_wiring(heard.coupling, heard.noises, heard.shot_noise, heard.share, *heard.moments, finite=finite)
    D = np.zeros((*mu.shape, wiring.gain_D.shape[1]))
    D[:, :, 0] = np.stack([one for _, one in drives])
    projected = _projections(heard, dt)
    none = make_projections(replace(heard.coupling, projections=()), dt, 0.0)
    sources = external_rates(network, protocol, dt)
    external = np.concatenate([np.zeros((others, mu.shape[1])), sources])
    ring = projected.lags.shape[1] + shortest_delay(heard, dt) + 1
    most = max(len(modes(p).names) for p in problems.values())
    count, bins = len(projected.pre), -(-mu.shape[1] // round(BIN / dt))
    return CohortSide(
        make_bank(network, problems, grid, closure, dt, seed=seed, streams=streams), wiring, projected,
        _projections(heard, dt) if finite and others else none,
        np.zeros((2, len(drives) + external.shape[0], ring)), np.zeros((4, count)), external, mu, np.zeros_like(mu),
        np.zeros(mu.shape if wiring.gain_shunt.size else (len(drives), 0)), D,
        np.zeros(mu.shape), np.zeros(mu.shape if others else (len(drives), 0)), np.zeros((len(drives), bins, 2 + most)),
    )  # fmt: skip


def advance(side: CohortSide, block: int, first: int, last: int, dt: float) -> int:
    """Cohorts alone, from step `first` to `last`, `block` (`shortest_delay`) at a time; returns the step reached."""
    part = slice(first, last)
    return first + run_cohorts(
        side.bank, table(), side.wiring, side.projections, side.smooth, side.activity, side.before,
        side.external[:, part], side.mu[:, part], side.gain[:, part], side.shunt[:, part], side.D[:, part], first,
        block, dt, round(BIN / dt), side.rate[:, part], side.expected, side.seen,
    )  # fmt: skip


def run_of(side: CohortSide) -> Run:
    """What a march has left."""
    return Run(side.rate, side.seen, side.mu, side.gain, side.shunt, side.D, side.bank)


def shortest_delay(heard: Heard, dt: float) -> int:
    """Steps after which the first input from a population arrives; those of a bin without connections."""
    projected, (kinds, _) = _projections(heard, dt), channels(heard.coupling)
    inner = [int(first) for first, p in zip(projected.first, kinds, strict=True) if p.pre]
    return max(1, min(inner, default=round(BIN / dt)))


def _projections(heard: Heard, dt: float) -> Projections:
    return make_projections(replace(heard.coupling, projections=channels(heard.coupling)[0]), dt, 0.0)


def on_bins(run: Run, problems: dict[str, GifProblem], dt: float, transient: float, *, finite: bool) -> NetworkTraces:
    """Rates averaged over bins, V_mean and w_mean (the spike-triggered current) at their centres."""
    before = np.concatenate([run.rate[:, :1], run.rate[:, :-1]], axis=1)
    steps = run.rate if finite else 0.5 * (run.rate + before)
    rate = steps.reshape(len(problems), -1, round(BIN / dt)).mean(axis=2)
    V_mean = run.seen[:, :, 0] + np.array([[p.E_L] for p in problems.values()])
    w_mean = np.stack([_current(p, run.seen[q]) for q, p in enumerate(problems.values())])
    return NetworkTraces(bin_centres(rate.shape[1], transient), rate.T[None], V_mean.T[None], w_mean.T[None])


def _current(problem: GifProblem, seen: Array) -> Array:
    """Mean spike-triggered current (bin,) [A]."""
    current = modes(problem).current
    return np.asarray(seen[:, 2 : 2 + current.size] @ current)


def run_away(at: float, dt: float) -> NumericsError:
    """The error of a march that breaks down at time `at` [s]."""
    return NumericsError(f"rates run away at t = {at:.3f} s; weaken excitation, or halve dt (now {dt * 1e3:g} ms)")
