"""LNdos: a linear-nonlinear cascade whose filter is a damped oscillator, as the literature has it.

    mu_f'' + 2/tau mu_f' + (1/tau^2 + omega^2) mu_f = (1 + tau^2 omega^2)/tau (mu/tau + mu')

with tau, omega looked up at the unfiltered mu - sum_j w_j/C_m and sigma; all else as in LNexp. (tau, omega): least
squares to the exact linear response at two frequencies, those of the largest |Re| and |Im|.

Valid when: as LNexp; tau and omega change slowly.
Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from popdyn.fitting.ln_table import FREQUENCIES, LEAST_TAU, Sample, Samples, exponential, make_table, run
from popdyn.fitting.residuals import Record
from popdyn.fitting.target import Target
from popdyn.types import ComplexArray, FloatArray

LARGEST = 0.3, 2 * np.pi * 500.0
"""tau [s] and omega [1/s]."""


def rates(target: Target, samples: Samples, records: list[Record]) -> list[FloatArray]:
    """Rate (bin,) [1/s] under every record."""
    made = make_table(samples, oscillator)
    return [run(made, target.adaptation, target.C_m, r, second=True) for r in records]


def oscillator(sample: Sample) -> tuple[float, float]:
    """(tau [s], omega [1/s])."""
    H = sample.to_mu
    at = np.array([int(np.argmax(np.abs(H.real))), int(np.argmax(np.abs(H.imag)))])
    s, wanted = 2j * np.pi * FREQUENCIES[at], H[at]

    def residuals(q: FloatArray) -> FloatArray:
        d = _transfer(float(np.exp(q[0])), float(q[1] * 2 * np.pi), s) - wanted
        return np.concatenate([d.real, d.imag])

    first = float(np.log(max(exponential(H), 2 * LEAST_TAU)))
    low, high = (np.log(LEAST_TAU), 0.0), (np.log(LARGEST[0]), LARGEST[1] / (2 * np.pi))
    found = [
        least_squares(residuals, (first, f), bounds=(low, high), x_scale=(0.5, 10.0)) for f in (1.0, FREQUENCIES[at[0]])
    ]
    tau, f = min(found, key=lambda q: q.cost).x
    return float(np.exp(tau)), float(2 * np.pi * f)


def _transfer(tau: float, omega: float, s: ComplexArray) -> ComplexArray:
    return (1.0 / tau + s) * (1.0 + (tau * omega) ** 2) / tau / (s**2 + 2.0 * s / tau + 1.0 / tau**2 + omega**2)
