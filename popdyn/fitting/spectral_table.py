"""What spectral rate models look up: the two slowest modes of the neurons with w held, and what input does to them.

Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

import numpy as np

from popdyn.errors import DomainError
from popdyn.fitting.diffusion_group import DiffusionGroup
from popdyn.fitting.ln_table import FINE, Samples
from popdyn.fitting.target import Target
from popdyn.kernels import spectral as kernel
from popdyn.kernels.operators import Operator
from popdyn.neurons import MODELS
from popdyn.rungs.static_gain import increasing_spline
from popdyn.theory.spectrum import Pair, slowest_pair
from popdyn.types import FloatArray

Table = tuple[FloatArray, FloatArray]
"""`kernels.ln` numbers and `kernels.spectral` columns (sigma, e, column)."""


def need_one_operator(target: Target) -> None:
    """Raises DomainError where the modes of the source do not exist."""
    neuron = target.population.neuron
    if MODELS[neuron.model].escape:
        raise DomainError(f"its modes are those of a density over V; {neuron.model} neurons fire by a hazard")
    if len(target.groups) > 1:
        raise DomainError("its modes are those of equal neurons; these differ")
    if neuron.parameters["t_ref"] > 0.0:
        raise DomainError(f"it has no dead time; t_ref is {neuron.parameters['t_ref'] * 1e3:g} ms")


def make_spectral_table(target: Target, samples: Samples) -> Table:
    """Modes at the states of `samples`, linear between them.

    Raises DomainError for neurons with escape noise, a dead time or a spread; NumericsError where there is no mode.
    """
    need_one_operator(target)
    operator = _operator(samples.held)
    low = max(float(e[0]) for e, _ in samples.rows)
    high = min(float(e[-1]) for e, _ in samples.rows)
    fine = np.linspace(low, high, FINE)
    table = np.zeros((len(samples.sigmas), FINE, kernel.COLUMNS))
    for columns, sigma, (e, found) in zip(table, samples.sigmas, samples.rows, strict=True):
        columns[:, kernel.RATE] = np.exp(increasing_spline(e, np.log([s.rate for s in found]))(fine))
        columns[:, kernel.V_MEAN] = np.interp(fine, e, [s.V_mean for s in found])
        rows = np.array([_columns(slowest_pair(operator, float(x), 0.5 * float(sigma) ** 2)) for x in e])
        columns[:, kernel.REAL :] = np.stack([np.interp(fine, e, part) for part in rows.T], axis=1)
    step = samples.sigmas[1] - samples.sigmas[0] if len(samples.sigmas) > 1 else 1.0
    return np.array([low, 1.0 / (fine[1] - fine[0]), samples.sigmas[0], 1.0 / step]), table


def _operator(held: Target) -> Operator:
    ((_, group),) = held.groups
    assert isinstance(group, DiffusionGroup)
    return group.density.grids[group.population.name].operator


def _columns(pair: Pair) -> FloatArray:
    """In the order of `kernels.spectral`, from REAL on."""
    value = pair.eigenvalue
    later = pair.total * pair.jump - pair.product * pair.force
    by = np.stack([pair.product * pair.jump, later, pair.V_slope], axis=1)
    return np.concatenate([[value.real, value.imag, pair.total, pair.product], by[0], by[1]])
