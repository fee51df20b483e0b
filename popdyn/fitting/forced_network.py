"""A network of units that is held near the trajectory of its densities: what a unit's error becomes in its loops.

    mu_q = mu_0 + sum_k K_k J_k (share u_k[A] + (1 - share) u_k[r]),    sigma^2 likewise

A: the rates of the units, r: those of the densities. At share 0 every unit is alone with the drive that its node met;
at 1 the network runs free, and where it oscillates it soon has another phase than the densities. In between the errors
that the network amplifies show as errors of the rates, at the time when they arise.
Source: generalised teacher forcing, Hess, Monfared, Brenner and Durstewitz 2023, ICML (arXiv:2306.04406).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from popdyn.errors import NumericsError
from popdyn.fitting.node_target import NODE_BIN, on_steps, with_logarithm
from popdyn.fitting.residuals import FAILED, STILL
from popdyn.kernels import unit_network as kernel
from popdyn.kernels.cascade_slots import Unit
from popdyn.kernels.modes_network import WATCHED, Nodes, settle
from popdyn.kernels.synapses import Projections
from popdyn.rungs.bank import make_projections
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.coupled import CoupledDensity
from popdyn.rungs.coupled_units import CoupledUnits, middle_inputs
from popdyn.rungs.march import StepDrive
from popdyn.rungs.met import Met
from popdyn.rungs.modes_nodes import LONGEST, plain_nodes
from popdyn.rungs.modes_training import SETTLE
from popdyn.spec.network import Protocol
from popdyn.types import FloatArray

ADAPTATION_TIMES = 3.0
"""Of the slowest w, before rates are compared: it starts at the spec's initial mean."""


class _Run(NamedTuple):
    """Drives of nodes without what units bring (node, step), sources (row, step), rates wanted (population, bin)."""

    mu: FloatArray
    D: FloatArray
    external: FloatArray
    wanted: FloatArray


@dataclass(frozen=True)
class ForcedNetwork:
    """All units but one at hand; `first`: bin from which rates are compared."""

    model: CoupledUnits
    nodes: Nodes
    tables: tuple[Unit, ...]
    runs: tuple[_Run, ...]
    first: int

    def distances(self, k: int, unit: CascadePopulation) -> FloatArray:
        """Errors of all populations' rates with `unit` in the place of unit number k, over what moves in each."""
        tables, found = list(self.tables), []
        try:
            tables[k] = unit.table(self.model.dt)
            for run in self.runs:
                rates = self._rates(run, tables)
                for rate, wanted in zip(rates[:, self.first :], run.wanted[:, self.first :], strict=True):
                    if _moves(wanted):
                        found.append(with_logarithm(rate, wanted) / np.sqrt(wanted.size))
        except NumericsError:
            size = sum(rate.size for run in self.runs for rate in run.wanted[:, self.first :] if _moves(rate))
            return np.full(size, FAILED / np.sqrt(max(size, 1)))
        return np.concatenate([*found, []]) / np.sqrt(max(len(found), 1))

    def with_unit(self, k: int, unit: CascadePopulation) -> ForcedNetwork:
        """The same with another unit number k."""
        return replace(self, tables=(*self.tables[:k], unit.table(self.model.dt), *self.tables[k + 1 :]))

    def _rates(self, run: _Run, tables: list[Unit]) -> FloatArray:
        model, dt = self.model, self.model.dt
        projections: Projections = make_projections(model.derivation.problem, dt, 0.0)
        activity = np.tile(np.append(run.wanted[:, 0], run.external[:, 0])[:, None], projections.lags.shape[1] + 2)
        settle(projections, activity, dt)
        out = np.zeros((*run.wanted.shape, kernel.OUTPUTS))
        count = len(self.nodes.weight)
        done = kernel.run(
            model.prepare(tables).units(), self.nodes, projections, activity, run.external, run.mu, run.D, dt, out,
            np.zeros(count), np.zeros((count, WATCHED)),
        )  # fmt: skip
        if done < run.mu.shape[1]:
            raise NumericsError("the units are no longer finite")
        return np.asarray(out[:, :, kernel.RATE])


def _moves(rate: FloatArray) -> bool:
    return bool(np.std(rate) > STILL * np.mean(rate))


def forced_network(
    density: CoupledDensity, model: CoupledUnits, protocols: Sequence[Protocol], met: Sequence[Met], share: float
) -> ForcedNetwork:  # fmt: skip
    """Along what the densities did under the protocols, at most LONGEST of each; `model` in the step of a fit."""
    nodes = model.nodes._replace(gain_mu=share * model.nodes.gain_mu, gain_D=share * model.nodes.gain_D)
    taus = [v.tau for unit in model.units for v in unit.adaptation]
    first = round(max(SETTLE, ADAPTATION_TIMES * max(taus, default=0.0)) / NODE_BIN)
    runs = tuple(_run(density, model, one, of, share) for one, of in zip(protocols, met, strict=True))
    tables = tuple(unit.table(model.dt) for unit in model.units)
    kept = tuple(run for run in runs if run.wanted.shape[1] > 2 * first and any(map(_moves, run.wanted[:, first:])))
    return ForcedNetwork(model, nodes, tables, kept, first)


def _run(density: CoupledDensity, model: CoupledUnits, protocol: Protocol, met: Met, share: float) -> _Run:
    bins = round(min(protocol.duration, LONGEST) / NODE_BIN)
    steps, count = bins * round(NODE_BIN / model.dt), bins * round(NODE_BIN / density.dt)
    scored = round(protocol.transient / model.dt)
    own = [x[:, scored : scored + steps] for x in middle_inputs(density.network, protocol, model.dt)]
    plain = plain_nodes(density.derivation, density.dt)
    mu, D = (x[plain.population].copy() for x in own[:2])
    for q, drive in enumerate(met.drives):
        heard, sigma = on_steps(
            StepDrive(drive.mu[:count], drive.D[:count], drive.restart[:count]), density.dt, model.dt
        )
        brought = slice(plain.begin[q], plain.begin[q + 1])
        factor = model.nodes.gain_D[brought].sum() / max(plain.gain_D[brought].sum(), 1e-300)
        mu[q] += (1.0 - share) * (heard - mu[q] - plain.offset[q])
        D[q] += (1.0 - share) * factor * (0.5 * sigma**2 - D[q] - plain.noise[q])
    wanted = met.fired[:, :count].reshape(len(met.fired), bins, -1).mean(axis=2)
    return _Run(mu, D, np.ascontiguousarray(own[2]), wanted)
