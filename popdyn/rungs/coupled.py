"""The density rung of a network: populations that hear each other, heterogeneous or not."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import network as kernel
from popdyn.kernels.closures import CUMULANT
from popdyn.results import make_dataset
from popdyn.rungs.bank import COUNTED_EARLY, finite_size, make_bank, make_projections, make_wiring
from popdyn.rungs.coupled_limits import check_memory, check_synapses
from popdyn.rungs.derivation import Derivation, derive
from popdyn.rungs.march import JUST_BEFORE, step_drive
from popdyn.rungs.network_traces import on_bins
from popdyn.rungs.open_loop import open_loop_response
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.stimuli import source_rates
from popdyn.theory.network_problem import NetworkNode
from popdyn.theory.problem import CLOSURES, DEFAULT_CLOSURE, LOWER_CLOSURE
from popdyn.types import Progress

Array = NDArray[np.float64]

DT = 1e-4  # [s]
START = 5  # steps of backward Euler that damp the corners of the initial density
CHUNK = 10_000  # steps between two looks at the clock
AVERAGED = 5.0  # [s] over which a network of finite size is averaged
FINITE_CLOSURE = "hermite2"


@dataclass(frozen=True)
class Run:
    """What the kernel leaves: outputs of every step, extremes per node, mean rate of each node over t >= 0 [1/s]."""

    out: Array
    watched: Array
    node_rates: Array
    closure: str


def _parts(steps: int, scored: int) -> list[slice]:
    """Steps between two looks at the clock; one part starts where scored time does."""
    starts = [*range(0, scored, CHUNK), *range(scored, steps, CHUNK), steps]
    return [slice(first, last) for first, last in pairwise(starts)]


class CoupledDensity:
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
        if closure not in CLOSURES:
            raise UsageError(f"closure: got {closure!r}; allowed: {', '.join(CLOSURES)}")
        if abs(round(1e-3 / dt) * dt - 1e-3) > 1e-12:
            raise UsageError(f"dt: got {dt:g} s; allowed: 1 ms divided by a whole number")
        check_synapses(network, dt)
        self.network, self.dt, self.finite, self.progress = network, dt, finite, progress
        self.closure = FINITE_CLOSURE if finite and CLOSURES[closure][0] == CUMULANT else closure
        self.settings: dict[str, str | float | bool | None] = {
            "closure": self.closure, "dt": dt, "tolerance": tolerance, "jumps": jumps, "finite": finite,
            "regular": regular,
        }  # fmt: skip
        self.derivation: Derivation = derive(
            network, nodes, closure=self.closure, tolerance=tolerance, jumps=jumps, regular=regular
        )
        check_memory(self.derivation, network, dt, finite)
        self._constant: xr.Dataset | None = None

    def rates(self) -> dict[str, float]:
        """Long-run mean rate of each population at constant drive [1/s]: also where the network oscillates.

        Of finite size: over `AVERAGED` s with seed 0.
        """
        mean = self._at_constant_drive()["rate"].sel(time=slice(0.0, None)).mean(("run", "time")).values
        return {name: float(r) for name, r in zip(self.network.populations, mean, strict=True)}

    def node_rates(self) -> list[tuple[str, float, float]]:
        """Population, share of its neurons and long-run mean rate [1/s] of every node, as `rates` has them."""
        return [(n, w, r) for n, w, r in json.loads(self._at_constant_drive().attrs["node_rates"])]

    def _at_constant_drive(self) -> xr.Dataset:
        if self._constant is None:
            longest = max(p.neuron.parameters.get("tau_w", 0.0) for p in self.network.populations.values())
            transient = 0.5 + round(6.0 * longest, 1)
            self._constant = self.simulate(Protocol("constant", AVERAGED if self.finite else 1.0, transient, 0))
        return self._constant

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` draws the fluctuations of finite size and has no effect without."""
        if isinstance(protocol, str) and protocol not in self.network.protocols:
            raise UsageError(f"protocol: got {protocol!r}; allowed: {', '.join(self.network.protocols)}")
        chosen = self.network.protocols[protocol] if isinstance(protocol, str) else protocol
        began = time.process_time()
        run = self._march_lower(chosen, seed)
        traces = on_bins(run.out, self.dt, chosen.transient, counted=self.finite)
        attrs = {
            "rung": self.name, "closure": self.closure, "closures_used": run.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": 1e-3, "dt": self.dt, "seed": seed,
            "finite_size": int(self.finite), "nodes": len(self.derivation.grids),
            "mass_error": float(np.abs(run.out[:, :, kernel.MASS] - 1.0).max()),
            "least_density": float(run.watched[:, kernel.LEAST_DENSITY].min()),
            "positive_steps": int(run.watched[:, kernel.POSITIVE_STEPS].sum()),
            "node_rates": json.dumps([[n, w, r] for n, w, r in self._node_rates(run.node_rates)]),
        }  # fmt: skip
        dataset = make_dataset(
            traces.time, list(self.network.populations), rate=traces.rate, V_mean=traces.V_mean,
            w_mean=traces.w_mean, attrs=attrs,
        )  # fmt: skip
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def march(self, protocol: Protocol) -> Array:
        """Rates (population, step) [1/s] at the end of every step of a protocol, its transient included."""
        return self._march_lower(protocol, 0).out[:, :, kernel.RATE]

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

    def _node_rates(self, rates: Array) -> list[tuple[str, float, float]]:
        nodes = self.derivation.problem.nodes
        return [(n.population, n.weight, float(r)) for n, r in zip(nodes, rates, strict=True)]

    def _march_lower(self, protocol: Protocol, seed: int) -> Run:
        """March with the closure, or with the next lower one where its moments stop belonging to a density."""
        closure = self.closure
        while True:
            try:
                return self._march(protocol, seed, closure)
            except NumericsError:
                if closure not in LOWER_CLOSURE or not any(g.problem.adapts for g in self.derivation.grids):
                    raise
                closure = LOWER_CLOSURE[closure]

    def _march(self, protocol: Protocol, seed: int, closure: str) -> Run:
        problem, grids, point = self.derivation.problem, self.derivation.grids, self.derivation.point
        drives = [step_drive(p, protocol, self.dt, white=True) for p in self.network.populations.values()]
        finite = finite_size(problem, seed) if self.finite else None
        bank = make_bank(grids, problem, closure, self.dt, finite)
        wiring = make_wiring(problem, grids, point, self.dt, self.finite)
        projections = make_projections(problem, self.dt, COUNTED_EARLY if self.finite else 0.0)
        mu, D = np.stack([d.mu for d in drives]), np.stack([d.D for d in drives])
        restart = np.stack([d.restart for d in drives])
        restart[:, :START] = True
        external = self._external(protocol, mu.shape[1])
        smooth = make_projections(problem, self.dt, 0.0) if self.finite else projections
        activity = np.zeros((2, len(drives) + external.shape[0], projections.lags.shape[1] + 2))
        out = np.zeros((*mu.shape, kernel.OUTPUTS))
        node_rate, watched = np.zeros(len(grids)), np.zeros((len(grids), kernel.WATCHED))
        watched[:, [kernel.LOW_MU, kernel.LOW_D]] = np.inf
        watched[:, [kernel.HIGH_MU, kernel.HIGH_D]] = -np.inf
        scored = round(protocol.transient / self.dt)
        for part in _parts(mu.shape[1], scored):
            first = part.start
            if first == scored:
                node_rate[:] = 0.0
            done = kernel.run(
                bank, wiring, projections, smooth, activity, external[:, part], mu[:, part], D[:, part],
                restart[:, part], first, self.dt, out[:, part], node_rate, watched,
            )  # fmt: skip
            if done < mu[:, part].shape[1]:
                raise NumericsError(
                    f"the density is no longer finite at t = {(first + done) * self.dt - protocol.transient:.4f} s; "
                    f"halve dt (now {self.dt * 1e3:g} ms) or take a lower closure"
                )
            if self.progress is not None:
                self.progress(part.stop / mu.shape[1], "integrating the densities")
        return Run(out, watched, node_rate / (mu.shape[1] - scored), closure)

    def _external(self, protocol: Protocol, steps: int) -> Array:
        """Rates [1/s] of the Poisson sources at the end of every step."""
        ends: Array = -protocol.transient + self.dt * np.arange(1, steps + 1, dtype=np.float64)
        populations = self.network.populations.values()
        return np.concatenate([source_rates(p, protocol, ends - JUST_BEFORE) for p in populations])
