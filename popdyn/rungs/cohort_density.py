"""The density rung of networks of escape-noise neurons: cohorts by last spike time for every population."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.rungs.bins import BIN, steps_in_bin
from popdyn.rungs.cohort_bank import SHOT_NOISE, colour, noises
from popdyn.rungs.cohort_march import Heard, Run, advance, cohort_side, on_bins, run_away, run_of, shortest_delay
from popdyn.rungs.coupled_limits import check_synapses
from popdyn.rungs.escape_corrections import is_wide
from popdyn.rungs.long_run import LongRun, constant
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.theory.cohort_grid import CLOSURES, AgeGrid, age_grid
from popdyn.theory.cohort_march import DT
from popdyn.theory.cohort_response import linear_response, regular_share
from popdyn.theory.escape_nodes import log_variance
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.projections import projections
from popdyn.types import Progress

Array = NDArray[np.float64]

CHUNK = 1.0  # [s] between two looks at the clock
SETTLE = 8.0  # longest time constants before a constant drive is averaged
HELD = 0.2  # [s] at the end of a constant drive, whose means are the working point
ROUNDS = 3  # of quenched widths and rates


class CohortDensity(LongRun):
    """Populations of escape-noise neurons (models gif, poisson): cohorts by last spike time, coupled or not.

    Parameters
    ----------
    network : resolved spec, all of whose populations have escape noise
    closure : "gaussian" (default): mean and covariance of V, traces and frozen variables in every cohort, third
        cumulants of V under white noise and of skewed frozen variables; "cohort_mean"
    dt : step [s], a divisor of 1 ms and at most the shortest delay
    finite : populations have their size, and fluctuate
    grid : ages at which cohorts are kept apart; default: by tau_m
    shot_noise : of the synapses, "coloured" (default), "white", or "none" (the mean input alone)
    settle : False: trains as irregular as Poisson's, inputs alike for all neurons of a population (no working point)
    scale : of all charges J, for neurons whose C_m is not that which J was taken at
    progress : called with (fraction, message)

    Valid when
    ----------
    V given a cohort is near normal: closure errors in docs/theory/cohorts.md.

    Source
    ------
    Refractory density of escape-noise neurons (Gerstner et al. 2014; Schwalger et al. 2017) with a rank-one
    assumed-density update of each cohort's moments.
    """

    name = "density"

    def __init__(
        self, network: Network, *, closure: str = "gaussian", dt: float = DT, finite: bool = False,
        grid: AgeGrid | None = None, shot_noise: str = "coloured", settle: bool = True, scale: float = 1.0,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        if closure not in CLOSURES:
            raise UsageError(f"closure: got {closure!r}; allowed for escape-noise neurons: {', '.join(CLOSURES)}")
        steps_in_bin(dt)
        if shot_noise not in SHOT_NOISE:
            raise UsageError(f"shot_noise: got {shot_noise!r}; allowed: {', '.join(SHOT_NOISE)}")
        check_synapses(network, dt)
        self.network, self.closure, self.dt, self.finite = network, closure, dt, finite
        self.shot_noise = shot_noise
        self.settings: dict[str, str | float | bool] = {
            "closure": closure, "dt": dt, "finite": finite, "shot_noise": shot_noise, "settle": settle
        }  # fmt: skip
        self._options: dict[str, Any] = {**self.settings, "grid": grid, "scale": scale}
        self.progress: Progress | None = None
        inputs = tuple(replace(p, J=scale * p.J) for p in projections(network))
        self.coupling = NetworkProblem(network, inputs, ())
        self.noises = {name: noises(self.coupling, name, shot_noise) for name in network.populations}
        self.moments = (np.zeros(len(network.populations)), np.zeros(len(network.populations)))
        self.share = np.ones(len(self.coupling.projections))
        self.problems = self._problems()
        self.grid = grid or max((age_grid(p) for p in self.problems.values()), key=lambda g: g.history)
        if network.connections and settle:
            for _ in range(ROUNDS):
                self._settle()
        self.progress = progress

    def like(self, **changed: Any) -> CohortDensity:
        """The same with other options."""
        return CohortDensity(self.network, **{**self._options, **changed})

    @property
    def heard(self) -> Heard:
        """What populations hear of each other."""
        return Heard(self.coupling, self.noises, self.shot_noise, self.share, self.moments)

    @property
    def cohort_closure(self) -> str:
        """The closure, by the name that it has where there are densities, too."""
        return self.closure

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` draws the spikes of finite size and has no effect without.

        w_mean is the mean spike-triggered current.
        """
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        run = self.run(chosen, seed if self.finite else None)
        traces = on_bins(run, self.problems, self.dt, chosen.transient, finite=self.finite)
        attrs = {
            "rung": self.name, "closure": self.closure, "closures_used": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "finite_size": int(self.finite), "mass_error": float(np.abs(run.seen[:, :, 1] - 1.0).max()),
            "history": self.grid.history, "shot_noise": self.shot_noise,
        }  # fmt: skip
        return traces.dataset(self.network.populations, attrs, began)

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D of one population, its input from others held as it is on average (open loop).

        Parameters and units as `Density.linear_response`.
        """
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        held, D = self.working_point()[population]
        return linear_response(held, frequencies, target, grid=self.grid, closure=self.closure, D=D)

    def working_point(self) -> dict[str, tuple[GifProblem, Array]]:
        """Of every population the problem at its mean drive and its D (source,) [V^2/s]: input from others held."""
        run = self._held_drive()
        return {name: self._held(run, q) for q, name in enumerate(self.problems)}

    def equations(self) -> str:
        """The derived equations of every population with their values."""
        from popdyn.rungs.cohort_text import cohort_equations

        return cohort_equations(self.network, self.problems, self.coupling, self.closure, self.grid)

    def settling(self) -> float:
        """Of the slowest variable [s]."""
        return SETTLE * max(p.slowest for p in self.problems.values())

    def _held_drive(self) -> Run:
        """March until the end of `HELD` s at constant drive."""
        return self.run(constant(self.network, HELD, self.settling()), None)

    def _problems(self, quenched: frozenset[str] = frozenset()) -> dict[str, GifProblem]:
        return {
            name: gif_problem(
                p, colours=self.noises[name].colours, reversals=self.noises[name].reversals, quenched=name in quenched
            )
            for name, p in self.network.populations.items()
        }

    def _settle(self) -> None:
        """Quenched widths and regularity of the trains at the rates that they lead to: one round."""
        run = self._held_drive()
        names, late = list(self.problems), round(HELD / self.dt)
        rates = run.rate[:, -late:].mean(axis=1)
        problems = self.problems.values()
        squares = rates**2 * np.exp([log_variance(p, run.bank.own[q]) for q, p in enumerate(problems)])
        self.moments = (rates, squares)
        width, held = self.coupling.quenched(rates, squares), [self._held(run, q) for q in range(rates.size)]
        for k, p in enumerate(self.coupling.projections):
            if p.pre and self.shot_noise != "none":
                problem, D = held[names.index(p.pre)]
                post = held[names.index(p.post)][0]
                self.share[k] = regular_share(problem, post.tau_eff, colour(self.coupling, p), D)
        wide = set()
        for name, problem in self.problems.items():
            own = [k for k, p in enumerate(self.coupling.projections) if p.post == name]
            if is_wide(problem, float(np.sqrt(np.sum(width[own] ** 2)))):
                wide.add(name)
        self.problems = self._problems(frozenset(wide))

    def _held(self, run: Run, q: int) -> tuple[GifProblem, Array]:
        """The problem of population q at its mean drive of the last `HELD` s, unequal inputs as spread of mu; its D."""
        late, problem = round(HELD / self.dt), list(self.problems.values())[q]
        frozen = dict(problem.frozen)
        if frozen.pop("gain", 0.0):
            frozen["mu"] = float(np.hypot(frozen.get("mu", 0.0), run.gain[q, -late:].mean()))
        D = run.D[q, -late:, : 1 + len(problem.colours)].mean(axis=0)
        shunt = float(run.shunt[q, -late:].mean()) if run.shunt.size else 0.0
        return replace(problem, mu=float(run.mu[q, -late:].mean()), frozen=frozen, shunt=shunt), D

    def run(self, protocol: Protocol, seed: int | None) -> Run:
        """March through a protocol; seed None: N -> infinity."""
        heard = self.heard
        side = cohort_side(heard, self.problems, self.grid, self.closure, protocol, self.dt, seed)
        steps, block = side.mu.shape[1], shortest_delay(heard, self.dt)
        for first, last in pairwise([*range(0, steps, round(CHUNK / self.dt)), steps]):
            reached = advance(side, block, first, last, self.dt)
            if reached < last:
                raise run_away(reached * self.dt - protocol.transient, self.dt)
            if self.progress is not None:
                self.progress(last / steps, "marching the cohorts")
        return run_of(side)
