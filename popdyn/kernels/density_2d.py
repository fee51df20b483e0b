"""Time stepping of the two-dimensional population density: masses on (cell of V, node of w).

V is stepped implicitly for every node of w at once (rows vectorise), by the two-stage L-stable SDIRK method of second
order with the drive of the middle of the step; w flows exactly along its characteristics between two half spans of V
steps (Strang), by a banded conservative remap. Spikes come back in the same stage, or delayed by t_ref.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

GAMMA = 1.0 - np.sqrt(0.5)
RETURNS = 8  # rounds of spikes that come back and fire again within one stage; one is enough in practice
OUTPUTS = 5  # rate of the bin; and at its centre those of `sample`

Array = NDArray[np.float64]


class Operator2D(NamedTuple):
    """Grid and constants (SI). Row j of `jump` spreads a spike at node j over nodes `jump_first[j]` + 0, 1, ..."""

    drift: Array  # (cell,) [V/s] across the face above
    distance: Array  # (cell,) [V] across the face above
    width: Array  # (cell,) [V]
    centre: Array  # (cell,) [V]
    w: Array  # (node,) [A]
    C_m: float
    i_reset: int
    reset_low: float
    reset_high: float
    flow: Array  # (cell, offset, node): mass at node j after one w step from node j + offset - flow_first
    flow_first: int
    jump_first: NDArray[np.int64]
    jump: Array  # (node, stencil)


class Refractory(NamedTuple):
    """Dead time of lag + fraction steps, and where w goes during it: w + b -> rest + decay (w + b - rest)."""

    lag: int
    fraction: float
    V_reset: float
    b: float
    rest: float
    decay_per_step: float


class Work2D(NamedTuple):
    """Space for one step, (cell, node) unless said."""

    c: Array
    f: Array
    inverse: Array
    stage: Array
    rows: Array  # (8, node)


@njit(cache=True, fastmath=True, error_model="numpy")
def factorise(op: Operator2D, mu: float, D: float, s: float, work: Work2D) -> None:
    """Forward elimination of 1 - s A: p_i = d_i + c_i p_(i+1), d_i = inverse_i rhs_i + f_i d_(i-1).

    rows[0] becomes the rate of the hop over the barrier [1/s].

    Flux across a face: velocity (p_i + p_(i+1))/2 - D g (p_(i+1) - p_i)/distance (densities p), g and x as in
    theory.spike_chain_2d.hop_rates: Scharfetter-Gummel without the exponential.
    """
    n, m = work.c.shape
    up_before, down_before, out = work.rows[1], work.rows[2], work.rows[0]
    for j in range(m):
        up_before[j] = 0.0
        down_before[j] = 0.0
    for i in range(n):
        d = op.distance[i]
        drift = op.drift[i] + mu
        linear = D / d
        to_x = d / (2.0 * D)
        inside = s / op.width[i]
        above = s / op.width[i + 1] if i < n - 1 else 0.0
        for j in range(m):
            v = drift - op.w[j] / op.C_m
            x = abs(v) * to_x
            x2 = x * x
            spread = linear * (1.0 + min(x, x2 * (35.0 + x2) / (105.0 + 10.0 * x2)))
            up = (spread + 0.5 * v) * inside
            down = (spread - 0.5 * v) * above
            before = work.c[i - 1, j] if i > 0 else 0.0
            inverse = 1.0 / (1.0 + up + down_before[j] - up_before[j] * before)
            work.inverse[i, j] = inverse
            work.f[i, j] = up_before[j] * inverse
            work.c[i, j] = down * inverse
            up_before[j] = up
            down_before[j] = down
    for j in range(m):
        out[j] = up_before[j] / s


@njit(cache=True, fastmath=True, error_model="numpy")
def scatter_jump(op: Operator2D, out: Array, scale: float, back: Array) -> None:
    """back[m] += scale * the share of out[j] that lands at node m after the jump of w."""
    for j in range(out.size):
        first = op.jump_first[j]
        value = scale * out[j]
        for k in range(op.jump.shape[1]):
            back[first + k] += value * op.jump[j, k]


@njit(cache=True, fastmath=True, error_model="numpy")
def solve_stage(op: Operator2D, s: float, now: float, returned: Array, work: Work2D, out: Array) -> None:
    """stage <- (1 - s A)^-1 (stage + s * spikes coming back); `out` (node,) becomes the firing rate of the stage [1/s].

    `returned` (node,) [1/s] comes back from the past; `now` is the share of this stage's own spikes that does.
    """
    x, f, inverse, c = work.stage, work.f, work.inverse, work.c
    n, m = x.shape
    rate, back, delta, fresh = work.rows[0], work.rows[3], work.rows[4], work.rows[5]
    first = op.i_reset - 1
    for j in range(m):
        back[j] = s * returned[j]
        x[0, j] *= inverse[0, j]
    for i in range(1, n):
        share = op.reset_low if i == first else (op.reset_high if i == first + 1 else 0.0)
        for j in range(m):
            x[i, j] = (x[i, j] + share * back[j]) * inverse[i, j] + f[i, j] * x[i - 1, j]
    for j in range(m):
        out[j] = rate[j] * x[n - 1, j]
        fresh[j] = out[j]
    for _ in range(RETURNS if now > 0.0 else 0):
        back[:] = 0.0
        scatter_jump(op, fresh, s * now, back)
        for j in range(m):
            delta[j] = 0.0
        for i in range(first, n):
            share = op.reset_low if i == first else (op.reset_high if i == first + 1 else 0.0)
            for j in range(m):
                delta[j] = share * back[j] * inverse[i, j] + f[i, j] * delta[j]
                x[i, j] += delta[j]
        largest = 0.0
        for j in range(m):
            fresh[j] = rate[j] * delta[j]
            out[j] += fresh[j]
            largest = max(largest, abs(fresh[j]))
        if largest < 1e-14:
            break
    for i in range(n - 2, -1, -1):
        for j in range(m):
            x[i, j] += c[i, j] * x[i + 1, j]


@njit(cache=True, fastmath=True, error_model="numpy")
def voltage_step(
    op: Operator2D, p: Array, mu: float, D: float, dt: float, now: float, returned: Array, work: Work2D, spikes: Array
) -> None:
    """One step of V; `spikes` (node,) becomes the mass that fired."""
    s = GAMMA * dt
    n, m = p.shape
    factorise(op, mu, D, s, work)
    x, out = work.stage, work.rows[6]
    for i in range(n):
        for j in range(m):
            x[i, j] = p[i, j]
    solve_stage(op, s, now, returned, work, out)
    weight = (1.0 - GAMMA) / GAMMA
    for j in range(m):
        spikes[j] = (1.0 - GAMMA) * dt * out[j]
    for i in range(n):
        for j in range(m):
            x[i, j] = p[i, j] + weight * (x[i, j] - p[i, j])
    solve_stage(op, s, now, returned, work, out)
    for j in range(m):
        spikes[j] += GAMMA * dt * out[j]
    for i in range(n):
        for j in range(m):
            p[i, j] = x[i, j]


@njit(cache=True, fastmath=True, error_model="numpy")
def flow_step(op: Operator2D, p: Array, work: Work2D) -> None:
    """Every mass along its characteristic of w: gather from `offset` neighbours, mass conserved by the columns."""
    n, m = p.shape
    row = work.rows[7]
    offsets = op.flow.shape[1]
    for i in range(n):
        row[:] = 0.0
        for k in range(offsets):
            shift = k - op.flow_first
            low, high = max(0, -shift), min(m, m - shift)
            for j in range(low, high):
                row[j] += op.flow[i, k, j] * p[i, j + shift]
        for j in range(m):
            p[i, j] = row[j]


@njit(cache=True, error_model="numpy")
def take_returns(op: Operator2D, refractory: Refractory, past: Array, step: int, dt: float, returned: Array) -> None:
    """Rate [1/s] per node at which earlier spikes come back during `step`; past is a ring of masses fired per step."""
    size = past.shape[0]
    returned[:] = 0.0
    lag, fraction = refractory.lag, refractory.fraction
    if lag > 0:
        scatter_jump(op, past[(step - lag) % size], (1.0 - fraction) / dt, returned)
    if fraction > 0.0:
        scatter_jump(op, past[(step - lag - 1) % size], fraction / dt, returned)


@njit(cache=True, error_model="numpy")
def pool_content(op: Operator2D, refractory: Refractory, past: Array, step: int) -> tuple[float, float]:
    """Mass and w content of the refractory pool after `step`."""
    size = past.shape[0]
    mass, content = 0.0, 0.0
    for age in range(refractory.lag + 1):
        pending = 1.0 if age < refractory.lag else refractory.fraction
        decay = refractory.decay_per_step ** (age + 0.5)
        row = past[(step - age) % size]
        for j in range(row.size):
            mass += pending * row[j]
            after = op.w[j] + refractory.b - refractory.rest
            content += pending * row[j] * (refractory.rest + decay * after)
    return mass, content


@njit(cache=True, error_model="numpy")
def sample(
    op: Operator2D, refractory: Refractory, p: Array, past: Array, step: int, out: Array, reach_V: Array, reach_w: Array
) -> None:
    """out[1:] <- int V p + V_reset pool, int w p + pool's w, least density of V over its largest, total mass.

    reach_V (cell,), reach_w (node,): largest |mass| met so far.
    """
    mass, content = pool_content(op, refractory, past, step)
    total, voltage = mass, refractory.V_reset * mass
    least, most = 0.0, 0.0
    for i in range(p.shape[0]):
        here, size = 0.0, 0.0
        for j in range(p.shape[1]):
            here += p[i, j]
            size += abs(p[i, j])
            content += op.w[j] * p[i, j]
        total += here
        voltage += op.centre[i] * here
        least = min(least, here / op.width[i])
        most = max(most, here / op.width[i])
        reach_V[i] = max(reach_V[i], size)
    for j in range(p.shape[1]):
        reach_w[j] = max(reach_w[j], np.sum(np.abs(p[:, j])))
    out[1], out[2], out[3], out[4] = voltage, content, least / most, total


@njit(cache=True, error_model="numpy")
def integrate(
    op: Operator2D, refractory: Refractory, p: Array, past: Array, mu: Array, D: Array, dt: float, per_flow: int,
    per_bin: int, work: Work2D, bins: Array, reach_V: Array, reach_w: Array,
) -> int:  # fmt: skip
    """March p through all steps; mu, D (step,) are means over each step.

    bins (bin, OUTPUTS): rate, then `sample` at the centre of the bin. `per_flow` is even, `per_bin` an even multiple
    of it. Returns the bins done before a number went bad.
    """
    now = 1.0 - refractory.fraction if refractory.lag == 0 else 0.0
    returned, spikes = np.zeros(p.shape[1]), np.zeros(p.shape[1])
    for step in range(mu.size):
        take_returns(op, refractory, past, step, dt, returned)
        voltage_step(op, p, mu[step], D[step], dt, now, returned, work, spikes)
        past[step % past.shape[0]] = spikes
        here, phase = step // per_bin, (step + 1) % per_bin
        bins[here, 0] += np.sum(spikes) / (per_bin * dt)
        if (step + 1) % per_flow == per_flow // 2:
            flow_step(op, p, work)
        if phase == per_bin // 2:
            sample(op, refractory, p, past, step, bins[here], reach_V, reach_w)
        if phase == 0 and not np.isfinite(bins[here, 0]):
            return here
    return mu.size // per_bin
