"""spec1: the slowest mode of the density at constant w as the rate's own dynamics, as the literature has it.

    dr~/dt = lambda_1(e, sigma) (r~ - r_inf(e, sigma)),   A = max(Re r~, 0),   e = mu - sum_j w_j/C_m
    tau_j dw_j/dt = a_j (V_inf(e, sigma) - E_j) - w_j + b_j tau_j A

r_inf, V_inf: of the neurons with w held at its mean; lambda_1: theory.spectrum. What input does to the modes within
their time constant is left out. Nothing is fitted to trajectories.

Valid when: w hardly differs between neurons, inputs are slow against 1/|lambda_1|; t_ref = 0, equal neurons, no escape
noise. The rate is rectified.
Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

import numpy as np

from popdyn.fitting.ln_table import adaptation_rows
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.residuals import Record
from popdyn.fitting.spectral_table import Table
from popdyn.fitting.target import Target
from popdyn.kernels import spectral as kernel
from popdyn.types import FloatArray


def rates(target: Target, table: Table, records: list[Record]) -> list[FloatArray]:
    """Rate (bin,) [1/s] under every record."""
    return [_run(target, table, r) for r in records]


def _run(target: Target, table: Table, record: Record) -> FloatArray:
    rows, rate = adaptation_rows(target.adaptation, target.C_m, record.dt), np.empty(len(record.mu))
    kernel.integrate_one(*table, rows, record.mu, record.sigma, record.dt, record.start.copy(), rate)
    return binned(rate, round(BIN / record.dt))[record.first :]
