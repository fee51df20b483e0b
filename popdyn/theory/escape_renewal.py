"""Renewal theory of escape-noise neurons without adaptation or membrane noise: exact, by quadrature over the age.

    lambda(s) = lambda_0 exp((V(s) - V_T_star)/Delta_V),      S(s) = exp(-int lambda),
    r = 1/(t_ref + int S),      rho = e^(-i w t_ref) int lambda S e^(-i w s)

V(s) is the deterministic path from V_reset, s the time since release. Response to mu: with G(s) = d V(s)/d mu_w at the
frequency w, that is (1 - exp(-(1/tau_m + i w) s))/(1/tau_m + i w),

    H (1 - rho) = r i w int S(s) e^(-i w s) [int_0^s lambda(x) G(x)/Delta_V e^(i w x) dx] ds.

Source: Gerstner et al. 2014, Neuronal Dynamics, chapter 14; Schwalger et al. 2017, PLoS Comput Biol 13:e1005507.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import cumulative_trapezoid, trapezoid

from popdyn.theory.gif_problem import GifProblem

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

LEFT = 1e-12  # survival at which the path ends
STEP = 2e-5  # [s]
LONGEST = 50.0  # [s]


@dataclass(frozen=True)
class Renewal:
    """Hazard and survival (age,) at ages s [s] since release, and the stationary rate [1/s]."""

    problem: GifProblem
    s: Array
    hazard: Array
    survival: Array
    rate: float


def renewal(problem: GifProblem) -> Renewal:
    """The renewal process of the problem at its constant mu.

    Raises ValueError where it is none: adaptation, frozen variables, or sigma.
    """
    if problem.adapts or problem.frozen or problem.sigma:
        raise ValueError("renewal theory in closed form needs: no adaptation, no frozen variables, sigma = 0")
    length = 20.0 * problem.tau_m
    while True:
        s: Array = np.arange(0.0, length, min(STEP, length / 4000), dtype=np.float64)
        rest = problem.E_L + problem.tau_m * problem.mu
        V = rest + (problem.V_reset - rest) * np.exp(-s / problem.tau_m)
        hazard = problem.lambda_0 * np.exp((V - problem.V_T_star) / problem.Delta_V)
        survival = np.exp(-cumulative_trapezoid(hazard, s, initial=0.0))
        if survival[-1] < LEFT or length > LONGEST:
            return Renewal(problem, s, hazard, survival, float(1.0 / (problem.t_ref + trapezoid(survival, s))))
        length *= 2.0


def interval_transform(at: Renewal, frequencies: ArrayLike) -> Complex:
    """rho(2 pi i f) of the interval, dead time included."""
    return transform_at(at, _on_the_axis(frequencies))


def transform_at(at: Renewal, lambdas: Complex) -> Complex:
    """rho(lambda) [lambda in 1/s], right of minus the hazard at old age."""
    density = at.hazard * at.survival
    return np.array([np.exp(-z * at.problem.t_ref) * trapezoid(density * np.exp(-z * at.s), at.s) for z in lambdas])


def renewal_spectrum(at: Renewal, frequencies: ArrayLike) -> Array:
    """r (1 - |rho|^2)/|1 - rho|^2 at frequencies > 0."""
    rho = interval_transform(at, frequencies)
    return np.asarray(at.rate * (1.0 - np.abs(rho) ** 2) / np.abs(1.0 - rho) ** 2)


def renewal_response(at: Renewal, frequencies: ArrayLike) -> Complex:
    """d rate/d mu [(1/s)/(V/s)] at frequencies > 0."""
    return response_at(at, _on_the_axis(frequencies))


def response_at(at: Renewal, lambdas: Complex) -> Complex:
    """The same at complex lambda [1/s] other than 0, right of minus the hazard at old age."""
    p, found = at.problem, []
    for z, rho in zip(lambdas, transform_at(at, lambdas), strict=True):
        pole = 1.0 / p.tau_m + z
        G = (1.0 - np.exp(-pole * at.s)) / pole
        turned = cumulative_trapezoid(at.hazard * G / p.Delta_V * np.exp(z * at.s), at.s, initial=0.0)
        lost = trapezoid(at.survival * np.exp(-z * at.s) * turned, at.s)
        found.append(at.rate * z * lost / (1.0 - rho))
    return np.array(found)


def _on_the_axis(frequencies: ArrayLike) -> Complex:
    return np.asarray(2j * np.pi * np.atleast_1d(np.asarray(frequencies, dtype=np.float64)))
