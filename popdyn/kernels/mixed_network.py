"""Time stepping of a network of densities and cohorts: each kind hears the other as a source of known rates.

Nothing arrives within the shortest delay, so that each kind takes that many steps at a stretch, and their rates are
written into each other's history afterwards.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_network import CohortBank, CohortWiring, run_cohorts
from popdyn.kernels.network import RATE, Bank, Wiring, run
from popdyn.kernels.synapses import Projections

Array = NDArray[np.float64]


class DensitySide(NamedTuple):
    """What `network.run` takes; external begins with the rows of the cohort populations, filled here."""

    bank: Bank
    wiring: Wiring
    projections: Projections
    smooth: Projections
    activity: Array
    external: Array
    mu: Array
    D: Array
    restart: NDArray[np.bool_]
    out: Array
    node_rate: Array
    watched: Array


class CohortSide(NamedTuple):
    """What `cohort_network.run_cohorts` takes; external begins with rows of the densities, whose history is filled."""

    bank: CohortBank
    wiring: CohortWiring
    projections: Projections
    smooth: Projections
    activity: Array
    before: Array
    external: Array
    mu: Array
    gain: Array
    shunt: Array
    D: Array
    rate: Array
    expected: Array  # (population, step)
    seen: Array


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def run_mixed(
    d: DensitySide, c: CohortSide, table: Array, first: int, last: int, block: int, dt: float, every: int
) -> int:
    """Advance both kinds from step `first` to `last`, `block` steps at a time, at most the shortest delay.

    All arrays over steps are those of the whole run. Returns the step reached: before `last` where a value of the
    block that begins there is not finite.
    """
    densities, cohorts = d.mu.shape[0], c.mu.shape[0]
    for start in range(first, last, block):
        stop = min(start + block, last)
        own = slice(start, stop)
        done = run_cohorts(
            c.bank, table, c.wiring, c.projections, c.smooth, c.activity, c.before, c.external[:, own], c.mu[:, own],
            c.gain[:, own], c.shunt[:, own], c.D[:, own], start, block, dt, every, c.rate[:, own], c.expected[:, own],
            c.seen,
        )  # fmt: skip
        d.external[:cohorts, own] = c.rate[:, own]
        done = min(done, run(
            d.bank, d.wiring, d.projections, d.smooth, d.activity, d.external[:, own], d.mu[:, own], d.D[:, own],
            d.restart[:, own], start, dt, d.out[:, own], d.node_rate, d.watched,
        ))  # fmt: skip
        if done < stop - start:
            return start
        for t in range(start, stop):
            there, here = t % d.activity.shape[2], t % c.activity.shape[2]
            for a in range(cohorts):
                d.activity[1, densities + a, there] = c.expected[a, t]
            for a in range(densities):
                c.activity[0, cohorts + a, here] = d.out[a, t, RATE]
                c.activity[1, cohorts + a, here] = d.activity[1, a, there]
    return last
