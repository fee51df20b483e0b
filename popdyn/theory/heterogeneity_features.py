"""What of a neuron's response a rule over a heterogeneous population has to average rightly.

At drives over the working range, from where w settles low in it, in its middle, and there after a spike: the rate
with w held, and the linear response with w in the loop, at several frequencies, times the swing of the drive. The
responses weigh most: where a step synchronises the neurons, their next spikes lose phase long before mean rates differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from popdyn.errors import DomainError
from popdyn.neurons import MODELS
from popdyn.stimuli import drive
from popdyn.theory.heterogeneity import QUENCHED, Scores
from popdyn.theory.heterogeneity_response import frozen_responses, mean_adaptation
from popdyn.theory.problem import input_statistics

if TYPE_CHECKING:
    from popdyn.spec.network import Population, Protocol

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

DESIGN = np.array([3.0, 10.0, 30.0, 90.0])
"""Frequencies [1/s] by which rules are made."""
CHECK = np.array([5.0, 17.0, 50.0, 120.0])
"""Frequencies [1/s] by which they are judged."""
DRIVES = 9
SWING = 2.0  # standard deviations of V by which the default range of drive moves its rest, as standard deviation
CARRIED = (
    0.7  # of the swing at each frequency: brings estimate and error together (tests/verification/heterogeneity.py)
)
SAMPLES = 2000
SMALLEST = 1e-30  # [1/s]: a population this silent has no scale of its own
CHUNK = 512
SHARES = {"low": 0.25, "middle": 0.5, "after a spike": 0.25}
"""Where w is held, and how much each place counts."""


@dataclass(frozen=True)
class Drives:
    """Total drive of the population's centre: mu [V/s], sigma [V/sqrt(s)], shares of time, each (drive,)."""

    mu: Array
    sigma: Array
    weight: Array

    @property
    def middle(self) -> float:
        return float(self.weight @ self.mu)

    @property
    def swing(self) -> float:
        """Standard deviation of mu [V/s]."""
        return float(np.sqrt(self.weight @ (self.mu - self.middle) ** 2))


def default_drives(population: Population, at: tuple[float, float] | None = None) -> Drives:
    """Gaussian range of mu around the spec's own drive (or `at`), as wide as moves the rest by SWING s.d. of V."""
    mu, sigma = at or input_statistics(population)
    if not sigma > 0.0:
        raise DomainError(f"populations.{population.name}: a density needs noise; got sigma = 0; give `drives`")
    p, step = population.neuron.parameters, 1e-3
    f = MODELS[population.neuron.model].drift(p["V_reset"] - np.array([0.0, step]), p)
    swing = SWING * sigma * np.sqrt(max(float(f[1] - f[0]), 1e-3 * step) / step / 2.0)
    x, weight = np.polynomial.hermite_e.hermegauss(7)
    return Drives(mu + swing * x, np.full(7, sigma), weight / weight.sum())


def given_drives(population: Population, drives: Sequence[tuple[float, float]]) -> Drives:
    """Equally frequent drives (mu, sigma); the default range around the one, where there is one."""
    if len({mu for mu, _ in drives}) < 2:
        return default_drives(population, drives[0])
    mu, sigma = np.array(drives, dtype=float).T
    return Drives(mu, sigma, np.full(mu.size, 1.0 / mu.size))


def protocol_drives(population: Population, protocols: Iterable[Protocol]) -> list[tuple[float, float]]:
    """DRIVES equally frequent drives (mu, sigma) that stand for what the protocols reach, Poisson sources at nu."""
    mu_poisson = sum(s.K * s.J * s.nu for s in population.poisson)
    variance = sum(s.K * s.J**2 * s.nu for s in population.poisson)
    found = [drive(population, p, np.linspace(-p.transient, p.duration, SAMPLES)) for p in protocols]
    mu = np.concatenate([m for m, _ in found]) + mu_poisson
    sigma = np.sqrt(np.concatenate([s for _, s in found]) ** 2 + variance)
    order = np.array_split(np.argsort(mu, kind="stable"), DRIVES)
    return [(float(mu[part].mean()), float(sigma[part].mean())) for part in order]


@dataclass(frozen=True)
class Features:
    """Numbers per neuron, by scores z (neuron, dimension): rates [1/s] and responses times swing [1/s].

    Scaled so that the sum of squares of an error is its mean square over the drives, summed over the frequencies.
    """

    scores: Scores
    drives: Drives
    frequencies: NDArray[np.float64]

    def __call__(self, z: Array, *, smooth: bool = True) -> Array:
        """(neuron, feature)."""
        return np.concatenate([self._part(z[k : k + CHUNK], smooth) for k in range(0, len(z), CHUNK)])

    def _part(self, z: Array, smooth: bool) -> Array:
        population, drives = self.scores.population, self.drives
        model, values = MODELS[population.neuron.model], self.scores.values(z, smooth=smooth)
        centre, noise = population.neuron.parameters, population.noise
        offset = values["mu"] - noise.mu + values[QUENCHED] * self.scores.quenched
        offset = offset + values["I_e"] / values["C_m"] - centre["I_e"] / centre["C_m"]
        variance = drives.sigma**2 + np.maximum(values["sigma"], 0.0) ** 2 - noise.sigma**2
        D = 0.5 * np.maximum(variance, 1e-4 * drives.sigma**2)
        W, shares = self._adaptation(values, offset, D.mean(axis=1, keepdims=True))
        u = (drives.mu + offset)[:, None, :] - (W / values["C_m"])[:, :, None]
        rate, response = frozen_responses(
            model, values, u.reshape(len(z), -1), np.tile(D, shares.size), self.frequencies
        )  # fmt: skip
        response = self._closed(values, response)
        root = np.sqrt(shares[:, None] * drives.weight).ravel()
        response = response * (root[:, None] * CARRIED * drives.swing)
        flat = response.reshape(len(z), -1)
        found = np.concatenate([rate * root, flat.real, flat.imag], axis=1)
        if not np.all(np.isfinite(found)):
            raise DomainError(
                f"populations.{population.name}: the spread reaches parameters without a stationary state; truncate it"
            )
        return found

    def _closed(self, p: dict[str, Array], response: Complex) -> Complex:
        """Response with w in the loop, by the frozen one H, spikes and the leak's part of V:

        H / (1 + A/(i omega + g_L/C_m) + B H),   A = a/(C_m (1 + i omega tau_w)),   B = b tau_w A/a
        """
        if not MODELS[self.scores.population.neuron.model].adaptation:
            return response
        p = {name: value[..., None] for name, value in p.items()}
        omega = 2j * np.pi * self.frequencies
        lag = 1.0 + omega * p["tau_w"]
        subthreshold = p["a"] / (p["C_m"] * lag * (omega + p["g_L"] / p["C_m"]))
        spikes = p["b"] * p["tau_w"] / (p["C_m"] * lag)
        return np.asarray(response / (1.0 + subthreshold + spikes * response))

    def _adaptation(self, values: dict[str, Array], offset: Array, D: Array) -> tuple[Array, Array]:
        """Values of w [A], (neuron, level), and their shares; of a spike, b after the centre's tau_w, times e."""
        model = MODELS[self.scores.population.neuron.model]
        if not model.adaptation:
            return np.zeros((len(offset), 1)), np.ones(1)
        low, middle = mean_adaptation(model, values, offset + self.drives.middle - [self.drives.swing, 0.0], D).T
        left = np.exp(1.0 - self.scores.population.neuron.parameters["tau_w"] / values["tau_w"][:, 0])
        return np.column_stack([low, middle, middle + left * values["b"][:, 0]]), np.array([*SHARES.values()])

    def scale(self, mean: Array) -> float:
        """Standard deviation over the drives of a mean rate [1/s], w at the middle of the range, from its features."""
        n, weight = self.drives.mu.size, self.drives.weight
        adapts = MODELS[self.scores.population.neuron.model].adaptation
        middle, share = (mean[n : 2 * n], SHARES["middle"]) if adapts else (mean[:n], 1.0)
        rate = middle / np.sqrt(weight * share)
        return max(float(np.sqrt(weight @ (rate - weight @ rate) ** 2)), SMALLEST)
