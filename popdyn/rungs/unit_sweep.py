"""Thousands of networks of units at once: copies of one network that differ in their drives and their weights."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import NumericsError, UsageError
from popdyn.kernels import unit_network as kernel
from popdyn.kernels.modes_network import OUTSIDE, WATCHED, Nodes, settle
from popdyn.kernels.synapses import Projections
from popdyn.rungs.bank import make_projections
from popdyn.rungs.bins import BIN
from popdyn.rungs.coupled_units import CoupledUnits, middle_inputs
from popdyn.spec.network import Protocol

Array = NDArray[np.float64]

TOGETHER = 64  # nodes of networks that one thread steps side by side


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
    bins, populations = base_mu.shape[1] // round(BIN / units.dt), mu.shape[1]
    rates, outside = np.empty((len(weight), bins, populations)), np.empty(len(weight))

    def run(first: int) -> None:
        part = slice(first, min(first + together, len(weight)))
        count = part.stop - first
        nodes = beside(units.nodes, len(projections.pre), mu[part], weight[part])
        out, watched = np.zeros((count * populations, bins, kernel.OUTPUTS)), np.zeros((len(nodes.weight), WATCHED))
        done = kernel.run(
            made.units(count), nodes, copied(projections, count, populations),
            np.concatenate([np.tile(activity[:populations], (count, 1)), activity[populations:]]), external,
            np.tile(base_mu, (count, 1)), np.tile(D, (count, 1)), units.dt, out, np.zeros(len(nodes.weight)), watched,
        )  # fmt: skip
        if done < base_mu.shape[1]:
            raise NumericsError(f"networks {first} to {part.stop - 1}: one of them is no longer finite at step {done}; "
                                "take smaller weights")  # fmt: skip
        rates[part] = out[:, :, kernel.RATE].reshape(count, populations, bins).transpose(0, 2, 1)
        outside[part] = watched[:, OUTSIDE].reshape(count, -1).max(axis=1) / base_mu.shape[1]

    together = max(1, TOGETHER // len(units.nodes.weight))
    with ThreadPoolExecutor(max_workers=workers or os.cpu_count()) as pool:
        list(pool.map(run, range(0, len(weight), together), chunksize=1))
    return rates, outside


def beside(nodes: Nodes, projections: int, mu: Array, weight: Array) -> Nodes:
    """Nodes of networks side by side, mu (network, population) [V/s] added, (network,) factors of their weights."""
    count, entries = len(weight), len(nodes.source)
    own = nodes.offset + mu[:, nodes.population]
    return Nodes(
        population=(nodes.population + mu.shape[1] * np.arange(count)[:, None]).ravel(),
        group=np.tile(nodes.group, count), weight=np.tile(nodes.weight, count), offset=own.ravel(),
        noise=np.tile(nodes.noise, count), shift=np.tile(nodes.shift, count),
        begin=np.append((nodes.begin[:-1] + entries * np.arange(count)[:, None]).ravel(), count * entries),
        source=(nodes.source + projections * np.arange(count)[:, None]).ravel(),
        gain_mu=(weight[:, None] * nodes.gain_mu).ravel(), gain_D=(weight[:, None] ** 2 * nodes.gain_D).ravel(),
        box=np.tile(nodes.box, (count, 1)),
    )  # fmt: skip


def copied(p: Projections, count: int, populations: int) -> Projections:
    """Projections of networks side by side: rows of all their populations, then those of the sources they share."""
    network = np.arange(count)[:, None]
    pre = np.where(p.pre < populations, p.pre + populations * network, p.pre + populations * (count - 1))
    like = p.like + len(p.pre) * network
    same = {name: np.tile(getattr(p, name), count) for name in ("kind", "first", "last", "mean", "variance")}
    rows = {name: np.tile(getattr(p, name), (count, 1)) for name in ("numbers", "lags", "state", "decay")}
    return Projections(pre=pre.ravel(), like=like.ravel(), **same, **rows)
