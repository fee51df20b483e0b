"""Stationary rate under coloured noise of one correlation time, without a limit of short times: V and the noise itself.

    V' = F(V) + A(V) z + white noise of diffusion D,      z' = -z/tau + sqrt(2/tau) xi
    0 = -d_V [(F + A z) p - D d_V p] + d_z [z p + d_z p - (skewness/2) d_z^2 p]/tau,      spikes where p leaves upward

(spikes that are few and large give z a skewness: the third term of the expansion of their jumps). z lies on ordinates
that exchange probability as its Ornstein-Uhlenbeck process does (Scharfetter-Gummel); each is upwinded along V.
In the dead time z relaxes by exp(t_ref L). One block-tridiagonal solve, extrapolated in both directions.
Source: discrete ordinates of transport theory; the boundary layer that they resolve: Fourcaud and Brunel 2002.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import expm

Array = NDArray[np.float64]
Profile = Callable[[Array], Array]

FARTHEST = 4.5  # standard deviations of z
ORDINATES = 24
STEEP = 100.0  # [V/s] drift above which the rest of an upstroke takes no time


@dataclass(frozen=True)
class Coloured:
    """F [V/s] and A [V/s] of V [V], tau [s], skewness of z, D [V^2/s], and the neuron's spike and reset."""

    drift: Profile
    amplitude: Profile
    tau: float
    skewness: float
    D: float
    barrier: float
    V_reset: float
    t_ref: float


def coloured_noise_rate(problem: Coloured, lowest: float, spacing: float) -> float:
    """Stationary rate [1/s] on V from `lowest` [V], extrapolated from cells of `spacing` [V] and half of it."""
    coarse = _rate(problem, lowest, spacing, ORDINATES)
    fine = _rate(problem, lowest, spacing / 2.0, ORDINATES)
    more = _rate(problem, lowest, spacing / 2.0, 2 * ORDINATES)
    return more + (more - fine) / 3.0 + fine - coarse


def _exchange(count: int, skewness: float) -> tuple[Array, Array]:
    """Ordinates z and the generator (into, from) of their exchange in units of 1/tau."""
    h = 2.0 * FARTHEST / count
    z: Array = -FARTHEST + h * (np.arange(count, dtype=np.float64) + 0.5)
    peclet = -0.5 * (z[1:] + z[:-1]) * h
    up, down = _bernoulli(-peclet) / h**2, _bernoulli(peclet) / h**2
    flux = np.zeros((count + 1, count))  # over the faces between ordinates, times h
    j = np.arange(count - 1)
    flux[j + 1, j], flux[j + 1, j + 1] = up, -down
    bend = (np.eye(count, k=1) + np.eye(count, k=-1) - 2.0 * np.eye(count)) / h**3
    flux[1:-1] += 0.25 * skewness * (bend[1:] + bend[:-1])
    return z, flux[:-1] - flux[1:]


def _bernoulli(x: Array) -> Array:
    """x/(e^x - 1)."""
    small = np.abs(x) < 1e-9
    return np.where(small, 1.0 - 0.5 * x, x / np.expm1(np.clip(np.where(small, 1.0, x), -500.0, 500.0)))


def _faces(problem: Coloured, lowest: float, spacing: float) -> tuple[Array, int]:
    """Faces from below to the barrier, or to where the upstroke runs by itself; place of V_reset among them."""
    steps = np.arange(1, int((problem.barrier - problem.V_reset) / spacing) + 1, dtype=np.float64)
    V: Array = problem.V_reset + spacing * steps
    steep = np.flatnonzero(problem.drift(V) > STEEP)
    top = float(V[steep[0]]) if steep.size else problem.barrier
    count = int(np.ceil((top - problem.V_reset) / spacing - 1e-9))
    h = (top - problem.V_reset) / count
    below = int(np.ceil((problem.V_reset - lowest) / h))
    faces: Array = problem.V_reset + h * np.arange(-below, count + 1, dtype=np.float64)
    return faces, below


def _rate(problem: Coloured, lowest: float, spacing: float, count: int) -> float:
    z, exchange = _exchange(count, problem.skewness)
    L = exchange / problem.tau
    faces, place = _faces(problem, lowest, spacing)
    h = faces[1] - faces[0]
    speed = problem.drift(faces)[:, None] + problem.amplitude(faces)[:, None] * z
    up, down = np.maximum(speed, 0.0), np.maximum(-speed, 0.0)
    if problem.D > 0.0:
        peclet = speed * h / problem.D
        up, down = problem.D / h * _bernoulli(-peclet), problem.D / h * _bernoulli(peclet)
    up[0], down[0], down[-1] = 0.0, 0.0, 0.0
    mass, out = _solve(up, down, h * L, place, h)
    returned = expm(L * problem.t_ref) @ out
    values, vectors = np.linalg.eig(returned)
    share = vectors[:, np.argmin(np.abs(values - 1.0))].real
    share = share / share.sum()
    return float(1.0 / (mass @ share + problem.t_ref))


def _solve(up: Array, down: Array, L: Array, place: int, h: float) -> tuple[Array, Array]:
    """Per neuron reinjected at each ordinate: time that it lives (from,) [s] and where it fires (into, from).

    up, down (face, ordinate) [V/s]: flux over a face is up p_below - down p_above; L [V/s] (into, from).
    """
    cells, n = up.shape[0] - 1, L.shape[0]
    follow, known = np.zeros((cells, n, n)), np.zeros((cells, n, n))
    for i in range(cells):
        matrix, source = np.diag(up[i + 1] + down[i]) - L, np.zeros((n, n))
        if i in (place - 1, place):
            source += 0.5 * np.eye(n)
        if i > 0:
            matrix -= up[i][:, None] * follow[i - 1]
            source += up[i][:, None] * known[i - 1]
        found = np.linalg.solve(matrix, np.hstack([np.diag(down[i + 1]), source]))
        follow[i], known[i] = found[:, :n], found[:, n:]
    x = known[-1]
    out, mass = up[-1][:, None] * x, h * x.sum(axis=0)
    for i in range(cells - 2, -1, -1):
        x = known[i] + follow[i] @ x
        mass = mass + h * x.sum(axis=0)
    return mass, out
