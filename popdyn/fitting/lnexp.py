"""LNexp: a linear-nonlinear cascade whose filter is one exponential, as the literature has it.

    tau_mu(e, sigma_f) dmu_f/dt = mu - mu_f,   tau_sigma dsigma_f/dt = sigma - sigma_f,   e = mu_f - sum_j w_j/C_m
    A = F(e, sigma_f),   tau_j dw_j/dt = a_j (V - E_j) - w_j + b_j tau_j A

F, V: of the neurons with w held at its mean; tau_mu, tau_sigma: least squares of 1/(1 + i omega tau) to their exact
linear response from 0.5 Hz to 1 kHz (tau_sigma 0 where a louder input lowers the rate). Nothing is fitted to
trajectories.

Valid when: w hardly differs between neurons, inputs are slow against the interval between spikes.
Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545; Ostojic and Brunel 2011.
"""

from __future__ import annotations

from popdyn.fitting.ln_table import Sample, Samples, exponential, make_table, run
from popdyn.fitting.residuals import Record
from popdyn.fitting.target import Target
from popdyn.types import FloatArray


def rates(target: Target, samples: Samples, records: list[Record]) -> list[FloatArray]:
    """Rate (bin,) [1/s] under every record."""
    made = make_table(samples, _filter)
    return [run(made, target.adaptation, target.C_m, r, second=False) for r in records]


def _filter(sample: Sample) -> tuple[float, float]:
    return exponential(sample.to_mu), 0.0
