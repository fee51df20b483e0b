"""Cohorts of neurons with conductances: a leak that changes with time and is the same for all, multiplicative noise.

    V' = -G(t) (V - E_L) + mu(t) + sum_i f_i x_i + sum_p y_p (E_p - V) + sigma xi,      G = (g_L + sum_p <g_p>)/C_m

V - E_L = h + U + sum_i kappa_i(t) x_i still, U' = -G U, but for kappa_i' = -(G - 1/tau_i) kappa_i + f_i, one number for
all cohorts. That is stable where tau_i >= tau_m (traces, frozen variables). Faster traces, and the fluctuations y of
conductances and currents (over C_m, y' = -y/tau + sqrt(2 D)/tau xi), have kappa = 0 and are handed to U at every
step by what they are to a cohort: F_p = E_p - <V> [1 for currents], phi = (1 - exp(-(G - 1/tau) dt))/(G - 1/tau),

    <U> += phi (F <y> - C_yV),    C_U. += phi (F C_y. - <y> C_U.),    noise of a step by F and F^2.

Of third moments, which a product of noises makes, -2 <(y - <y>) (V - <V>)^2> widens V: at rest beside C_yy, C_yV, C_VV

    dC_VV/dt += 4 (C_yy C_VV + C_yV^2 + 2 F C_yy C_yV/(2/tau + G))/(1/tau + 2 G).
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from popdyn.kernels.cohort_state import (
    BARE,
    BENT,
    CLOSURE,
    COMING,
    DECAY,
    DROP,
    FORCE,
    GAIN,
    KAPPA_RELEASE,
    LEAK,
    MASS,
    MEAN,
    OPEN,
    PART,
    RATE,
    REACH,
    RELEASE,
    SKEWED,
    SLOPE,
    STEP,
    STEPS,
    VARIABLE,
    WORK,
    XX,
    CohortModel,
    CohortState,
    either,
    merge,
    packed,
    rescale,
)

Array = NDArray[np.float64]

SMALLEST_SCALE = 1e-4
APART = 1e-3  # of exponents, whose difference is divided by
NEAR = 1e-9  # of exponents, under which 1 - exp(-x) is x


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def span(rate: float, time: float) -> float:
    """(1 - exp(-rate time))/rate [s]."""
    x = rate * time
    return time if abs(x) < NEAR else -np.expm1(-x) / rate


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def drive_shunted(
    model: CohortModel, state: CohortState, size: int, work: int, mu: float, gain: float, shunt: float, D: Array
) -> None:
    """Everything that changes V between spikes: leak, mean drive, slow variables, noise."""
    own, kappa, modes, noise = state.own, state.kappa, model.modes, model.noise
    dt, G = model.constants[STEP], model.constants[LEAK] + shunt
    own[0] *= np.exp(-G * dt)
    for i in range(size):
        if i > 0:
            own[i] *= modes[DECAY, i]
            other = G - model.shunt[RATE, i]
            kappa[i] = np.exp(-other * dt) * kappa[i] + model.shunt[FORCE, i] * span(other, dt)
        if own[i] < SMALLEST_SCALE:
            source = -1
            for k in range(noise.shape[0]):
                if i > 0 and int(noise[k, VARIABLE]) == i:
                    source = k
            rescale(state, size, i, source)
        own[size + i] = (model.shunt[BARE, i] + modes[SLOPE, 0] * kappa[i]) * own[i]
    for place, force in ((2 * size, mu), (2 * size + 1, gain)):
        own[place] = np.exp(-G * dt) * own[place] + span(G, dt) * force
    if model.whole[GAIN] >= 0:
        own[size + model.whole[GAIN]] += modes[SLOPE, 0] * own[2 * size + 1] * own[model.whole[GAIN]]
    _potential(model, state, size, work)
    for i in range(1, size):
        if model.shunt[REACH, i] != 0.0 or model.shunt[BENT, i] != 0.0:
            _hand_over(model, state, size, work, i, span(G - model.shunt[RATE, i], dt), G)
    for k in range(noise.shape[0]):
        if D[k] != 0.0:
            _shake(model, state, size, work, k, D[k], G, dt)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _potential(model: CohortModel, state: CohortState, size: int, work: int) -> None:
    """Mean of V - E_L of every cohort [V] into the first row of work."""
    slots, own = state.slots, state.own
    for c in range(slots.shape[1]):
        slots[work, c] = own[2 * size]
    for i in range(size):
        weight = state.kappa[i] * own[i]
        if model.whole[GAIN] == i:
            weight += own[2 * size + 1] * own[i]
        if weight != 0.0:
            for c in range(slots.shape[1]):
                slots[work, c] += weight * slots[MEAN + i, c]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _hand_over(model: CohortModel, state: CohortState, size: int, work: int, i: int, phi: float, G: float) -> None:
    """What variable i has made of V within the step."""
    slots, own, cov = state.slots, state.own, MEAN + size
    reach, bent, ratio, rate = model.shunt[REACH, i], model.shunt[BENT, i], own[i] / own[0], model.shunt[RATE, i]
    with_U, itself = cov + packed(i, 0), cov + packed(i, i)
    for c in range(slots.shape[1]):
        force = reach - bent * slots[work, c]
        beta, less = phi * force * ratio, bent * phi * own[i] * slots[MEAN + i, c]
        along, wide = slots[with_U, c], slots[itself, c]
        slots[MEAN, c] += beta * slots[MEAN + i, c] - bent * phi * own[i] * along
        yy, yV, VV = own[i] * own[i] * wide, own[i] * own[0] * along, own[0] * own[0] * slots[cov, c]
        more = yy * VV + yV * yV + 2.0 * force * yy * yV / (2.0 * rate + G)
        extra = bent * 4.0 * phi * max(more, 0.0) / ((rate + 2.0 * G) * own[0] * own[0])
        slots[cov, c] += 2.0 * beta * along + beta * beta * wide - less * (2.0 - less) * slots[cov, c] + extra
        slots[work + 1, c], slots[work + 2, c] = beta, less
    for j in range(1, size):
        row, other = cov + packed(j, 0), cov + either(i, j)
        for c in range(slots.shape[1]):
            slots[row, c] += slots[work + 1, c] * slots[other, c] - slots[work + 2, c] * slots[row, c]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def through(rate: float, G: float, dt: float) -> tuple[float, float]:
    """Per unit of strength of white noise in y: what it adds in dt to C_yV/F and C_VV/F^2."""
    other = G - rate
    if abs(other) * dt < APART:
        other, rate = APART / dt, G - APART / dt
    to_yV = (span(2.0 * rate, dt) - span(G + rate, dt)) / other
    return to_yV, (span(2.0 * rate, dt) - 2.0 * span(G + rate, dt) + span(2.0 * G, dt)) / (other * other)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _shake(model: CohortModel, state: CohortState, size: int, work: int, k: int, D: float, G: float, dt: float) -> None:
    """Noise of source k in the step."""
    slots, own, cov, i = state.slots, state.own, MEAN + size, int(model.noise[k, VARIABLE])
    unit = 1.0 / own[0]
    if i == 0:
        more = 2.0 * D * span(2.0 * G, dt) * unit * unit
        for c in range(slots.shape[1]):
            slots[cov, c] += more
        return
    rate = model.shunt[RATE, i]
    to_yV, to_VV = through(rate, G, dt)
    strength, more = 2.0 * rate * rate * D, model.noise[k, XX] * D / (own[i] * own[i])
    to_yV, to_VV = to_yV * strength * unit / own[i], to_VV * strength * unit * unit
    for c in range(slots.shape[1]):
        force = model.shunt[REACH, i] - model.shunt[BENT, i] * slots[work, c]
        slots[cov, c] += to_VV * force * force
        slots[cov + packed(i, 0), c] += to_yV * force
        slots[cov + packed(i, i), c] += more
    own[2 * size + 2 + size + packed(size - 1, 0) + k] += more


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def release_shunted(
    model: CohortModel, state: CohortState, size: int, work: int, mu: float, gain: float, shunt: float, D: Array
) -> None:
    """Neurons whose dead time is over: V_reset, and what has come since in the part of the step that is left."""
    slots, own, pool, cov, c = state.slots, state.own, state.pool, MEAN + size, COMING
    r = (state.place[STEPS] - model.whole[RELEASE]) % pool.shape[0]
    part, G, unit = model.constants[PART], model.constants[LEAK] + shunt, 1.0 / own[0]
    keep, variance = np.exp(-G * part), 0.0
    slots[MASS, c], pool[r, 0] = pool[r, 0], 0.0
    for i in range(1, size):
        slots[MEAN + i, c] = pool[r, i]
        for j in range(1, i + 1):
            slots[cov + packed(i, j), c] = pool[r, size + packed(i - 1, j - 1)]
    for k in range(D.shape[0]):
        i, free = int(model.noise[k, VARIABLE]), size + packed(size - 1, 0) + k
        if i > 0:
            slots[cov + packed(i, i), c] += own[2 * size + 2 + free] - pool[r, free]
        elif D[k] > 0.0:
            variance += 2.0 * D[k] * span(2.0 * G, part) * unit * unit
    U = (keep * model.constants[DROP] - (own[2 * size] - span(G, part) * mu)) * unit
    for i in range(1, size):
        weight = _since(model, state, size, i, G, part, gain)
        slots[work + i, c] = weight * own[i] * unit
        U += slots[work + i, c] * slots[MEAN + i, c]
    slots[MEAN, c] = U
    for i in range(1, size):
        with_x = 0.0
        for j in range(1, size):
            with_x += slots[work + j, c] * slots[cov + either(i, j), c]
        slots[cov + packed(i, 0), c] = with_x
        variance += slots[work + i, c] * with_x
    slots[cov, c] = variance
    if model.whole[CLOSURE] == SKEWED:
        slots[work + WORK + size, c] = 0.0
        for i in range(1, size):
            slots[work + WORK + size + i, c] = pool[r, pool.shape[1] - size + i]
    merge(slots, size, state.place[OPEN], c, model.whole[CLOSURE])


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def _since(
    model: CohortModel, state: CohortState, size: int, i: int, G: float, part: float, gain: float
) -> float:  # fmt: skip
    """Of U at the end of the step, per unit of variable i: V was V_reset a time `part` before."""
    lapse = span(G - model.shunt[RATE, i], part)
    force = model.shunt[REACH, i] - model.shunt[BENT, i] * model.constants[DROP]
    weight = lapse * force - (state.kappa[i] - model.shunt[FORCE, i] * lapse)
    weight -= model.modes[KAPPA_RELEASE, i] * np.exp(-G * part)
    if model.whole[GAIN] == i:
        weight -= state.own[2 * size + 1] - gain * span(G, part)
    return float(weight)
