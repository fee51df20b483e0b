"""The density rung: one-dimensional population density with a closure for the adaptation, for each population."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import density_1d as kernel
from popdyn.results import make_dataset
from popdyn.rungs.bins import BIN, steps_in_bin
from popdyn.rungs.march import Traces, march, step_drive
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Population, Protocol
from popdyn.stimuli import drive
from popdyn.theory.discretisation import Discretisation, Domain, choose_grid
from popdyn.theory.hierarchy import StationaryState, linear_response
from popdyn.theory.problem import CLOSURES, DEFAULT_CLOSURE, LOWER_CLOSURE, W_UNIT, DensityProblem, density_problem
from popdyn.theory.stationary import find_stationary

Array = NDArray[np.float64]

DT = 1e-4  # [s]


@dataclass(frozen=True)
class TransferPoint:
    """Stationary rate [1/s], <V> [V] and <w> [A] at a constant drive."""

    mu: float
    sigma: float
    rate: float
    V_mean: float
    w_mean: float


class Density:
    """Population density of a network at one closure.

    Parameters
    ----------
    network : resolved spec
    closure : "mean", "hermite1", "hermite2", "hermite3", "gaussian", "cumulant3" (default) or "cumulant4"
    dt : step [s], a divisor of 1 ms
    domain : range of drive per population that the voltage grid must serve; default: what the protocols reach
    refine : divides the spacing of the chosen grid (2 halves it)
    grids : by population, in the place of those that the domain asks for
    scheme : "affine" (second order, positive scheme where it is needed) or "positive" (first order throughout)

    Valid when
    ----------
    white-noise input, sigma > 0; closure errors: docs/verification.md.

    Source
    ------
    Fokker-Planck equation of integrate-and-fire neurons (Brunel and Hakim 1999) with w-moments in a moving frame.
    """

    name = "density"

    def __init__(
        self, network: Network, *, closure: str = DEFAULT_CLOSURE, dt: float = DT,
        domain: Mapping[str, Domain] | None = None, refine: float = 1.0, scheme: str = "affine",
        grids: Mapping[str, Discretisation] | None = None,
    ) -> None:  # fmt: skip
        if closure not in CLOSURES:
            raise UsageError(f"closure: got {closure!r}; allowed: {', '.join(CLOSURES)}")
        steps_in_bin(dt)
        if scheme not in kernel.SCHEMES:
            raise UsageError(f"scheme: got {scheme!r}; allowed: {', '.join(kernel.SCHEMES)}")
        self.network, self.closure, self.dt, self.scheme = network, closure, dt, kernel.SCHEMES[scheme]
        self.problems: dict[str, DensityProblem] = {}
        self.grids: dict[str, Discretisation] = {}
        self.domains: dict[str, Domain] = {}
        for name, population in network.populations.items():
            self.problems[name] = density_problem(population)
            reached = drive_range(network, population, self.problems[name])
            self.domains[name] = (domain or {}).get(name) or reached
            given = (grids or {}).get(name)
            self.grids[name] = given or choose_grid(self.problems[name], self.domains[name], refine=refine)

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` has no effect (the density is deterministic)."""
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        traces = [self._march(population, chosen) for population in self.network.populations.values()]
        stack = {k: np.stack([getattr(t, k) for t in traces], axis=-1)[None] for k in ("rate", "V_mean", "w_mean")}
        attrs = {
            "rung": self.name, "closure": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash,
            "bin": BIN, "dt": self.dt, "seed": seed,
            "mass_error": max(t.mass_error for t in traces), "least_density": min(t.least_density for t in traces),
            "positive_steps": sum(t.positive_steps for t in traces),
            "closures_used": ",".join(t.closure for t in traces),
        }  # fmt: skip
        dataset = make_dataset(traces[0].time, list(self.network.populations), **stack, attrs=attrs)
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def _march(self, population: Population, protocol: Protocol) -> Traces:
        problem, grid = self.problems[population.name], self.grids[population.name]
        steps = step_drive(population, protocol, self.dt)
        closure = self.closure
        while True:
            h = problem.hierarchy(closure)
            try:
                traces = march(
                    grid.operator, h, population.initial, steps, self.dt, protocol.transient, population.name,
                    self.scheme,
                )  # fmt: skip
            except NumericsError:
                if closure not in LOWER_CLOSURE:
                    raise
                closure = LOWER_CLOSURE[closure]
            else:
                return replace(traces, closure=closure)

    def state(
        self, population: str, mu: float | None = None, sigma: float | None = None, near: StationaryState | None = None
    ) -> StationaryState:
        """Stationary state at the spec's drive, or at mu [V/s] and sigma [V/sqrt(s)]."""
        problem = self.problems[population]
        mu, sigma = problem.mu if mu is None else mu, problem.sigma if sigma is None else sigma
        h = problem.hierarchy(self.closure)
        return find_stationary(self.grids[population].operator, h, mu, 0.5 * sigma**2, near)

    def transfer(self, population: str, mu: Array, sigma: float | None = None) -> list[TransferPoint]:
        """Stationary state along a grid of mu [V/s]: the f-I curve, adaptation included."""
        points, near = [], None
        for value in np.asarray(mu, dtype=float):
            near = self.state(population, float(value), sigma, near)
            sigma_here = float(np.sqrt(2 * near.D))
            points.append(TransferPoint(near.mu, sigma_here, near.rate, near.V_mean, near.w_mean * W_UNIT))
        return points

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s]."""
        return {name: self.state(name).rate for name in self.network.populations}

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D at the stationary state, adaptation in the loop.

        Parameters
        ----------
        frequencies : (frequency,) [1/s]
        target : "mu": answer in (1/s)/(V/s); "D" (= sigma^2/2): answer in (1/s)/(V^2/s)
        """
        if target not in ("mu", "D"):
            raise UsageError(f"target: got {target!r}; allowed: mu, D")
        omega = 2 * np.pi * np.asarray(frequencies, dtype=float)
        h = self.problems[population].hierarchy(self.closure)
        return linear_response(self.grids[population].operator, h, self.state(population), omega, target)

    def equations(self) -> str:
        """The derived equations of every population with their values."""
        from popdyn.rungs.density_text import density_equations

        return "\n\n".join(
            density_equations(name, self.closure, self.problems[name], self.grids[name], self.network)
            for name in self.network.populations
        )


def drive_range(network: Network, population: Population, problem: DensityProblem) -> Domain:
    """Least and largest mu and sigma that the protocols of the spec reach, Poisson input included."""
    lows, highs = [(problem.mu, problem.sigma)], [(problem.mu, problem.sigma)]
    poisson_mu = problem.mu - drive(population, _silent, np.zeros(1))[0][0]
    poisson_variance = problem.sigma**2 - population.noise.sigma**2
    for protocol in network.protocols.values():
        t: Array = np.arange(-protocol.transient, protocol.duration, 5e-4, dtype=np.float64)
        mu, sigma = drive(population, protocol, t)
        total = np.sqrt(sigma**2 + poisson_variance)
        lows.append((float(mu.min()) + poisson_mu, float(total.min())))
        highs.append((float(mu.max()) + poisson_mu, float(total.max())))
    (mu_low, sigma_low), (mu_high, sigma_high) = np.min(lows, axis=0), np.max(highs, axis=0)
    return Domain(float(mu_low), float(mu_high), max(float(sigma_low), 0.05 * problem.sigma), float(sigma_high))


_silent = Protocol("silent", 1.0, 0.0, 0)


def with_drive(network: Network, **drive: float) -> Network:
    """The same network with `mu` or `sigma` of every population's white noise replaced (for grids of drives)."""
    populations = {name: replace(p, noise=replace(p.noise, **drive)) for name, p in network.populations.items()}
    return replace(network, populations=populations)
