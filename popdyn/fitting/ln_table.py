"""What linear-nonlinear rate models look up: stationary rate, mean V and response of the neurons with w held.

Source: Augustin, Ladenbauer, Baumann and Obermayer 2017, PLoS Comput Biol 13:e1005545.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from popdyn.errors import NumericsError
from popdyn.fitting.cohort_group import CohortGroup
from popdyn.fitting.diffusion_group import DiffusionGroup
from popdyn.fitting.measures import BIN, binned
from popdyn.fitting.residuals import Record
from popdyn.fitting.target import Target
from popdyn.kernels import ln as kernel
from popdyn.rungs.cascade import CascadePopulation
from popdyn.rungs.cohort_density import CohortDensity
from popdyn.rungs.density import Density
from popdyn.rungs.static_gain import AdaptationVariable, increasing_spline
from popdyn.spec.network import Network
from popdyn.types import ComplexArray, FloatArray

DRIVES, SIGMAS, FINE = 32, 5, 1024
"""States sampled in e and in sigma, and points of the table in e."""
FREQUENCIES: FloatArray = np.geomspace(0.5, 1000.0, 36)
"""[1/s]; fits weigh them as a linear grid does."""
LEAST_TAU = 1e-5
"""Of a filter that follows at once [s]."""
LEAST_RATE = 1e-3
"""Rate [1/s] below which no state is sampled."""


@dataclass(frozen=True)
class Sample:
    """Rate [1/s], V_mean [V], responses to mu and sigma over their values at frequency 0, d rate/d sigma."""

    rate: float
    V_mean: float
    to_mu: ComplexArray
    to_sigma: ComplexArray | None
    sigma_slope: float


@dataclass(frozen=True)
class Samples:
    """Neurons, and of every sigma [V/sqrt(s)], evenly spaced, the effective drives e [V/s] and their samples."""

    held: Target
    sigmas: FloatArray
    rows: tuple[tuple[FloatArray, tuple[Sample, ...]], ...]


def with_w_held(target: Target) -> Target:
    """The same neurons without adaptation: what is left is theirs at a constant w."""
    groups = [(weight, _held(group)) for weight, group in target.groups]
    return replace(target, adaptation=(), groups=tuple(groups))


def _held(group: object) -> CohortGroup | DiffusionGroup:
    if isinstance(group, CohortGroup):
        d = group.density
        return CohortGroup(CohortDensity(_without(d.network, ("q_sfa", "q_stc")), closure=d.closure, dt=d.dt))
    assert isinstance(group, DiffusionGroup)
    one = group.density
    return DiffusionGroup(Density(_without(one.network, ("a", "b")), dt=one.dt, domain=one.domains))


def _without(network: Network, names: tuple[str, ...]) -> Network:
    (population,) = network.populations.values()
    neuron = population.neuron
    changed = {k: 0.0 if k in names or k.rpartition("_")[0] in names else v for k, v in neuron.parameters.items()}
    held = replace(population, neuron=replace(neuron, parameters=changed))
    return replace(network, populations={population.name: held})


def sample(target: Target, unit: CascadePopulation) -> Samples:
    """States of the neurons with w held over the effective drives that the unit's domain brings about."""
    d = unit.domain
    varies = d.sigma_high > d.sigma_low
    sigmas = np.linspace(d.sigma_low, d.sigma_high, SIGMAS) if varies else np.array([d.sigma_low])
    row = unit.gain.rows[0]
    w = sum((v.stationary(row.rate, row.V_mean) for v in target.adaptation), 0.0 * row.mu) / target.C_m
    inside = (row.mu >= d.mu_low) & (row.mu <= d.mu_high)
    e = np.linspace(d.mu_low - w[inside].max(), d.mu_high - w.min(), DRIVES)
    return sample_over(with_w_held(target), e, sigmas)


def sample_over(held: Target, e: FloatArray, sigmas: FloatArray) -> Samples:
    """States of neurons with w held at these effective drives [V/s]."""
    return Samples(held, sigmas, tuple(_row(held, e, float(s), len(sigmas) > 1) for s in sigmas))


def _row(held: Target, e: FloatArray, sigma: float, varies: bool) -> tuple[FloatArray, tuple[Sample, ...]]:
    found: dict[float, Sample] = {}
    for value in e[::-1]:
        with suppress(NumericsError):
            rest = held.rest(float(value), sigma)
            if rest.rate < LEAST_RATE:
                break
            found[float(value)] = _sample(held, float(value), sigma, varies)
    drives = sorted(found)
    return np.array(drives), tuple(found[x] for x in drives)


def _sample(held: Target, e: float, sigma: float, varies: bool) -> Sample:
    rest, still = held.rest(e, sigma), np.array([1e-2])
    to_mu = held.response(np.concatenate([still, FREQUENCIES]), "mu", e, sigma)
    if not varies:
        return Sample(rest.rate, rest.V_mean, to_mu[1:] / to_mu[0].real, None, 0.0)
    to_D = held.response(np.concatenate([still, FREQUENCIES]), "D", e, sigma)
    slope = float(to_D[0].real) * sigma
    return Sample(rest.rate, rest.V_mean, to_mu[1:] / to_mu[0].real, to_D[1:] / to_D[0].real, slope)


def exponential(H: ComplexArray) -> float:
    """tau [s] of the 1/(1 + i omega tau) that is nearest to H at FREQUENCIES."""
    taus: FloatArray = np.geomspace(LEAST_TAU, 0.3, 600)
    model = 1.0 / (1.0 + 2j * np.pi * FREQUENCIES * taus[:, None])
    return float(taus[np.argmin(np.sum(FREQUENCIES * np.abs(model - H) ** 2, axis=1))])


def make_table(samples: Samples, filters: Callable[[Sample], tuple[float, float]]) -> tuple[FloatArray, FloatArray]:
    """`kernels.ln` numbers and table; `filters`: (tau, omega) of the filter of mu."""
    low = max(float(e[0]) for e, _ in samples.rows)
    high = min(float(e[-1]) for e, _ in samples.rows)
    fine = np.linspace(low, high, FINE)
    table = np.zeros((len(samples.sigmas), FINE, kernel.COLUMNS))
    for columns, (e, found) in zip(table, samples.rows, strict=True):
        columns[:, kernel.RATE] = np.exp(increasing_spline(e, np.log([s.rate for s in found]))(fine))
        columns[:, kernel.V_MEAN] = np.interp(fine, e, [s.V_mean for s in found])
        columns[:, [kernel.TAU, kernel.OMEGA]] = np.stack(
            [np.interp(fine, e, part) for part in zip(*(filters(s) for s in found), strict=True)], axis=1
        )
        late = [exponential(s.to_sigma) if s.to_sigma is not None and s.sigma_slope > 0 else LEAST_TAU for s in found]
        columns[:, kernel.TAU_SIGMA] = np.interp(fine, e, late)
    step = samples.sigmas[1] - samples.sigmas[0] if len(samples.sigmas) > 1 else 1.0
    return np.array([low, 1.0 / (fine[1] - fine[0]), samples.sigmas[0], 1.0 / step]), table


def run(
    made: tuple[FloatArray, FloatArray], variables: tuple[AdaptationVariable, ...], C_m: float, record: Record,
    *, second: bool,
) -> FloatArray:  # fmt: skip
    """Rate (bin,) [1/s] of the model under a record's protocol."""
    rate, adaptation = np.empty(len(record.mu)), adaptation_rows(variables, C_m, record.dt)
    kernel.integrate(*made, adaptation, record.mu, record.sigma, record.dt, second, record.start.copy(), rate)
    return binned(rate, round(BIN / record.dt))[record.first :]


def adaptation_rows(variables: tuple[AdaptationVariable, ...], C_m: float, dt: float) -> FloatArray:
    """`kernels.ln.pulled`'s rows (variable, 5)."""
    rows = [(1.0 / C_m, v.a, v.E, v.b * v.tau, -float(np.expm1(-dt / v.tau))) for v in variables]
    return np.array(rows).reshape(-1, 5)
