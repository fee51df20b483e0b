"""The unit rung of a network: every node a cascade unit, coupled as the densities are."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from popdyn.errors import NumericsError
from popdyn.kernels import unit_network as kernel
from popdyn.kernels.cascade_slots import Unit, in_lanes, slots, start
from popdyn.kernels.lanes import aligned
from popdyn.kernels.modes_network import OUTSIDE, WATCHED, settle
from popdyn.kernels.unit_blocks import Units
from popdyn.rungs.bank import make_projections
from popdyn.rungs.bins import BIN, bin_centres, step_middles, steps_in_bin
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_limits import check_synapses
from popdyn.rungs.derivation import Derivation
from popdyn.rungs.domain import report_outside
from popdyn.rungs.long_run import ADAPTATION_TIMES, LongRunOfNodes, noted
from popdyn.rungs.modes_nodes import Group, make_nodes
from popdyn.rungs.network_traces import NetworkTraces
from popdyn.rungs.open_loop import open_loop_of_units
from popdyn.rungs.unit import DT, start_of
from popdyn.rungs.units_document import units_document, units_of
from popdyn.rungs.units_text import units_equations
from popdyn.spec import under_protocol
from popdyn.spec.network import Network, Protocol
from popdyn.stimuli import drive, source_rates

Array = NDArray[np.float64]

REMEDY = "fit them on a wider domain, or take the modes rung, which keeps the density's own modes"


@dataclass(frozen=True)
class Prepared:
    """Tables of all kinds (row, e, column); of every node its slots (node, slot) and currents (node, variable)."""

    table: Array
    columns: Array
    current: Array

    def units(self, networks: int = 1) -> Units:
        """What the kernel steps through: the nodes of so many networks side by side."""
        lanes = in_lanes(np.tile(self.columns, (networks, 1)))
        current = np.tile(self.current, (networks, 1))
        return Units(self.table.reshape(-1), self.table[0].size, lanes, current.shape[1], current)


class CoupledUnits(LongRunOfNodes):
    """Populations of a network as cascade units: connections, delays, heterogeneity; N -> infinity.

    Parameters
    ----------
    density : that the units were fitted to: nodes and working point
    groups, units : which nodes share a unit, and the unit of each group
    dt : step [s], 1 ms over a whole number
    fits : what the fit reported of each group (JSON-able)

    Every node hears mu = mu_0 + sum_k K_k J_k u_k and sigma^2 = sigma_0^2 + f sum_k K_k J_k^2 v_k of its projections k,
    as the density's nodes do; f has finite jumps and the regularity of trains in it, at the working point.
    Valid on the drives that the units were fitted along; outside, a warning and a flagged result, or a refusal.
    """

    name = "unit"

    def __init__(
        self, density: CoupledDensity, groups: list[Group], units: list[CascadePopulation], dt: float = DT,
        fits: list[Mapping[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        steps_in_bin(dt)
        check_synapses(density.network, dt)
        self.derivation: Derivation = density.derivation
        self.network, self.closure, self.settings = density.network, density.closure, density.settings
        self.groups, self.units, self.dt = groups, units, dt
        self.fits = fits or [{} for _ in units]
        gains = [partial(_rate, unit) for unit in units]
        self.nodes = make_nodes(self.derivation, groups, [u.domain for u in units], gains, self.closure, dt)

    def settling(self) -> float:
        """Of the slowest adaptation of a unit [s]."""
        return ADAPTATION_TIMES * max((v.tau for unit in self.units for v in unit.adaptation), default=0.0)

    def simulate(self, protocol: str | Protocol, *, seed: int = 0, strict: bool = False) -> xr.Dataset:
        """Trajectory on 1 ms bins; `seed` has no effect.

        Raises DomainError outside the domain where `strict`; NumericsError where a rate is not finite.
        """
        chosen = self.network.protocol(protocol)
        began = time.process_time()
        out, node_rate, watched = self._march(chosen)
        scored = round(chosen.duration / self.dt)
        share = self._outside(watched, scored, strict=strict)
        attrs = {
            "rung": self.name, "closure": self.closure, "protocol": chosen.name,
            "spec_hash": under_protocol(self.network, chosen).spec_hash, "bin": BIN, "dt": self.dt, "seed": seed,
            "nodes": len(self.nodes.weight), "outside_domain": int(share > 0), "outside_domain_share": share,
            "node_rates": noted(self.derivation.problem, node_rate / scored),
        }  # fmt: skip
        rate, V_mean, w_mean = (out[:, :, k].T[None] for k in (kernel.RATE, kernel.V_MEAN, kernel.W_MEAN))
        traces = NetworkTraces(bin_centres(out.shape[1], chosen.transient), rate, V_mean, w_mean)
        return traces.dataset(self.network.populations, attrs, began)

    def equations(self) -> str:
        """The units' equations, the values of each, and what the nodes hear."""
        return units_equations(self)

    def linear_response(self, frequencies: Array, *, population: str, target: str = "mu") -> NDArray[np.complex128]:
        """d rate/d mu or d rate/d D of one population at the working point, its input held otherwise (open loop)."""
        return open_loop_of_units(self.derivation, self.groups, self.units, frequencies, population, target)

    def to_dict(self) -> dict[str, Any]:
        """The model as model.json holds it; nodes and working point are derived anew when it is read."""
        return units_document(self)

    @staticmethod
    def from_dict(document: Any, source: str = "") -> CoupledUnits:
        """The model of a document. Raises SpecError with all faults, `source` named."""
        return CoupledUnits(*units_of(document, source))

    def prepare(self, tables: Sequence[Unit] | None = None) -> Prepared:
        """Units settled at the working point, every w at the spec's initial mean; `tables` of all, when at hand."""
        made, point = tables or [unit.table(self.dt) for unit in self.units], self.derivation.point
        rows, most = np.cumsum([0, *(len(m.table) for m in made)]), max(len(unit.adaptation) for unit in self.units)
        columns, current = np.zeros((len(self.nodes.group), slots(most))), np.zeros((len(self.nodes.group), most))
        for q, g in enumerate(self.nodes.group):
            adaptation = self.units[g].adaptation
            w = start_of(adaptation, self.network.populations[self.derivation.problem.nodes[q].population])
            mu = float(point.mu[q] + self.groups[g].drift[self.groups[g].members.index(q)])
            start(*made[g], mu, float(np.sqrt(2.0 * point.D[q])), w, rows[g], columns[q])
            current[q, : len(adaptation)] = [v.current for v in adaptation]
        return Prepared(aligned(np.concatenate([m.table for m in made])), columns, current)

    def _march(self, protocol: Protocol) -> tuple[Array, Array, Array]:
        mu, D, external = middle_inputs(self.network, protocol, self.dt)
        units, projections = self.prepare().units(), make_projections(self.derivation.problem, self.dt, 0.0)
        firing = np.append(self.derivation.point.rates, external[:, 0])
        activity = np.tile(firing[:, None], projections.lags.shape[1] + 2)
        settle(projections, activity, self.dt)
        out = np.zeros((mu.shape[0], mu.shape[1] // round(BIN / self.dt), kernel.OUTPUTS))
        node_rate, watched = np.zeros(len(self.nodes.weight)), np.zeros((len(self.nodes.weight), WATCHED))
        scored, per_bin = round(protocol.transient / self.dt), round(BIN / self.dt)
        for first, last in ((0, scored), (scored, mu.shape[1])):
            node_rate[:], watched[:] = 0.0, 0.0
            part, bins = slice(first, last), slice(first // per_bin, last // per_bin)
            done = kernel.run(
                units, self.nodes, projections, activity, np.ascontiguousarray(external[:, part]), mu[:, part].copy(),
                D[:, part].copy(), self.dt, out[:, bins], node_rate, watched,
            ) if last > first else 0  # fmt: skip
            if done < last - first:
                at = (first + done) * self.dt - protocol.transient
                raise NumericsError(f"the units are no longer finite at t = {at:.4f} s; {REMEDY}")
        return out, node_rate, watched

    def _outside(self, watched: Array, steps: int, *, strict: bool) -> float:
        shares = watched[:, OUTSIDE] / steps
        worst = int(np.argmax(shares))
        name = self.derivation.problem.nodes[worst].population
        unit = self.units[self.nodes.group[worst]]
        report_outside(f"populations.{name}", float(shares[worst]), unit.domain, strict=strict)
        return float(shares[worst])


def _rate(unit: CascadePopulation, mu: float, sigma: float) -> float:
    return unit.stationary(mu, sigma)[1].rate


def middle_inputs(network: Network, protocol: Protocol, dt: float) -> tuple[Array, Array, Array]:
    """mu, D (population, step) of the white noise and rates (row, step) of the sources, in the middle of each step."""
    t = step_middles(protocol, dt)
    drives = [drive(population, protocol, t) for population in network.populations.values()]
    mu, sigma = (np.stack(columns) for columns in zip(*drives, strict=True))
    external = [source_rates(population, protocol, t) for population in network.populations.values()]
    return mu, 0.5 * sigma**2, np.concatenate(external)
