"""The two-dimensional density rung: V and w without any closure, N -> infinity; the arbiter of the closures."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import DomainError, NumericsError, UsageError
from popdyn.kernels import density_2d as kernel
from popdyn.results import make_dataset
from popdyn.rungs.bins import BIN, bin_centres
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Population, Protocol
from popdyn.stimuli import drive
from popdyn.theory.diffusion_problem import Problem, make_problem
from popdyn.theory.grid_2d import AdaptationGrid, make_voltage_grid
from popdyn.theory.operator_2d import make_operator, make_refractory, make_work, normal_masses
from popdyn.theory.problem import input_statistics, need_diffusion
from popdyn.theory.stationary_2d import Domain, find_domain, stationary_2d

FloatArray = NDArray[np.float64]

FLOW = 2  # steps of V per step of w
SUBSAMPLES = (np.arange(4) + 0.5) / 4  # the drive of a step is its mean over these
SCOUT = (48, 64)  # cells, nodes of w of the run that finds the range of V and w
NEGLIGIBLE = 1e-8  # mass per cell or node, relative to the largest, that may be left out


@dataclass(frozen=True)
class Trajectory2D:
    """On 1 ms bins: rate [1/s], and at their centres <V> [V], <w> [A], least density of V over its largest, mass - 1.

    `reach_V`, `reach_w`: largest mass in each cell at `V` and node at `w`.
    """

    rate: FloatArray
    V_mean: FloatArray
    w_mean: FloatArray
    least: FloatArray
    mass_error: FloatArray
    V: FloatArray
    reach_V: FloatArray
    w: FloatArray
    reach_w: FloatArray


class Density2D:
    """Population density over (V, w) of every population of a network.

    Parameters
    ----------
    cells : of V; w_nodes : of w; dt : step of V [s], 1 ms over a multiple of 4
    extrapolate : run a second time with twice the cells and half the step and extrapolate (both errors are of second
        order); without it the coarse run alone

    Valid when
    ----------
    sigma > 0. Masses on the nodes of w are signed weights (theory.grid_2d): rates and means converge, single masses
    need not be positive where the density is singular in w. At the defaults the rate is within 0.1 % (nrmse).

    Source
    ------
    Fokker-Planck equation of the model, kernels.density_2d.
    """

    name = "density2d"

    def __init__(
        self, network: Network, *, cells: int = 96, w_nodes: int = 64, dt: float = 2.5e-4, extrapolate: bool = True
    ) -> None:
        per_bin = round(BIN / dt)
        if abs(per_bin * dt - BIN) > 1e-9 * BIN or per_bin % (2 * FLOW):
            raise UsageError(f"dt: got {dt:g} s; allowed: 1 ms divided by a multiple of {2 * FLOW}")
        for population in network.populations.values():
            need_diffusion(population)
        self.network, self.cells, self.w_nodes, self.dt, self.extrapolate = network, cells, w_nodes, dt, extrapolate

    def rates(self) -> dict[str, float]:
        """Stationary rate of each population at its constant drive [1/s], extrapolated (relative error about 1e-6)."""
        return {name: self._stationary(population) for name, population in self.network.populations.items()}

    def simulate(self, protocol: str | Protocol, *, seed: int = 0) -> xr.Dataset:
        """Trajectory under a protocol on 1 ms bins; deterministic, `seed` is only recorded."""
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        runs = [self._march(population, chosen) for population in self.network.populations.values()]
        stack = {k: np.stack([getattr(r, k) for r in runs], axis=-1)[None] for k in ("rate", "V_mean", "w_mean")}
        attrs = {
            "rung": self.name, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt,
            "seed": seed, "cells": self.cells, "w_nodes": self.w_nodes, "extrapolated": self.extrapolate,
            "mass_error": max(float(np.max(np.abs(r.mass_error))) for r in runs),
            "least_density": min(float(r.least.min()) for r in runs),
        }  # fmt: skip
        centres = bin_centres(runs[0].rate.size, chosen.transient)
        dataset = make_dataset(centres, list(self.network.populations), **stack, attrs=attrs)
        dataset.encoding["cpu_s"] = time.process_time() - began
        return dataset

    def _stationary(self, population: Population) -> float:
        neuron = population.neuron
        return stationary_2d(neuron.parameters, neuron.model, *input_statistics(population))[0].rate

    def _march(self, population: Population, protocol: Protocol) -> Trajectory2D:
        domain = outer_domain(population, *step_drive(population, protocol, BIN))
        cells, nodes = SCOUT
        domain = narrowed(domain, march(population, protocol, domain, cells, nodes, 2.5e-4), population)
        coarse = march(population, protocol, domain, self.cells, self.w_nodes, self.dt)
        if not self.extrapolate:
            return coarse
        fine = march(population, protocol, domain, self.cells, self.w_nodes, 0.5 * self.dt, 2)
        best = {k: (4.0 * getattr(fine, k) - getattr(coarse, k)) / 3.0 for k in ("rate", "V_mean", "w_mean")}
        return replace(fine, **best)


def step_drive(population: Population, protocol: Protocol, dt: float) -> tuple[FloatArray, FloatArray]:
    """mu [V/s] and D [V^2/s], means over steps of dt [s] from -transient to duration; Poisson input as mu and sigma."""
    count = round((protocol.transient + protocol.duration) / dt)
    t = -protocol.transient + dt * (np.arange(count)[:, None] + SUBSAMPLES)
    mu, sigma = drive(population, protocol, t.ravel())
    extra_mu, extra_variance = _poisson(population)
    D = 0.5 * ((sigma**2).reshape(t.shape).mean(axis=1) + extra_variance)
    if np.any(D <= 0.0):
        raise DomainError(
            f"protocols.{protocol.name}: population {population.name} has no noise at some time; the density is then "
            "singular: keep sigma above zero"
        )
    return mu.reshape(t.shape).mean(axis=1) + extra_mu, D


def _poisson(population: Population) -> tuple[float, float]:
    sources = population.poisson
    return sum(s.K * s.J * s.nu for s in sources), sum(s.K * s.J**2 * s.nu for s in sources)


def problem_at(population: Population, mu: float, D: float) -> Problem:
    """The population under a constant total drive mu (I_e included) and D."""
    return make_problem(population.neuron.parameters, population.neuron.model, mu, float(np.sqrt(2.0 * D)))


def outer_domain(population: Population, mu: FloatArray, D: FloatArray) -> Domain:
    """Holds the stationary density at the extremes of the drive, and the initial one."""
    corners = [(m, d) for m in (mu.min(), mu.max()) for d in (D.min(), D.max())]
    domains = [find_domain(problem_at(population, float(m), float(d))) for m, d in dict.fromkeys(corners)]
    initial = population.initial
    V_lower = min([d.V_lower for d in domains] + [initial.V_mean - 6.0 * initial.V_std])
    low, high = min(d.w_low for d in domains), max(d.w_high for d in domains)
    p = population.neuron.parameters
    if p.get("a", 0.0) == 0.0 and p.get("b", 0.0) == 0.0:
        return Domain(V_lower, 0.0, 0.0)
    start = 6.0 * initial.w_std
    return Domain(V_lower, min(low, initial.w_mean - start), max(high, initial.w_mean + start))


def narrowed(domain: Domain, scout: Trajectory2D, population: Population) -> Domain:
    """The range of V and w that a coarse run reached, with a margin."""
    low_cell = int(np.flatnonzero(scout.reach_V > NEGLIGIBLE * scout.reach_V.max())[0])
    V_lower = min(float(scout.V[max(low_cell - 1, 0)]), population.neuron.parameters["V_reset"] - 5e-3)
    V_lower = max(domain.V_lower, V_lower)
    if domain.w_low == domain.w_high:
        return replace(domain, V_lower=V_lower)
    seen = np.flatnonzero(scout.reach_w > NEGLIGIBLE * scout.reach_w.max())
    margin = 4.0 * (scout.w[1] - scout.w[0])
    low, high = scout.w[seen[0]] - margin, scout.w[seen[-1]] + margin
    return Domain(V_lower, max(domain.w_low, float(low)), min(domain.w_high, float(high)))


def march(
    population: Population, protocol: Protocol, domain: Domain, cells: int, w_nodes: int, dt: float, refine: int = 1
) -> Trajectory2D:
    """Integrate one population over a protocol on one grid of `cells` x `refine` cells."""
    mu, D = step_drive(population, protocol, dt)
    problem = problem_at(population, *reference_drive(population, protocol))
    p = problem.parameters
    grid = make_voltage_grid(
        problem.drift, domain.V_lower, p["V_reset"], problem.V_barrier, problem.mu, problem.D, cells, refine
    )
    w_grid = AdaptationGrid(np.linspace(domain.w_low, domain.w_high, w_nodes if domain.w_high > domain.w_low else 1))
    n, m = grid.centres.size, w_grid.nodes.size
    operator, refractory = make_operator(problem, grid, w_grid, FLOW * dt), make_refractory(problem, dt)
    initial = population.initial
    masses = normal_masses(grid, w_grid, (initial.V_mean, initial.V_std), (initial.w_mean, initial.w_std))
    past, per_bin = np.zeros((refractory.lag + 2, m)), round(BIN / dt)
    bins, reach_V, reach_w = np.zeros((mu.size // per_bin, kernel.OUTPUTS)), np.zeros(n), np.zeros(m)
    done = kernel.integrate(
        operator, refractory, masses, past, mu, D, dt, FLOW, per_bin, make_work(n, m), bins, reach_V, reach_w
    )
    if done < bins.shape[0]:
        raise NumericsError(f"population {population.name}: two-dimensional density not finite in bin {done}; halve dt")
    rate, V_mean, w_mean, least, total = bins.T.copy()
    return Trajectory2D(rate, V_mean, w_mean, least, total - 1.0, grid.centres, reach_V, w_grid.nodes, reach_w)


def reference_drive(population: Population, protocol: Protocol) -> tuple[float, float]:
    """Typical mu and least D: where the grid is graded for."""
    mu, D = step_drive(population, protocol, BIN)
    return float(np.median(mu)), float(D.min())
