"""Thousands of networks of units at once: copies of one network that differ in their drives and their weights."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import unit_network as kernel
from popdyn.kernels.modes_network import OUTSIDE, WATCHED, settle
from popdyn.kernels.synapses import Projections
from popdyn.rungs.bank import make_projections
from popdyn.rungs.bins import BIN
from popdyn.rungs.coupled_units import CoupledUnits, middle_inputs
from popdyn.spec.network import Protocol

Array = NDArray[np.float64]


def sweep(
    units: CoupledUnits, protocol: str | Protocol, mu: Array, weight: Array, *, workers: int | None = None
) -> tuple[Array, Array]:
    """Rates (network, bin, population) [1/s] of 1 ms from -transient on, and what share of time each left its domain.

    mu : (network, population) [V/s], added to the drive of each population
    weight : (network,) factor of all J of connections and sources
    workers : threads; default: one for each core. They change no figure.

    Every network starts from the state of `units`. Raises NumericsError where a rate is not finite.
    """
    if mu.shape != (len(weight), len(units.network.populations)):
        raise UsageError(f"mu: got {mu.shape}; allowed: ({len(weight)}, {len(units.network.populations)})")
    chosen = units.network.protocol(protocol)
    base_mu, D, external = middle_inputs(units.network, chosen, units.dt)
    made, projections = units.prepare(), make_projections(units.derivation.problem, units.dt, 0.0)
    firing = np.append(units.derivation.point.rates, external[:, 0])
    activity = np.tile(firing[:, None], projections.lags.shape[1] + 2)
    settle(projections, activity, units.dt)
    bins = base_mu.shape[1] // round(BIN / units.dt)
    rates, outside = np.empty((len(weight), bins, mu.shape[1])), np.empty(len(weight))

    def run(n: int) -> None:
        nodes, f = units.nodes, float(weight[n])
        own = nodes._replace(
            offset=nodes.offset + mu[n, nodes.population], gain_mu=f * nodes.gain_mu,
            gain_D=f * f * nodes.gain_D,
        )  # fmt: skip
        out, watched = np.zeros((mu.shape[1], bins, kernel.OUTPUTS)), np.zeros((len(nodes.weight), WATCHED))
        done = kernel.run(
            made.units, own, _copied(projections), activity.copy(), external, base_mu, D, 0, units.dt,
            made.state.copy(), out, np.zeros(len(nodes.weight)), watched,
        )  # fmt: skip
        if done < base_mu.shape[1]:
            raise NumericsError(f"network {n}: the units are no longer finite at step {done}; take a smaller weight")
        rates[n] = out[:, :, kernel.RATE].T
        outside[n] = watched[:, OUTSIDE].max() / base_mu.shape[1]

    with ThreadPoolExecutor(max_workers=workers or os.cpu_count()) as pool:
        list(pool.map(run, range(len(weight)), chunksize=1))
    return rates, outside


def _copied(p: Projections) -> Projections:
    return p._replace(state=p.state.copy(), mean=p.mean.copy(), variance=p.variance.copy())
