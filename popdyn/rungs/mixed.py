"""The density rung of a network that mixes diffusion densities with cohorts of escape-noise neurons."""

from __future__ import annotations

import time
from copy import copy
from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.kernels import mixed_network
from popdyn.kernels import network as kernel
from popdyn.neurons import MODELS
from popdyn.rungs import cohort_march, density_march, network_traces
from popdyn.rungs.bins import BIN
from popdyn.rungs.cohort_bank import noises
from popdyn.rungs.cohort_density import SETTLE
from popdyn.rungs.coupled import DT, closure_of
from popdyn.rungs.coupled_limits import check_memory, check_synapses
from popdyn.rungs.derivation import Derivation, derive
from popdyn.rungs.long_run import LongRunOfNodes, adapted, noted
from popdyn.rungs.open_loop import open_loop_response
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.theory.cohort_grid import AgeGrid, age_grid
from popdyn.theory.cohort_response import linear_response
from popdyn.theory.gif_population import gif_problem
from popdyn.theory.gif_problem import GifProblem
from popdyn.theory.hazard_moments import table
from popdyn.theory.problem import DEFAULT_CLOSURE
from popdyn.types import Progress

Array = NDArray[np.float64]


def by_kind(network: Network) -> tuple[list[str], list[str]]:
    """Names of the populations that are densities, and of those that are cohorts."""
    escape = {name: MODELS[p.neuron.model].escape for name, p in network.populations.items()}
    return [name for name in escape if not escape[name]], [name for name in escape if escape[name]]


def in_order(network: Network) -> Network:
    """The network with the populations that are densities first."""
    densities, cohorts = by_kind(network)
    return replace(network, populations={name: network.populations[name] for name in (*densities, *cohorts)})


class MixedDensity(LongRunOfNodes):
    """Densities (lif, eif, adex) and cohorts (gif, poisson) that hear each other, with delays, synapses and noise.

    Parameters
    ----------
    network : resolved spec with populations of both kinds
    closure, dt, tolerance, jumps, finite, regular : as `CoupledDensity`; the step is that of the cohorts, too
    cohort_closure, shot_noise, grid : as `closure`, `shot_noise`, `grid` of `CohortDensity`
    derivation : made before, of this network with the populations of densities first (`in_order`)
    progress : called with (fraction, message)

    Valid when
    ----------
    `CoupledDensity` and `CohortDensity` are, each for its kind. At finite size each hears the spikes that the other
    fired; the variance of its input follows the expected ones.
    """

    name = "density"

    def __init__(
        self, network: Network, *, closure: str = DEFAULT_CLOSURE, dt: float = DT, tolerance: float = 0.02,
        jumps: bool | None = None, finite: bool = False, regular: bool = True, cohort_closure: str = "gaussian",
        shot_noise: str = "coloured", grid: AgeGrid | None = None, derivation: Derivation | None = None,
        progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.closure = closure_of(closure, dt, finite)
        check_synapses(network, dt)
        self.network, self.dt, self.finite, self.progress = network, dt, finite, progress
        self.cohort_closure, self.shot_noise = cohort_closure, shot_noise
        self.settings: dict[str, str | float | bool | None] = {
            "closure": self.closure, "dt": dt, "tolerance": tolerance, "jumps": jumps, "finite": finite,
            "regular": regular, "cohort_closure": cohort_closure, "shot_noise": shot_noise,
        }  # fmt: skip
        self.densities, self.cohorts = by_kind(network)
        self.derivation = derivation or derive(
            in_order(network), closure=self.closure, tolerance=tolerance, jumps=jumps, regular=regular
        )
        self.moving = True
        check_memory(self.derivation, network, dt, finite)
        self.heard = self._heard()
        self.problems = self._problems()
        self.grid = grid or max((age_grid(p) for p in self.problems.values()), key=lambda g: g.history)

    def still(self) -> MixedDensity:
        """As `CoupledDensity.still`."""
        found = copy(self)
        found.moving = False
        return found

    def other(self, *, derivation: Derivation) -> MixedDensity:
        """As `CoupledDensity.other`."""
        found = copy(self)
        found.derivation = derivation
        return found

    def settling(self) -> float:
        """Of the slowest variable of either kind [s]."""
        return max(adapted(self.network), *(SETTLE * p.slowest for p in self.problems.values()))

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` draws the fluctuations of finite size and has no effect without.

        w_mean is the mean adaptation current, of cohorts the spike-triggered one.
        """
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        adapts = any(g.problem.adapts for g in self.derivation.grids)
        run, cohorts = density_march.by_closures(lambda c: self.run(chosen, seed, c), self.closure, adapts)
        parts = (
            network_traces.on_bins(run.out, self.dt, chosen.transient, counted=self.finite),
            cohort_march.on_bins(cohorts, self.problems, self.dt, chosen.transient, finite=self.finite),
        )
        place = [[*self.densities, *self.cohorts].index(name) for name in self.network.populations]
        traces = {
            kind: np.concatenate([getattr(one, kind) for one in parts], axis=2)[:, :, place]
            for kind in ("rate", "V_mean", "w_mean")
        }
        made = network_traces.NetworkTraces(parts[0].time, **traces)
        return made.dataset(self.network.populations, self._attributes(chosen, seed, run, cohorts), began)

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D of one population at the working point, its input held otherwise (open loop).

        Parameters and units as `Density.linear_response`.
        """
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        if population in self.densities:
            return open_loop_response(self.derivation, self.closure, frequencies, population, target)
        held, D = self.working_point()[population]
        return linear_response(held, frequencies, target, grid=self.grid, closure=self.cohort_closure, D=D)

    def working_point(self) -> dict[str, tuple[GifProblem, Array]]:
        """Of every population of cohorts its problem at its mean drive and its D (source,) [V^2/s]: input held."""
        return {name: (held.problem, held.D) for name, held in self.derivation.held.items()}

    def equations(self) -> str:
        """The derived equations of every population and its projections, with their values."""
        from popdyn.rungs.cohort_text import cohort_equations
        from popdyn.rungs.coupled_text import network_equations

        cohorts = cohort_equations(self.network, self.problems, self.heard.coupling, self.cohort_closure, self.grid)
        return f"{network_equations(self.derivation, self.closure)}\n\n{cohorts}"

    def run(self, protocol: Protocol, seed: int, closure: str) -> tuple[density_march.Run, cohort_march.Run]:
        """March both kinds through a protocol."""
        dt, derivation = self.dt, self.derivation
        own_seed = seed if self.finite else None
        populations = [self.network.populations[name] for name in self.densities]
        side = density_march.density_side(
            derivation, populations, protocol, closure, dt, own_seed, others=len(self.cohorts), moving=self.moving
        )
        cohorts = cohort_march.cohort_side(
            self.heard, self.problems, self.grid, self.cohort_closure, protocol, dt, own_seed,
            streams=len(derivation.problem.nodes),
        )  # fmt: skip
        block = density_march.shortest_delay(side.projections, derivation)
        steps, scored, every = side.mu.shape[1], round(protocol.transient / dt), round(BIN / dt)
        for part in density_march.parts(steps, scored):
            if part.start == scored:
                side.node_rate[:] = 0.0
            reached = mixed_network.run_mixed(side, cohorts, table(), part.start, part.stop, block, dt, every)
            if reached < part.stop:
                raise density_march.not_finite(reached * dt - protocol.transient, dt)
            if self.progress is not None:
                self.progress(part.stop / steps, "integrating densities and cohorts")
        made = density_march.Run(side.out, side.watched, side.node_rate / (steps - scored), closure)
        return made, cohort_march.run_of(cohorts)

    def _heard(self) -> cohort_march.Heard:
        """What cohorts hear: the network with their populations first, and the inputs that end in these alone."""
        problem, point, held = self.derivation.problem, self.derivation.point, self.derivation.held
        order = [*self.cohorts, *self.densities]
        network = replace(problem.network, populations={name: self.network.populations[name] for name in order})
        own = [k for k, p in enumerate(problem.projections) if p.post in self.cohorts]
        coupling = replace(problem, network=network, projections=tuple(problem.projections[k] for k in own), nodes=())
        place = [problem.names.index(name) for name in order]
        return cohort_march.Heard(
            coupling, {name: noises(coupling, name, self.shot_noise) for name in self.cohorts}, self.shot_noise,
            np.array([held[problem.projections[k].post].share.get(k, 1.0) for k in own]),
            (point.rates[place], point.squares[place]),
        )  # fmt: skip

    def _problems(self) -> dict[str, GifProblem]:
        held, sources = self.derivation.held, self.heard.noises
        return {
            name: gif_problem(
                self.network.populations[name], colours=sources[name].colours, reversals=sources[name].reversals,
                quenched=held[name].wide,
            )
            for name in self.cohorts
        }  # fmt: skip

    def _attributes(
        self, protocol: Protocol, seed: int, run: density_march.Run, cohorts: cohort_march.Run
    ) -> dict[str, object]:
        off = (run.out[:, :, kernel.MASS], cohorts.seen[:, :, 1])
        return {
            "rung": self.name, "closure": self.closure, "closures_used": run.closure, "protocol": protocol.name,
            "spec_hash": under_protocol(self.network, protocol).spec_hash, "bin": BIN, "dt": self.dt,
            "seed": seed, "finite_size": int(self.finite), "nodes": len(self.derivation.grids),
            "mass_error": max(float(np.abs(mass - 1.0).max()) for mass in off),
            "least_density": float(run.watched[:, kernel.LEAST_DENSITY].min()),
            "positive_steps": int(run.watched[:, kernel.POSITIVE_STEPS].sum()),
            "node_rates": noted(self.derivation.problem, run.node_rates),
            "cohort_closure": self.cohort_closure, "history": self.grid.history, "shot_noise": self.shot_noise,
        }  # fmt: skip
