"""Synapses in the mean field: delays, filters, short-term plasticity of every projection, one step at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.lane_filters import behind, filtered, final
from popdyn.kernels.lanes import LANES, Eight, filled, load, store

DELTA, EXPONENTIAL, ALPHA, SATURATING, TSODYKS_MARKRAM = 0, 1, 2, 3, 4
TAU, GATE, U, TAU_REC, TAU_FAC, NUMBERS = 0, 1, 2, 3, 4, 5
ARRIVED, RISE, FILTERED, USE, LEFT, STATES = 0, 1, 2, 3, 4, 5
BLOCK = 2 * LANES  # steps at once, where delays allow them
BROUGHT = 2 * BLOCK  # u and v of a block
POWERS = 2  # of `decay`: where what is left after 1 to LANES steps begins

Array = NDArray[np.float64]
Whole = NDArray[np.int64]


class Projections(NamedTuple):
    """Of every projection: presynaptic row of the activity, kind, NUMBERS [s, 1], shares of delays, STATES."""

    pre: Whole  # (projection,)
    kind: Whole  # (projection,)
    numbers: Array  # (projection, NUMBERS)
    lags: Array  # (projection, lag): share of the synapses whose delay is so many steps
    first: Whole  # (projection,) first lag with a share
    last: Whole  # (projection,) last lag with one
    state: Array  # (projection, STATES): arrived rate, first and second filter [1/s], utilisation, resources
    mean: Array  # (projection,) out: u [1/s]
    variance: Array  # (projection,) out: v [1/s]
    like: Whole  # (projection,) the first one that is its like in all that comes before `mean`; itself where none is
    decay: Array  # (projection, POWERS + LANES): `decay_of` their time constants


def decay_of(tau: Array, dt: float) -> Array:
    """(projection, POWERS + LANES): what is left of a filter of time constant tau [s] after a step, the share of the
    mean, what is left after 1, ... LANES steps."""
    with np.errstate(divide="ignore"):
        left = np.exp(-dt / tau)
    return np.column_stack([left, (1.0 - left) * tau / dt, left[:, None] ** np.arange(1, LANES + 1)])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def relax(old: float, x_old: float, x_new: float, decay: Array) -> float:
    """s' = (x - s)/tau over a step in which x is linear, exactly."""
    left, mean = decay[0], decay[1]
    return left * old + (mean - left) * x_old + (1.0 - mean) * x_new


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def arriving(shares: Array, first: int, last: int, past: Array, at: int) -> float:
    """What arrives at place `at` of the ring: the rates (ring,) before it, each with its share of the synapses."""
    ring, lags = past.shape[0], last + 1
    turn = min(at + 1, lags)  # the lags from here on lie at the ring's other end
    total = 0.0
    for lag in range(first, turn):
        total += shares[lag] * past[at - lag]
    for lag in range(max(first, turn), lags):
        total += shares[lag] * past[at - lag + ring]
    return total


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def saturated(s: Array, numbers: Array, arrived: float, dt: float) -> tuple[float, float]:
    """u and v of a receptor that saturates: ds/dt = -s/tau + gate (1 - s) r, implicitly."""
    gain = dt * numbers[GATE] * arrived
    s[FILTERED] = (s[FILTERED] + gain) / (1.0 + gain + dt / numbers[TAU])
    mean = s[FILTERED] / numbers[TAU]
    return mean, numbers[GATE] * (1.0 - s[FILTERED]) * mean


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def released(s: Array, numbers: Array, arrived: float, dt: float) -> float:
    """Charge of a spike: u' = -u/tau_fac + U (1 - u) r, x' = (1 - x)/tau_rec - u+ x r, u+ = u + U (1 - u); implicit."""
    pull = dt / numbers[TAU_FAC] if numbers[TAU_FAC] > 0.0 else 1e12
    push = dt * numbers[U] * arrived
    s[USE] = (s[USE] + push) / (1.0 + push + pull)
    use = s[USE] + numbers[U] * (1.0 - s[USE])
    rest = dt / numbers[TAU_REC] if numbers[TAU_REC] > 0.0 else 1e12
    s[LEFT] = (s[LEFT] + rest) / (1.0 + rest + dt * use * arrived)
    return use * s[LEFT]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def receive(p: Projections, k: int, arrived: float, dt: float) -> tuple[float, float]:
    """u and v [1/s] of projection k at the end of a step in which this rate arrived."""
    s, charge = p.state[k], 1.0
    if p.kind[k] == SATURATING:
        return saturated(s, p.numbers[k], arrived, dt)
    if p.kind[k] == TSODYKS_MARKRAM:
        charge = released(s, p.numbers[k], arrived, dt)
        arrived *= charge
    if p.kind[k] == DELTA:
        s[FILTERED] = arrived
    elif p.kind[k] == ALPHA:
        before = s[RISE]
        s[RISE] = relax(s[RISE], s[ARRIVED], arrived, p.decay[k])
        s[FILTERED] = relax(s[FILTERED], before, s[RISE], p.decay[k])
    else:
        s[FILTERED] = relax(s[FILTERED], s[ARRIVED], arrived, p.decay[k])
    s[ARRIVED] = arrived
    return s[FILTERED], charge * s[FILTERED]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def transmit(p: Projections, activity: Array, now: int, dt: float) -> None:
    """Advance all projections to the end of step `now`; activity (row, ring) holds the rates of the steps before it.

    Projections that are alike (one source, delays, synapse) are computed once.
    """
    at = now % activity.shape[1]
    for k in range(p.pre.shape[0]):
        if p.like[k] < k:
            p.mean[k], p.variance[k] = p.mean[p.like[k]], p.variance[p.like[k]]
        else:
            arrived = arriving(p.lags[k], p.first[k], p.last[k], activity[p.pre[k]], at)
            p.mean[k], p.variance[k] = receive(p, k, arrived, dt)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def relax_block(s: Array, decay: Array, early: Eight, late: Eight, steps: int, work: Array, to: int) -> None:
    """`relax` through a block in which these rates arrive; into work[to : to + BLOCK], and the state."""
    fresh, stale = 1.0 - decay[1], decay[1] - decay[0]
    powers = load(decay, POWERS)
    before = behind(s[ARRIVED], early)
    y = filtered(fresh * early + stale * before, s[FILTERED], powers)
    store(y, work, to)
    if steps > LANES:
        before = behind(final(early), late)
        store(filtered(fresh * late + stale * before, final(y), powers), work, to + LANES)
    s[FILTERED] = work[to + steps - 1]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False, forceinline=True)
def transmit_block(p: Projections, past: Array, at: int, steps: int, dt: float, arrived: Array, brought: Array) -> None:
    """`transmit` through `steps` steps at once; u and v into brought (projection x BROUGHT,), places BLOCK apart.

    past (row, place): rates in a row, those of the first step belong at place `at`; arrived (BLOCK,) is for work.
    Only of the first of those that are alike. v of EXPONENTIAL is its u, and not written. Valid where no rate that
    these steps make arrives in them.
    """
    for k in range(p.pre.shape[0]):
        if p.like[k] < k:
            continue
        rates, s, to = past[p.pre[k]], p.state[k], BROUGHT * k
        early, late = filled(0.0), filled(0.0)
        for lag in range(p.first[k], p.last[k] + 1):
            share = p.lags[k, lag]
            early = early + share * load(rates, at - lag)
            late = late + share * load(rates, at - lag + LANES)
        store(early, arrived, 0)
        store(late, arrived, LANES)
        if p.kind[k] == EXPONENTIAL:
            relax_block(s, p.decay[k], early, late, steps, brought, to)
            s[ARRIVED] = arrived[steps - 1]
        else:
            for t in range(steps):
                u, v = receive(p, k, arrived[t], dt)
                brought[to + t], brought[to + BLOCK + t] = u, max(v, 0.0)
