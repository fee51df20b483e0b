"""Time stepping of a network of cohort populations: projections, then every population, then their activity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_run import expected_rate, look
from popdyn.kernels.cohort_state import SHUNTED, CohortModel, CohortState
from popdyn.kernels.cohorts import advance, advance_shunted
from popdyn.kernels.synapses import Projections, transmit

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

BEYOND = 100.0  # spikes per neuron and step that no population fires


class CohortBank(NamedTuple):
    """All populations' models and states (cohort_state), population first, padded to equal lengths."""

    constants: Array
    modes: Array
    noise: Array
    whole: Whole
    shunt: Array
    slots: Array
    own: Array
    pool: Array
    kappa: Array
    place: Whole
    neurons: Array  # (population,), 0: infinitely many
    words: NDArray[np.uint64]  # (population, 4)


class CohortWiring(NamedTuple):
    """What a population hears: mu = gain_mu @ mean, that of its frozen gain quenched @ mean, D = gain_D @ variance, and
    the mean of conductances over C_m, gain_shunt @ mean."""

    gain_mu: Array  # (population, channel) [V], a channel being what several projections bring alike
    quenched: Array  # (population, channel) [V]
    gain_D: Array  # (population, source, channel) [V^2], of conductances no unit
    gain_shunt: Array  # (population or none, channel), no unit


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always", _nrt=False)
def cohort_parts(bank: CohortBank, q: int) -> tuple[CohortModel, CohortState]:
    """Model and state of one population: views of the bank."""
    model = CohortModel(bank.constants[q], bank.modes[q], bank.noise[q], bank.whole[q], bank.shunt[q])
    return model, CohortState(bank.slots[q], bank.own[q], bank.pool[q], bank.kappa[q], bank.place[q])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _hear(
    wiring: CohortWiring, projections: Projections, smooth: Projections, activity: Array, first: int, dt: float,
    before: Array, mu: Array, gain: Array, shunt: Array, D: Array,
) -> None:  # fmt: skip
    """Add what arrives to mu, gain, shunt (population, step), D (population, step, source), as means over each step.

    before (4, projection): mean and variance at the end of the step before and over the last step, kept up.
    """
    heard = projections if smooth.pre.shape[0] == 0 else smooth
    count, mean, variance = projections.mean.shape[0], before[2], before[3]
    for t in range(mu.shape[1]):
        transmit(projections, activity[0], first + t, dt)
        if smooth.pre.shape[0] > 0:
            transmit(smooth, activity[1], first + t, dt)
        for k in range(count):
            mean[k] = 0.5 * (before[0, k] + projections.mean[k])
            variance[k] = max(0.5 * (before[1, k] + heard.variance[k]), 0.0)
            before[0, k], before[1, k] = projections.mean[k], heard.variance[k]
        for a in range(mu.shape[0]):
            more, quenched = 0.0, 0.0
            for k in range(count):
                more += wiring.gain_mu[a, k] * mean[k]
                quenched += wiring.quenched[a, k] * mean[k]
            mu[a, t] += more
            gain[a, t] += quenched
            if wiring.gain_shunt.shape[0] > 0:
                more = 0.0
                for k in range(count):
                    more += wiring.gain_shunt[a, k] * mean[k]
                shunt[a, t] += more
            for s in range(D.shape[2]):
                more = 0.0
                for k in range(count):
                    more += wiring.gain_D[a, s, k] * variance[k]
                D[a, t, s] += more


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def run_cohorts(
    bank: CohortBank, table: Array, wiring: CohortWiring, projections: Projections, smooth: Projections,
    activity: Array, before: Array, external: Array, mu: Array, gain: Array, shunt: Array, D: Array, first: int,
    block: int, dt: float, every: int, rate: Array, expected: Array, seen: Array,
) -> int:  # fmt: skip
    """Advance through mu, gain, shunt (population, step), D (population, step, source), which what arrives is added to.

    `block` steps at a time, at most the shortest delay: each population takes them at a stretch. activity (2,
    population + external row, ring) holds the rates of the steps before `first`, external (row, step) those of other
    sources. The mean input follows activity[0], its variance activity[1] by `smooth`, or without its projections the
    first, too. rate (population, step) [1/s]; expected (population, step or none): the same without chance; seen
    (population, sample, ...) of the whole run, as `cohorts.integrate` has it. Returns the steps done.
    """
    populations, ring, steps = mu.shape[0], activity.shape[2], mu.shape[1]
    for start in range(0, steps, block):
        stop = min(start + block, steps)
        for t in range(start, stop):
            for row in range(external.shape[0]):
                activity[:, populations + row, (first + t) % ring] = external[row, t]
        _hear(
            wiring, projections, smooth, activity, first + start, dt, before, mu[:, start:stop], gain[:, start:stop],
            shunt[:, start:stop], D[:, start:stop],
        )  # fmt: skip
        for a in range(populations):
            model, state = cohort_parts(bank, a)
            for t in range(start, stop):
                if model.whole[SHUNTED] > 0:
                    fired = advance_shunted(
                        model, table, state, mu[a, t], gain[a, t], shunt[a, t], D[a, t], bank.neurons[a], bank.words[a]
                    )  # fmt: skip
                else:
                    fired = advance(model, table, state, mu[a, t], gain[a, t], D[a, t], bank.neurons[a], bank.words[a])
                rate[a, t] = fired / dt
                activity[:, a, (first + t) % ring] = rate[a, t]
                if expected.shape[1] > 0:
                    expected[a, t] = expected_rate(model, state) / dt
                if not abs(rate[a, t]) < BEYOND / dt:
                    return start
                if (first + t + 1) % every == every // 2 % every:
                    look(model, state, seen[a, (first + t) // every])
    return steps
