"""Linear response and spectrum of escape-noise neurons, adaptation included, by the cohort recursion itself.

The response is the derivative of the rate after a small step of the drive, both signs; the spectrum is that of one
neuron, S = r (1 + 2 Re M), M the transform of its rate after a spike (theory.renewal), for which a population of
neurons that have just fired marches at constant drive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from popdyn.theory.cohort_grid import AgeGrid
from popdyn.theory.cohort_march import StationaryCohorts, just_fired, march, noise_of, stationary
from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

DT = 1e-4  # [s]
COARSE = 5e-4  # [s]
STEP = 1e-3  # of the drive, in Delta_V/tau_m or Delta_V^2/tau_m
LONG = 10.0  # longest time constants that a transient is followed for


def linear_response(
    problem: GifProblem, frequencies: ArrayLike, target: str = "mu", *, dt: float = DT, grid: AgeGrid | None = None,
    closure: str = "gaussian", D: Array | None = None,
) -> Complex:  # fmt: skip
    """d rate/d mu [(1/s)/(V/s)] or d rate/d D [(1/s)/(V^2/s)] (frequency,) at the stationary state.

    Valid when frequencies are well below 1/(2 dt): the step response is sampled once a step.
    """
    at = stationary(problem, dt=dt, grid=grid, closure=closure, D=D)
    steps = int(LONG * max(problem.slowest, 0.05) / dt)
    noise = np.tile(noise_of(problem) if D is None else D, (steps, 1))
    change = STEP * problem.Delta_V / problem.tau_m * (1.0 if target == "mu" else problem.Delta_V)
    answers = []
    for sign in (1.0, -1.0):
        moved_mu, moved_D = np.full(steps, problem.mu), noise.copy()
        if target == "mu":
            moved_mu += sign * change
        else:
            moved_D[:, 0] += sign * change
        answers.append(march(at.cohorts.copy(), moved_mu, moved_D)[0])
    up = answers[0] - answers[1]
    jumps = np.diff(up, prepend=0.0) / (2.0 * change)
    return transform(jumps, frequencies, dt)


def transform(jumps: Array, frequencies: ArrayLike, dt: float) -> Complex:
    """sum_n jumps_n exp(-i omega t_n), t_n the middle of step n."""
    omega = 2.0 * np.pi * np.atleast_1d(np.asarray(frequencies, dtype=np.float64))
    t = (np.arange(jumps.size) + 0.5) * dt
    return np.array([np.sum(jumps * np.exp(-1j * w * t)) for w in omega])


def spike_spectrum(
    problem: GifProblem, frequencies: ArrayLike, *, dt: float = DT, grid: AgeGrid | None = None,
    closure: str = "gaussian", D: Array | None = None,
) -> Array:  # fmt: skip
    """Two-sided spike-train spectrum of one neuron (frequency,) [1/s]; over N, that of the rate of N uncoupled ones."""
    at = stationary(problem, dt=dt, grid=grid, closure=closure, D=D)
    excess = after_spike(at, D) - at.rate
    omega = 2.0 * np.pi * np.atleast_1d(np.asarray(frequencies, dtype=np.float64))
    t = (np.arange(excess.size) + 1.0) * dt
    M = np.array([np.sum(excess * np.cos(w * t)) * dt for w in omega]) - 0.5 * at.rate * dt
    return at.rate * (1.0 + 2.0 * M)


def after_spike(at: StationaryCohorts, D: Array | None = None) -> Array:
    """Rate of a neuron at the ends of the steps after a spike (step,) [1/s]."""
    problem, dt = at.cohorts.problem, at.cohorts.dt
    steps = int(LONG * max(problem.slowest, 0.05) / dt)
    noise = np.tile(noise_of(problem) if D is None else D, (steps, 1))
    return march(just_fired(at), np.full(steps, problem.mu), noise)[0]


def regular_share(problem: GifProblem, tau: float, tau_syn: float, D: Array | None = None) -> float:
    """Share of a Poisson train's variance that a membrane (tau [s]) behind a synapse (tau_syn [s]) takes from this one.

    F = 1 + 2 int (m(t) - m(inf)) K(t) dt, m the rate after a spike, K the autocorrelation of what is left of the input.
    """
    return membrane_share(after_spike(stationary(problem, dt=COARSE, D=D), D), tau, tau_syn)


def membrane_share(m: Array, tau: float, tau_syn: float) -> float:
    """The same from m (step,) in steps of COARSE."""
    t = (np.arange(m.size) + 1.0) * COARSE
    slow = tau_syn * (1.0 + 1e-6)
    K = (tau * np.exp(-t / tau) - (slow * np.exp(-t / slow) if slow > 0.0 else 0.0)) / (tau - slow)
    return float(1.0 + 2.0 * COARSE * (np.sum((m - m[-1]) * K) - 0.5 * m[-1]))


def slow_share(m: Array) -> float:
    """S(0)/r of the trains, of renewal trains CV^2, from the rate m (step,) after a spike in steps of COARSE."""
    return float(1.0 + 2.0 * COARSE * (np.sum(m - m[-1]) - 0.5 * m[-1]))


def train_spectrum(m: Array, frequencies: Array) -> Array:
    """S(f)/r of the trains, (frequency,), from the same; slow_share at 0."""
    t = (np.arange(m.size) + 1.0) * COARSE
    waves = np.cos(2.0 * np.pi * np.multiply.outer(frequencies, t))
    return np.asarray(1.0 + 2.0 * COARSE * (waves @ (m - m[-1]) - 0.5 * m[-1] * np.sinc(frequencies * COARSE)))
