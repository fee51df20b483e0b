"""The density rung of a network: populations that hear each other, heterogeneous or not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import copy

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import UsageError
from popdyn.kernels import network as kernel
from popdyn.kernels.closures import CUMULANT
from popdyn.rungs.bins import BIN, steps_in_bin
from popdyn.rungs.coupled_limits import check_memory, check_synapses
from popdyn.rungs.density_march import Run, advance, by_closures, density_side, not_finite, parts
from popdyn.rungs.derivation import Derivation, derive
from popdyn.rungs.long_run import LongRunOfNodes, adapted, noted
from popdyn.rungs.network_traces import on_bins
from popdyn.rungs.open_loop import open_loop_response
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.theory.network_problem import NetworkNode
from popdyn.theory.problem import CLOSURES, DEFAULT_CLOSURE, need_diffusion
from popdyn.types import Progress

Array = NDArray[np.float64]

DT = 1e-4  # [s]
FINITE_CLOSURE = "hermite2"


def closure_of(closure: str, dt: float, finite: bool) -> str:
    """The closure that is marched with. Raises UsageError for one that there is not, or an odd step."""
    if closure not in CLOSURES:
        raise UsageError(f"closure: got {closure!r}; allowed: {', '.join(CLOSURES)}")
    steps_in_bin(dt)
    return FINITE_CLOSURE if finite and CLOSURES[closure][0] == CUMULANT else closure


class CoupledDensity(LongRunOfNodes):
    """Population densities of a network: connections, delays, finite jumps, heterogeneity, finite size.

    Parameters
    ----------
    network : resolved spec
    closure : of the adaptation, as `Density` has it; at finite size `hermite2`, linear in the density, takes its place
    dt : step [s], a divisor of 1 ms and at most the shortest delay
    tolerance : that quadrature nodes and finite jumps are chosen for
    jumps : finite jumps for delta synapses; None: where the diffusion approximation costs over a third of `tolerance`
    finite : populations have their size, and fluctuate; False: N -> infinity
    regular : recurrent input has the noise of renewal trains (theory.train_noise); False: of Poisson trains
    nodes : of populations, instead of the quadrature's
    progress : called with (fraction, message)

    Valid when
    ----------
    inputs of a neuron are many and weak against V_th - V_reset, and presynaptic trains independent but for the
    population rates they share; what is known of the errors: docs/verification.md.

    Source
    ------
    Brunel and Hakim 1999; finite size: noise on every edge of the density's own Markov chain (kernels.edge_noise).
    """

    name = "density"

    def __init__(
        self, network: Network, *, closure: str = DEFAULT_CLOSURE, dt: float = DT, tolerance: float = 0.02,
        jumps: bool | None = None, finite: bool = False, regular: bool = True,
        nodes: Mapping[str, tuple[NetworkNode, ...]] | None = None, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        self.closure = closure_of(closure, dt, finite)
        for population in network.populations.values():
            need_diffusion(population)
        check_synapses(network, dt)
        self.network, self.dt, self.finite, self.progress = network, dt, finite, progress
        self.settings: dict[str, str | float | bool | None] = {
            "closure": self.closure, "dt": dt, "tolerance": tolerance, "jumps": jumps, "finite": finite,
            "regular": regular,
        }  # fmt: skip
        self.moving = True
        self.derivation: Derivation = derive(
            network, nodes, closure=self.closure, tolerance=tolerance, jumps=jumps, regular=regular
        )
        check_memory(self.derivation, network, dt, finite)

    def still(self) -> CoupledDensity:
        """The same with boundaries that stay and the filters of the synapses, as networks of modes and units have."""
        found = copy(self)
        found.moving = False
        return found

    def other(
        self, *, derivation: Derivation | None = None, closure: str | None = None, dt: float | None = None
    ) -> CoupledDensity:
        """The same from another derivation at the same working point, or with another closure or step."""
        found = copy(self)
        found.derivation, found.closure = derivation or self.derivation, closure or self.closure
        found.dt = dt or self.dt
        return found

    def settling(self) -> float:
        """Of the adaptation [s]."""
        return adapted(self.network)

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` draws the fluctuations of finite size and has no effect without."""
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        run = self.march(chosen, seed)
        traces = on_bins(run.out, self.dt, chosen.transient, counted=self.finite)
        attrs = {
            "rung": self.name, "closure": self.closure, "closures_used": run.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "finite_size": int(self.finite), "nodes": len(self.derivation.grids),
            "mass_error": float(np.abs(run.out[:, :, kernel.MASS] - 1.0).max()),
            "least_density": float(run.watched[:, kernel.LEAST_DENSITY].min()),
            "positive_steps": int(run.watched[:, kernel.POSITIVE_STEPS].sum()),
            "node_rates": noted(self.derivation.problem, run.node_rates),
        }  # fmt: skip
        return traces.dataset(self.network.populations, attrs, began)

    def march(self, protocol: Protocol, seed: int = 0) -> Run:
        """Every step of a protocol, its transient included, with the closure or the next lower one that holds."""
        adapts = any(g.problem.adapts for g in self.derivation.grids)
        return by_closures(lambda closure: self._march(protocol, seed, closure), self.closure, adapts)

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D of one population at the working point, its input held otherwise (open loop).

        Parameters and units as `Density.linear_response`; the closed loop: popdyn.analysis.
        """
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        return open_loop_response(self.derivation, self.closure, frequencies, population, target)

    def equations(self) -> str:
        """The derived equations of every population, its nodes and its projections, with their values."""
        from popdyn.rungs.coupled_text import network_equations

        return network_equations(self.derivation, self.closure)

    def _march(self, protocol: Protocol, seed: int, closure: str) -> Run:
        populations = list(self.network.populations.values())
        own_seed = seed if self.finite else None
        side = density_side(self.derivation, populations, protocol, closure, self.dt, own_seed, moving=self.moving)
        steps, scored = side.mu.shape[1], round(protocol.transient / self.dt)
        for part in parts(steps, scored):
            if part.start == scored:
                side.node_rate[:] = 0.0
            reached = advance(side, part.start, part.stop, self.dt)
            if reached < part.stop:
                raise not_finite(reached * self.dt - protocol.transient, self.dt)
            if self.progress is not None:
                self.progress(part.stop / steps, "integrating the densities")
        return Run(side.out, side.watched, side.node_rate / (steps - scored), closure)
