"""spec2: the two slowest modes of the density at constant w as a second-order rate equation, as the literature has it.

    P A'' + beta_1 A' + (1 + beta_0) A = r_inf - beta_c,   T = 1/lambda_1 + 1/lambda_2,   P = 1/(lambda_1 lambda_2)
    beta_1 = -T + P M b/C_m,   beta_0 = -P M b/(tau C_m) - H_mu b/C_m
    beta_c = -P M (mu'' + q/tau) - P M_D D'' + H_mu (mu' - q) + H_D D',   q = (a (V_inf - E) - w)/(tau C_m)
    H_x = T M_x - P F_x + P M a/(tau C_m) dV_inf/dx,   M_x = dr_inf/dx + sum_n f_n c_n,   F_x = sum_n lambda_n f_n c_n

all looked up at e = mu - w/C_m and sigma; M = M_mu, D = sigma^2/2; w as in spec1 (theory.spectrum: f_n, c_n). The
equation holds for input that can be differentiated twice: steps and Ornstein-Uhlenbeck input cannot. As its source
does, mu and sigma are first smoothed by a Gaussian, here of 1 ms; it is centred, so that the unit knows of a step some
3 ms before. Nothing is fitted to trajectories.

Valid when: as spec1, and the input changes little within the smoothing. A jump of the input by x would move the rate
by M x at once.
Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545, uncoupled population.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from popdyn.fitting.ln_table import adaptation_rows
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.residuals import Record
from popdyn.fitting.spectral_table import Table
from popdyn.fitting.target import Target
from popdyn.kernels import spectral as kernel
from popdyn.types import FloatArray

SMOOTHING = 1e-3
"""Standard deviation of the Gaussian [s]."""


def rates(target: Target, table: Table, records: list[Record], smoothing: float = SMOOTHING) -> list[FloatArray]:
    """Rate (bin,) [1/s] under every record; `smoothing` of the input [s]."""
    return [_run(target, table, r, smoothing) for r in records]


def smoothed(mu: FloatArray, sigma: FloatArray, dt: float, width: float = SMOOTHING) -> FloatArray:
    """mu, mu', mu'', sigma, D', D'' (6, step), D = sigma^2/2."""
    mean, spread = (_derivatives(gaussian_filter1d(x, width / dt, mode="nearest"), dt) for x in (mu, sigma))
    return np.array([*mean, spread[0], spread[0] * spread[1], spread[1] ** 2 + spread[0] * spread[2]])


def _derivatives(x: FloatArray, dt: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    padded = np.pad(x, 1, mode="edge")
    before, after = padded[:-2], padded[2:]
    return x, (after - before) / (2.0 * dt), (after - 2.0 * x + before) / dt**2


def _run(target: Target, table: Table, record: Record, smoothing: float) -> FloatArray:
    rows, rate = adaptation_rows(target.adaptation, target.C_m, record.dt), np.empty(len(record.mu))
    speeds = np.array([1.0 / v.tau for v in target.adaptation])
    drive = smoothed(record.mu, record.sigma, record.dt, smoothing)
    kernel.integrate_two(*table, rows, speeds, drive, record.dt, record.start.copy(), rate)
    return binned(rate, round(BIN / record.dt))[record.first :]
