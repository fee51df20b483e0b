"""The density rung of networks of escape-noise neurons: cohorts by last spike time for every population."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import DomainError, NumericsError, UsageError
from popdyn.kernels.cohort_network import CohortBank, run_cohorts
from popdyn.results import make_dataset
from popdyn.rungs.bank import make_projections
from popdyn.rungs.cohort_bank import SHOT_NOISE, channels, colour, make_bank, make_wiring, noises
from popdyn.rungs.cohort_drive import external_rates, mean_drive
from popdyn.rungs.coupled_limits import check_synapses
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.theory.cohort_grid import CLOSURES, AgeGrid, age_grid
from popdyn.theory.cohort_march import DT
from popdyn.theory.cohort_response import linear_response, regular_share
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem, modes
from popdyn.theory.hazard_moments import table
from popdyn.theory.network_problem import NetworkProblem
from popdyn.theory.projections import projections
from popdyn.types import Progress

Array = NDArray[np.float64]

BIN = 1e-3  # [s]
CHUNK = 1.0  # [s] between two looks at the clock
SETTLE = 8.0  # longest time constants before a constant drive is averaged
NARROW = 0.01  # of Delta_V: spread of V by unequal numbers of synapses that is left out
ROUNDS = 3  # of quenched widths and rates
AVERAGED = 5.0  # [s] over which a network of finite size is averaged


def _need_charges(network: Network) -> None:
    """DomainError where a synapse is a conductance: V would no longer be linear between spikes."""
    inner = [c.synapse for c in network.connections]
    outer = [s.synapse for p in network.populations.values() for s in p.poisson]
    if any(s is not None and s.kind == "conductance" for s in [*inner, *outer]):
        raise DomainError(
            'synapse "conductance" at the density rung with escape noise; allowed: synapses whose J is a charge; '
            'take "exponential" with the charge at the mean V, or --rung spiking'
        )


@dataclass(frozen=True)
class Run:
    """Rates (population, step) [1/s] at the ends of the steps, `cohorts.look` of every bin (population, bin, ...)."""

    rate: Array
    seen: Array
    mu: Array
    gain: Array
    D: Array
    bank: CohortBank


class CohortDensity:
    """Populations of escape-noise neurons (models gif, poisson): cohorts by last spike time, coupled or not.

    Parameters
    ----------
    network : resolved spec, all of whose populations have escape noise
    closure : "gaussian" (default): mean and covariance of V, traces and frozen variables in every cohort; "cohort_mean"
    dt : step [s], a divisor of 1 ms and at most the shortest delay
    finite : populations have their size, and fluctuate
    grid : ages at which cohorts are kept apart; default: by tau_m
    shot_noise : of the synapses, "coloured" (default), "white", or "none" (the mean input alone)
    settle : False: trains as irregular as Poisson's, inputs alike for all neurons of a population (no working point)
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
        grid: AgeGrid | None = None, shot_noise: str = "coloured", settle: bool = True,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        if closure not in CLOSURES:
            raise UsageError(f"closure: got {closure!r}; allowed for escape-noise neurons: {', '.join(CLOSURES)}")
        if abs(round(BIN / dt) * dt - BIN) > 1e-12:
            raise UsageError(f"dt: got {dt:g} s; allowed: 1 ms divided by a whole number")
        if shot_noise not in SHOT_NOISE:
            raise UsageError(f"shot_noise: got {shot_noise!r}; allowed: {', '.join(SHOT_NOISE)}")
        check_synapses(network, dt)
        self.network, self.closure, self.dt, self.finite = network, closure, dt, finite
        self.shot_noise = shot_noise
        self.settings: dict[str, str | float | bool] = {
            "closure": closure, "dt": dt, "finite": finite, "shot_noise": shot_noise, "settle": settle
        }  # fmt: skip
        self.progress: Progress | None = None
        _need_charges(network)
        self.coupling = NetworkProblem(network, projections(network), ())
        self.noises = {name: noises(self.coupling, name, shot_noise) for name in network.populations}
        self.moments = (np.zeros(len(network.populations)), np.zeros(len(network.populations)))
        self.share = np.ones(len(self.coupling.projections))
        self.problems = self._problems()
        self.grid = grid or max((age_grid(p) for p in self.problems.values()), key=lambda g: g.levels)
        self._constant: xr.Dataset | None = None
        if network.connections and settle:
            for _ in range(ROUNDS):
                self._settle()
        self.progress = progress

    def rates(self) -> dict[str, float]:
        """Long-run mean rate of each population at constant drive [1/s]: also where the network oscillates."""
        if self._constant is None:
            self._constant = self.simulate(self._at_rest(AVERAGED if self.finite else 1.0))
        mean = self._constant["rate"].sel(time=slice(0.0, None)).mean(("run", "time")).values
        return {name: float(r) for name, r in zip(self.network.populations, mean, strict=True)}

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` draws the spikes of finite size and has no effect without.

        w_mean is the mean spike-triggered current.
        """
        if isinstance(protocol, str) and protocol not in self.network.protocols:
            raise UsageError(f"protocol: got {protocol!r}; allowed: {', '.join(self.network.protocols)}")
        chosen = self.network.protocols[protocol] if isinstance(protocol, str) else protocol
        began = time.process_time()
        run = self.run(chosen, seed if self.finite else None)
        per_bin = round(BIN / self.dt)
        before = np.concatenate([run.rate[:, :1], run.rate[:, :-1]], axis=1)
        steps = run.rate if self.finite else 0.5 * (run.rate + before)
        rate = steps.reshape(len(self.problems), -1, per_bin).mean(axis=2)
        V_mean = run.seen[:, :, 0] + np.array([[p.E_L] for p in self.problems.values()])
        w_mean = np.stack([self._current(q, run.seen[q]) for q in range(len(self.problems))])
        attrs = {
            "rung": self.name, "closure": self.closure, "closures_used": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "finite_size": int(self.finite), "mass_error": float(np.abs(run.seen[:, :, 1] - 1.0).max()),
            "history": self.grid.history, "shot_noise": self.shot_noise,
        }  # fmt: skip
        centres = (np.arange(rate.shape[1]) + 0.5) * BIN - chosen.transient
        names = list(self.network.populations)
        stack = {"rate": rate.T[None], "V_mean": V_mean.T[None], "w_mean": w_mean.T[None]}
        dataset = make_dataset(centres, names, **stack, attrs=attrs)
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

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
        run = self.run(self._at_rest(0.2), None)
        return {name: self._held(run, q) for q, name in enumerate(self.problems)}

    def equations(self) -> str:
        """The derived equations of every population with their values."""
        from popdyn.rungs.cohort_text import cohort_equations

        return cohort_equations(self.network, self.problems, self.coupling, self.closure, self.grid)

    def _at_rest(self, duration: float) -> Protocol:
        slowest = max(p.slowest for p in self.problems.values())
        return Protocol("constant", duration, 0.5 + round(SETTLE * slowest, 1), 0)

    def _problems(self, quenched: frozenset[str] = frozenset()) -> dict[str, GifProblem]:
        return {
            name: gif_problem(p, colours=self.noises[name].colours, quenched=name in quenched)
            for name, p in self.network.populations.items()
        }

    def _current(self, q: int, seen: Array) -> Array:
        """Mean spike-triggered current (bin,) [A] of population q."""
        current = modes(list(self.problems.values())[q]).current
        return np.asarray(seen[:, 2 : 2 + current.size] @ current)

    def _settle(self) -> None:
        """Quenched widths and regularity of the trains at the rates that they lead to: one round."""
        run = self.run(self._at_rest(0.2), None)
        names, late = list(self.problems), round(0.2 / self.dt)
        rates = run.rate[:, -late:].mean(axis=1)
        squares = rates**2 * np.exp([self._log_variance(run.bank, q) for q in range(rates.size)])
        self.moments = (rates, squares)
        width, held = self.coupling.quenched(rates, squares), [self._held(run, q) for q in range(rates.size)]
        for k, p in enumerate(self.coupling.projections):
            if p.pre and self.shot_noise != "none":
                problem, D = held[names.index(p.pre)]
                self.share[k] = regular_share(problem, self.problems[p.post].tau_m, colour(self.coupling, p), D)
        wide = set()
        for name, problem in self.problems.items():
            own = [k for k, p in enumerate(self.coupling.projections) if p.post == name]
            if problem.tau_m * np.sqrt(np.sum(width[own] ** 2)) > NARROW * problem.Delta_V:
                wide.add(name)
        self.problems = self._problems(frozenset(wide))

    def _held(self, run: Run, q: int) -> tuple[GifProblem, Array]:
        """The problem of population q at its mean drive of the last 0.2 s, unequal inputs as spread of mu; its D."""
        late, problem = round(0.2 / self.dt), list(self.problems.values())[q]
        frozen = dict(problem.frozen)
        if frozen.pop("gain", 0.0):
            frozen["mu"] = float(np.hypot(frozen.get("mu", 0.0), run.gain[q, -late:].mean()))
        D = run.D[q, -late:, : 1 + len(problem.colours)].mean(axis=0)
        return replace(problem, mu=float(run.mu[q, -late:].mean()), frozen=frozen), D

    def _log_variance(self, bank: CohortBank, q: int) -> float:
        """Variance over neurons of ln rate, from what frozen variables are on average at a spike: m' C^-1 m."""
        problem = list(self.problems.values())[q]
        m = modes(problem)
        frozen = [i for i in range(len(m.names)) if m.covariance[i, i] > 0.0]
        if not frozen:
            return 0.0
        size = len(m.names)
        at_spike = bank.own[q, 2 * size + 2 :][frozen]
        return float(at_spike @ np.linalg.solve(m.covariance[np.ix_(frozen, frozen)], at_spike))

    def run(self, protocol: Protocol, seed: int | None) -> Run:
        """March through a protocol; seed None: N -> infinity."""
        network, dt = self.network, self.dt
        drives = [mean_drive(p, protocol, dt) for p in network.populations.values()]
        mu = np.stack([one for one, _ in drives])
        bank = make_bank(network, self.problems, self.grid, self.closure, dt, seed=seed)
        wiring = make_wiring(
            self.coupling, self.noises, self.shot_noise, self.share, *self.moments, finite=seed is not None
        )  # fmt: skip
        D = np.zeros((*mu.shape, wiring.gain_D.shape[1]))
        D[:, :, 0] = np.stack([one for _, one in drives])
        gain, (kinds, _) = np.zeros_like(mu), channels(self.coupling)
        projected = make_projections(replace(self.coupling, projections=kinds), dt, 0.0)
        external = external_rates(network, protocol, dt)
        inner = [int(f) for f, p in zip(projected.first, kinds, strict=True) if p.pre]
        block = max(1, min(inner, default=round(BIN / dt)))
        activity = np.zeros((len(drives) + external.shape[0], projected.lags.shape[1] + block + 1))
        before, per_bin, rate = np.zeros((2, len(projected.pre))), round(BIN / dt), np.zeros(mu.shape)
        most = max(len(modes(p).names) for p in self.problems.values())
        seen = np.zeros((mu.shape[0], -(-mu.shape[1] // per_bin), 2 + most))
        for first, last in pairwise([*range(0, mu.shape[1], round(CHUNK / dt)), mu.shape[1]]):
            part = slice(first, last)
            done = run_cohorts(
                bank, table(), wiring, projected, activity, before, external[:, part], mu[:, part], gain[:, part],
                D[:, part], first, block, dt, per_bin, rate[:, part], seen,
            )  # fmt: skip
            if done < last - first:
                raise NumericsError(
                    f"rates run away at t = {(first + done) * dt - protocol.transient:.3f} s; weaken excitation, "
                    f"or halve dt (now {dt * 1e3:g} ms)"
                )
            if self.progress is not None:
                self.progress(last / mu.shape[1], "marching the cohorts")
        return Run(rate, seen, mu, gain, D, bank)
