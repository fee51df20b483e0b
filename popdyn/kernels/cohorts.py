"""Time stepping of escape-noise cohorts: they fire by the rank-one assumed-density update, rest for t_ref, and return.

A step: drive and decay (exact), noise into the covariances, firing with the hazard at the end of the step, the
neurons whose dead time is over back into the open cohort. Firing and return at the ends of steps make first-order errors
that cancel but for dt/2 times the hazard at V_reset. Equations: docs/theory/cohorts.md.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import (
    CLOCK,
    CLOSURE,
    COMING,
    DRIVE,
    DROP,
    GAIN,
    GAUSSIAN,
    OFFSET,
    OPEN,
    PART_DRIVE,
    PART_DROP,
    RELEASE,
    RING,
    STEPS,
    UU,
    UX,
    VARIABLE,
    WIDTH,
    XX,
    CohortModel,
    CohortState,
    merge,
    open_cohort,
    packed,
    rescale,
)
from popdyn.kernels.hazard_table import look_up
from popdyn.kernels.random_words import binomial

Array = NDArray[np.float64]
Words = NDArray[np.uint64]

ELL, S, P, TILT, NARROW, FIRED, TO_FIRED, TO_LEFT, FIRED_NARROW, LEFT_NARROW, SUMMED, ROWS = range(12)
SMALLEST_SCALE = 1e-4
FULL = 1.0 - 1e-6  # share of its variance that a cohort can lose in one step
RATE, V_MEAN, MASS, WIDEST, OUTPUTS = 0, 1, 2, 3, 4


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def total(x: Array) -> float:
    """Sum, in four lanes that the compiler can keep apart."""
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    for k in range(0, x.shape[0], 4):
        a += x[k]
        b += x[k + 1]
        c += x[k + 2]
        d += x[k + 3]
    return a + b + (c + d)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _drive(model: CohortModel, state: CohortState, mu: float, D: Array) -> None:
    """Everything that changes V between spikes: decay, mean drive, noise."""
    scale, cov, noise = state.scale, state.cov, model.noise
    for i in range(scale.shape[0]):
        scale[i] *= model.decay[i]
        if scale[i] < SMALLEST_SCALE:
            source = -1
            for k in range(noise.shape[0]):
                if i > 0 and int(noise[k, VARIABLE]) == i:
                    source = k
            rescale(state, i, source)
    state.h[0] = model.decay[0] * state.h[0] + model.numbers[DRIVE] * mu
    for i in range(scale.shape[0]):
        state.slope[i] = model.slope[i] * scale[i]
    if model.whole[GAIN] >= 0:
        state.slope[model.whole[GAIN]] += model.slope[0] * state.h[0]
    unit = 1.0 / scale[0]
    for k in range(noise.shape[0]):
        i = int(noise[k, VARIABLE])
        _raise(cov[0], noise[k, UU] * D[k] * unit * unit)
        if i > 0:
            _raise(cov[packed(i, 0)], noise[k, UX] * D[k] * unit / scale[i])
            more = noise[k, XX] * D[k] / (scale[i] * scale[i])
            _raise(cov[packed(i, i)], more)
            state.free[k] += more


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _raise(row: Array, more: float) -> None:
    for c in range(row.shape[0]):
        row[c] += more


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _project(model: CohortModel, state: CohortState) -> None:
    """C g into work rows 0..K, the mean ell and the variance s of the exponent into ELL and S; g is in units of 1."""
    size = state.mean.shape[0]
    work, mean, slope = state.work, state.mean, state.slope
    ell, s = work[2 * size + ELL], work[2 * size + S]
    base = model.numbers[OFFSET] + model.slope[0] * state.h[0]
    for c in range(ell.shape[0]):
        ell[c], s[c] = base, 0.0
    for i in range(size):
        y, m, g = work[i], mean[i], slope[0]
        first = state.cov[packed(i, 0)]
        for c in range(ell.shape[0]):
            y[c] = g * first[c]
        for j in range(1, size):
            other, g = state.cov[packed(i, j)], slope[j]
            for c in range(ell.shape[0]):
                y[c] += g * other[c]
        g = slope[i]
        for c in range(ell.shape[0]):
            ell[c] += g * m[c]
            s[c] += g * y[c]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _split(state: CohortState, neurons: float, words: Words) -> None:
    """How many fire in every cohort, and how the moments of these and of the others follow from C g.

    Of a share q that fires: fired + (1 - q) t Cg, others - q t Cg, t = TILT/(1 - P); likewise the second moments, so that
    sums over all neurons stay. q = P without finite size. Where a variance would vanish both moves are shortened.
    """
    work, size = state.work[2 * state.mean.shape[0] :], state.mass.shape[0]
    s, chance, tilt, narrow, fired = work[S], work[P], work[TILT], work[NARROW], work[FIRED]
    to_fired, to_left, thin_fired, thin_left = work[TO_FIRED], work[TO_LEFT], work[FIRED_NARROW], work[LEFT_NARROW]
    if neurons > 0.0:
        for c in range(size):
            fired[c] = binomial(np.round(state.mass[c] * neurons), chance[c], words) / neurons
            chance[c] = min(chance[c], 1.0)
    else:
        for c in range(size):
            chance[c] = min(chance[c], 1.0)
            fired[c] = state.mass[c] * chance[c]
    for c in range(size):
        q = chance[c] if neurons <= 0.0 or state.mass[c] <= 0.0 else fired[c] / state.mass[c]
        stay = 1.0 / max(1.0 - chance[c], 1e-12)
        t, b = tilt[c] * stay, (tilt[c] * tilt[c] - narrow[c]) * stay
        left = 1.0 - q
        worst = s[c] * max(q * (b + q * t * t), left * (left * t * t - b))
        held = 1.0 if worst < FULL else FULL / worst
        t, b = t * held, b * held
        to_fired[c], to_left[c] = left * t, -q * t
        thin_fired[c], thin_left[c] = left * (b - left * t * t), -q * (b + q * t * t)


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _fire(model: CohortModel, state: CohortState) -> None:
    """Update every cohort for those that stayed; moments of the slow variables of those that fired, into `fired`."""
    size = state.mean.shape[0]
    work, mean, cov, moments = state.work, state.mean, state.cov, state.fired
    rows = work[2 * size :]
    fired, summed, to_fired = rows[FIRED], rows[SUMMED], rows[TO_FIRED]
    thin_fired, thin_left, to_left = rows[FIRED_NARROW], rows[LEFT_NARROW], rows[TO_LEFT]
    slots = fired.shape[0]
    everyone = total(fired)
    moments[0] = everyone
    per = 1.0 / everyone if everyone > 0.0 else 0.0
    for i in range(1, size):
        away, y, m = work[size + i], work[i], mean[i]
        about = moments[i]
        for c in range(slots):
            away[c] = m[c] + to_fired[c] * y[c] - about
            summed[c] = fired[c] * away[c]
        shift = total(summed) * per
        moments[i] += shift
        for c in range(slots):
            away[c] -= shift
    for i in range(size):
        for j in range(i + 1):
            row, y, z = cov[packed(i, j)], work[i], work[j]
            if j > 0:
                u, v = work[size + i], work[size + j]
                for c in range(slots):
                    summed[c] = fired[c] * (row[c] + thin_fired[c] * y[c] * z[c] + u[c] * v[c])
                moments[size + packed(i - 1, j - 1)] = total(summed) * per
            for c in range(slots):
                row[c] += thin_left[c] * y[c] * z[c]
    for i in range(size):
        m, y = mean[i], work[i]
        for c in range(slots):
            m[c] += to_left[c] * y[c]
    for c in range(slots):
        state.mass[c] -= fired[c]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _store(model: CohortModel, state: CohortState) -> None:
    """What fired goes into the pool, its slow variables jump: x_i += jump_i + x_carrier, an affine map."""
    size = state.mean.shape[0]
    row = state.pool[state.place[STEPS] % state.pool.shape[0]]
    for k in range(state.fired.shape[0]):
        row[k] = state.fired[k]
    for k in range(state.free.shape[0]):
        row[state.fired.shape[0] + k] = state.free[k]
    if model.whole[CLOSURE] != GAUSSIAN:
        for k in range(size, state.fired.shape[0]):
            row[k] = 0.0
    for i in range(1, size):
        unit = 1.0 / state.scale[i]
        row[i] += model.jump[i] * unit
        f = model.carrier[i]
        if f > 0:
            row[i] += unit * state.fired[f]
            own = size + packed(i - 1, i - 1)
            row[own] += unit * (2.0 * row[size + packed(i - 1, f - 1)] + unit * row[size + packed(f - 1, f - 1)])
            for j in range(1, size):
                if j != i:
                    row[size + packed(i - 1, j - 1)] += unit * row[size + packed(f - 1, j - 1)]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def _release(model: CohortModel, state: CohortState, mu: float, D: Array) -> None:
    """Neurons whose dead time is over: V_reset, and what has come since in the part of the step that is left."""
    size, numbers, scale, cov, mean = state.mean.shape[0], model.numbers, state.scale, state.cov, state.mean
    row = state.pool[(state.place[STEPS] - model.whole[RELEASE]) % state.pool.shape[0]]
    if row[0] <= 0.0:
        return
    part = mu * numbers[PART_DRIVE]
    U = numbers[PART_DROP] - (state.h[0] - part)
    state.mass[COMING] = row[0]
    for i in range(1, size):
        mean[i, COMING] = row[i]
        for j in range(1, i + 1):
            cov[packed(i, j), COMING] = row[size + packed(i - 1, j - 1)]
    for k in range(state.free.shape[0]):
        i = int(model.noise[k, VARIABLE])
        if i > 0:
            cov[packed(i, i), COMING] += state.free[k] - row[state.fired.shape[0] + k]
    weight = state.work[:, COMING]
    for i in range(1, size):
        kappa = model.kappa_release[i]
        if model.whole[GAIN] == i:
            kappa += state.h[0] - part
        weight[i] = -kappa * scale[i] / scale[0]
        U += weight[i] * scale[0] * mean[i, COMING]
    mean[0, COMING] = U / scale[0]
    variance = 0.0
    for k in range(D.shape[0]):
        variance += model.part_noise[k] * D[k] / (scale[0] * scale[0])
    for i in range(1, size):
        with_x = 0.0
        for j in range(1, size):
            with_x += weight[j] * cov[packed(i, j), COMING]
        cov[packed(i, 0), COMING] = with_x
        variance += weight[i] * with_x
    cov[0, COMING] = variance
    merge(state, state.place[OPEN], COMING, model.whole[CLOSURE])
    row[0] = 0.0


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def advance(
    model: CohortModel, table: Array, state: CohortState, mu: float, D: Array, neurons: float, words: Words
) -> float:
    """One step under the drive mu [V/s] and noise D (source,) [V^2/s], both its means; returns the share that fired.

    neurons > 0: a population of that size, whose spikes are drawn with `words`; 0: infinitely many.
    """
    _drive(model, state, mu, D)
    _project(model, state)
    rows = state.work[2 * state.mean.shape[0] :]
    look_up(table, rows[ELL], rows[S], rows[P], rows[TILT], rows[NARROW])
    _split(state, neurons, words)
    _fire(model, state)
    _store(model, state)
    _release(model, state, mu, D)
    state.place[STEPS] += 1
    state.place[CLOCK] += 1
    if state.place[CLOCK] >= model.whole[WIDTH]:
        state.place[CLOCK] = 0
        open_cohort(state, model.whole[RING], model.whole[CLOSURE])
    return state.fired[0]


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def look(model: CohortModel, state: CohortState, x_mean: Array) -> tuple[float, float]:
    """Mean V [V] over E_L, mass of all neurons, and into x_mean (1 + K,) the mean of every variable, dead time included."""
    refractory, V = 0.0, 0.0
    for i in range(x_mean.shape[0]):
        x_mean[i] = 0.0
    for r in range(state.pool.shape[0]):
        refractory += state.pool[r, 0]
        for i in range(1, x_mean.shape[0]):
            x_mean[i] += state.pool[r, 0] * state.pool[r, i] * state.scale[i]
    active = 0.0
    for c in range(state.mass.shape[0]):
        active += state.mass[c]
    V = active * state.h[0] + refractory * model.numbers[DROP]
    for i in range(x_mean.shape[0]):
        own = 0.0
        for c in range(state.mass.shape[0]):
            own += state.mass[c] * state.mean[i, c]
        own *= state.scale[i]
        kappa = model.kappa[i]
        if model.whole[GAIN] == i:
            kappa += state.h[0]
        V += kappa * own
        x_mean[i] += own
    return V, active + refractory


@njit(cache=True, error_model="numpy", fastmath={"contract"})
def integrate(
    model: CohortModel, table: Array, state: CohortState, mu: Array, D: Array, dt: float, every: int, neurons: float,
    words: Words, rate: Array, seen: Array,
) -> int:  # fmt: skip
    """Advance through mu (step,) and D (step, source); rate (step,) [1/s].

    seen (sample, 2 + 1 + K): V over E_L, mass and the means of the variables at the middle of every `every` steps (of an
    even number: just before). Returns the number of steps done: fewer than asked where a value is not finite.
    """
    for t in range(mu.shape[0]):
        fired = advance(model, table, state, mu[t], D[t], neurons, words)
        rate[t] = fired / dt
        if not np.isfinite(fired):
            return t
        if (t + 1) % every == (every // 2) % every:
            sample = seen[t // every]
            sample[0], sample[1] = look(model, state, sample[2:])
    return mu.shape[0]

