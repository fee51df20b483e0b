"""Time stepping of the cascade unit: filtered input, tabulated gain, a complex mode and its harmonic, adaptation ODEs.

Everything that depends on the effective drive e = h - sum_j pull_j(w_j) is read from one table, so that no law of the
unit is known here. Scheme: of second order with one look-up a step, at a predicted middle of the step; exponential
factors keep it stable where a tabulated time constant is shorter than the step. Nothing is allocated, so that numba
need not count references (_nrt=False: 24 instead of 65 ns per step of one variable, the counts being atomic).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

RATE, V_MEAN, FILTER, DECAY_RE, DECAY_IM, KICK_RE, KICK_IM, DAMPING, HARMONIC_RE, HARMONIC_IM, COLUMNS = range(11)
"""Of a table: rate [1/s], V_mean [V]; per step 1 - exp(-dt/tau) of the input filter, exp(-(alpha + i omega) dt), what a
change of h adds to the mode [s/V], what the harmonic decays by beyond its square, what the change adds to it [s/V]."""
E_FIRST, PER_E, SIGMA_FIRST, PER_SIGMA, SIGMA_FILTER, S_RE, S_IM, T_RE, T_IM, NUMBERS = range(10)
"""Of a unit: first e [V/s] and 1 over the spacing, likewise of sigma [V/sqrt(s)]; 1 - exp(-dt/tau) of the filter of
sigma; what a change of ln sigma adds to the mode and to the harmonic."""
STRENGTH, MORE, LESS, A_W, E_W, JUMP, FACTOR, ADAPTATION = range(8)
"""Of an adaptation variable: it pulls the drive down by strength w (1 + more |w|)/(1 + less |w|) [1/F], [1/A], [1/A];
w relaxes to a (V_mean - E) + jump A [S], [V], [A s] by `factor` per step."""
H, SIGMA, Y_RE, Y_IM, Z_RE, Z_IM, LAST_FILTER, LAST_V, PULL, PULL_BEFORE, OUTSIDE, W = range(12)
"""Of a state: filtered mu and sigma, mode, harmonic, what the last look-up gave, the pull of all w one and two steps
ago, looks outside; then every w [A]."""
NOT_FINITE = -1

Array = NDArray[np.float64]
Row = tuple[float, float, float, float, float, float, float, float, float, float]


class Unit(NamedTuple):
    """A unit at one step dt: numbers (NUMBERS,), table (sigma, e, COLUMNS), adaptation (variable, ADAPTATION)."""

    numbers: Array
    table: Array
    adaptation: Array


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def between(t: Array, i: int, j: int, f: float) -> Row:
    """Columns of row i between e number j and the next, as scalars: a third of the time of an array (measured)."""
    return (
        t[i, j, 0] + f * (t[i, j + 1, 0] - t[i, j, 0]),
        t[i, j, 1] + f * (t[i, j + 1, 1] - t[i, j, 1]),
        t[i, j, 2] + f * (t[i, j + 1, 2] - t[i, j, 2]),
        t[i, j, 3] + f * (t[i, j + 1, 3] - t[i, j, 3]),
        t[i, j, 4] + f * (t[i, j + 1, 4] - t[i, j, 4]),
        t[i, j, 5] + f * (t[i, j + 1, 5] - t[i, j, 5]),
        t[i, j, 6] + f * (t[i, j + 1, 6] - t[i, j, 6]),
        t[i, j, 7] + f * (t[i, j + 1, 7] - t[i, j, 7]),
        t[i, j, 8] + f * (t[i, j + 1, 8] - t[i, j, 8]),
        t[i, j, 9] + f * (t[i, j + 1, 9] - t[i, j, 9]),
    )


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def mixed(p: Row, q: Row, g: float) -> Row:
    """p + g (q - p)."""
    return (
        p[0] + g * (q[0] - p[0]), p[1] + g * (q[1] - p[1]), p[2] + g * (q[2] - p[2]), p[3] + g * (q[3] - p[3]),
        p[4] + g * (q[4] - p[4]), p[5] + g * (q[5] - p[5]), p[6] + g * (q[6] - p[6]), p[7] + g * (q[7] - p[7]),
        p[8] + g * (q[8] - p[8]), p[9] + g * (q[9] - p[9]),
    )  # fmt: skip


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def place(x: float, last: int) -> tuple[int, float, int]:
    """Whole part and rest of a place in 0..last, and 1 where it was outside (its end is taken then), else 0."""
    outside = 0
    if not 0.0 <= x <= last:
        outside = 1
        x = min(max(x, 0.0), float(last)) if x == x else 0.0
    j = min(int(x), last - 1)
    return j, x - j, outside


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def look_up(numbers: Array, table: Array, e: float, sigma: float) -> tuple[Row, int]:
    """Bilinear; the end of the table beyond it, and then 1 beside it (else 0)."""
    j, f, outside = place((e - numbers[E_FIRST]) * numbers[PER_E], table.shape[1] - 1)
    if table.shape[0] == 1:
        return between(table, 0, j, f), outside
    i, g, beyond = place((sigma - numbers[SIGMA_FIRST]) * numbers[PER_SIGMA], table.shape[0] - 1)
    return mixed(between(table, i, j, f), between(table, i + 1, j, f), g), outside | beyond


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def pull(adaptation: Array, j: int, w: float) -> float:
    """What w_j takes off the drive [V/s]."""
    size = abs(w)
    return adaptation[j, STRENGTH] * w * (1.0 + adaptation[j, MORE] * size) / (1.0 + adaptation[j, LESS] * size)


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def readout(x: float) -> float:
    """1 + x, bent below 0 so that it ends in 0 at -2."""
    return 1.0 + x if x >= 0.0 else (1.0 + 0.5 * max(x, -2.0)) ** 2


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def turned(
    re: float, im: float, decay_re: float, decay_im: float, kick_re: float, kick_im: float
) -> tuple[float, float]:
    """y decay + kick (1 + decay)/2: a mode after a step in which its drive grows by a kick evenly."""
    grown, part = 0.5 * (1.0 + decay_re), 0.5 * decay_im
    return (
        re * decay_re - im * decay_im + kick_re * grown - kick_im * part,
        re * decay_im + im * decay_re + kick_re * part + kick_im * grown,
    )


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def start(numbers: Array, table: Array, adaptation: Array, mu: float, sigma: float, w: Array, state: Array) -> None:
    """State (W + variable,) of a unit whose filters have settled at mu, sigma and whose modes are still."""
    e = mu
    for j in range(w.shape[0]):
        e -= pull(adaptation, j, w[j])
    row, _ = look_up(numbers, table, e, sigma)
    for k in range(W):
        state[k] = 0.0
    state[H], state[SIGMA] = mu, sigma
    state[LAST_FILTER], state[LAST_V] = row[FILTER], row[V_MEAN]
    state[PULL] = state[PULL_BEFORE] = mu - e
    for j in range(w.shape[0]):
        state[W + j] = w[j]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def step(numbers: Array, table: Array, adaptation: Array, state: Array, mu: float, sigma: float) -> float:
    """One step at input mu [V/s], sigma [V/sqrt(s)]; the mean rate over it [1/s]."""
    h, last = state[H], state[LAST_FILTER]
    e = h + (mu - h) * (0.5 + 0.125 * last) * last  # to the middle: 1 - sqrt(1 - last), nearly
    e -= 2.5 * state[PULL] - 1.5 * state[PULL_BEFORE]  # extrapolated: the step need not wait for the last one's w
    state[PULL_BEFORE], state[PULL] = state[PULL], 0.0
    for j in range(adaptation.shape[0]):
        state[PULL] += pull(adaptation, j, state[W + j])
    s = state[SIGMA]
    new = s + (sigma - s) * numbers[SIGMA_FILTER]
    row, outside = look_up(numbers, table, e, 0.5 * (s + new))
    change = (mu - h) * row[FILTER]
    kick_re, kick_im = row[KICK_RE] * change, row[KICK_IM] * change
    second_re, second_im = row[HARMONIC_RE] * change, row[HARMONIC_IM] * change
    if new != s:
        louder = 2.0 * (new - s) / (new + s)
        kick_re, kick_im = kick_re + numbers[S_RE] * louder, kick_im + numbers[S_IM] * louder
        second_re, second_im = second_re + numbers[T_RE] * louder, second_im + numbers[T_IM] * louder
    re, im, damping = row[DECAY_RE], row[DECAY_IM], row[DAMPING]
    before = state[Y_RE] + state[Z_RE]
    y_re, y_im = turned(state[Y_RE], state[Y_IM], re, im, kick_re, kick_im)
    squared_re, squared_im = damping * (re * re - im * im), damping * 2.0 * re * im
    z_re, z_im = turned(state[Z_RE], state[Z_IM], squared_re, squared_im, second_re, second_im)
    x = 0.5 * (before + y_re + z_re)
    A, V = row[RATE] * readout(x), row[V_MEAN]
    for j in range(adaptation.shape[0]):
        target = adaptation[j, A_W] * (V - adaptation[j, E_W]) + adaptation[j, JUMP] * A
        state[W + j] += (target - state[W + j]) * adaptation[j, FACTOR]
    state[H], state[SIGMA], state[OUTSIDE] = h + change, new, state[OUTSIDE] + outside
    state[Y_RE], state[Y_IM], state[Z_RE], state[Z_IM] = y_re, y_im, z_re, z_im
    state[LAST_FILTER], state[LAST_V] = row[FILTER], V
    return A


@njit(cache=True, error_model="numpy", fastmath={"contract"}, _nrt=False)
def integrate(
    numbers: Array,
    table: Array,
    adaptation: Array,
    mu: Array,
    sigma: Array,
    steps_per_bin: int,
    state: Array,
    rate: Array,
    V_mean: Array,
    w: Array,
) -> int:
    """Steps through `mu`, `sigma` (step,), the drive at the middle of each step, from and to `state`.

    rate (bin,) is the mean over each bin; V_mean (bin,) and w (bin, variable) are within half a step of its middle.
    Returns how many steps left the table, or NOT_FINITE.
    """
    middle = (steps_per_bin - 1) // 2
    for b in range(rate.shape[0]):
        total = 0.0
        for k in range(steps_per_bin):
            at = b * steps_per_bin + k
            total += step(numbers, table, adaptation, state, mu[at], sigma[at])
            if k == middle:
                V_mean[b] = state[LAST_V]
                for j in range(w.shape[1]):
                    w[b, j] = state[W + j]
        rate[b] = total / steps_per_bin
    total = 0.0
    for k in range(state.shape[0]):
        total += state[k]
    return int(state[OUTSIDE]) if np.isfinite(total) else NOT_FINITE
