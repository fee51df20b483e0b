"""A heterogeneous population in independent standard-normal scores, and the homogeneous ones that stand for it.

value_k = quantile_k(Phi(x_k)),   x = L z,   L L' = R (Gaussian copula),   z ~ N(0, 1)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import rankdata

from popdyn.distributions import Distribution
from popdyn.errors import DomainError
from popdyn.spec.network import Neuron, Population, WhiteNoise

Array = NDArray[np.float64]

QUENCHED = "quenched"


@dataclass(frozen=True)
class Node:
    """One homogeneous population: its share of the neurons, all neuron parameters (SI) and its white-noise drive.

    mu [V/s] and sigma [V/sqrt(s)] are those of `Population.noise` (without I_e and Poisson input). `quenched`: its
    standard-normal score in the spread of mean input that the caller asked for, which is not in mu.
    """

    weight: float
    parameters: Mapping[str, float]
    mu: float
    sigma: float
    quenched: float = 0.0


@dataclass(frozen=True)
class Quadrature:
    """Nodes with positive weights that sum to 1.

    `error`: estimated nrmse of the population's rate that the rule causes. `importance`: share of each spread
    parameter in the summed squared effects on the rate.
    """

    nodes: tuple[Node, ...]
    error: float
    method: str
    importance: Mapping[str, float]


def at_node(population: Population, node: Node) -> Population:
    """The homogeneous population of a node: no spread is left; size, Poisson input and initial state stay."""
    return replace(
        population, neuron=Neuron(population.neuron.model, dict(node.parameters)),
        noise=WhiteNoise(node.mu, node.sigma), spread={}, correlations=(),
    )  # fmt: skip


def as_drawn(population: Population, draws: Mapping[str, Array]) -> Population:
    """The population whose spread is what was drawn: the values (neuron,), correlations of their ranks' normal scores.

    At finite size the draws alone move the rate by (relative spread of rates)/sqrt(N) from that of the distributions.
    """
    scores = {name: ndtri((rankdata(values) - 0.5) / len(values)) for name, values in draws.items()}
    pairs = [(a, b, float(np.corrcoef(scores[a], scores[b])[0, 1])) for a, b in combinations(scores, 2)]
    spread = {name: Distribution("empirical", tuple(np.sort(values).tolist())) for name, values in draws.items()}
    return replace(population, spread=spread, correlations=tuple(pairs))


@dataclass(frozen=True)
class Scores:
    """From scores z (neuron, dimension) to what the neurons are; `quenched` [V/s]: s.d. of an independent spread of mu.

    Of a Lorentzian only what a population of this size holds is used: from 1/(2 N) to 1 - 1/(2 N).
    """

    population: Population
    quenched: float = 0.0

    @cached_property
    def names(self) -> tuple[str, ...]:
        own = tuple(name for name, d in self.population.spread.items() if not _point(d))
        return own + ((QUENCHED,) if self.quenched > 0 else ())

    @cached_property
    def mixing(self) -> Array:
        """L, (dimension, dimension), a symmetric root of the correlation matrix R of the underlying normals."""
        R = np.eye(len(self.names))
        for a, b, coefficient in self.population.correlations:
            if a in self.names and b in self.names:
                i, j = self.names.index(a), self.names.index(b)
                R[i, j] = R[j, i] = coefficient
        eigenvalues, vectors = np.linalg.eigh(R)
        if eigenvalues.min(initial=0.0) < -1e-9:
            raise DomainError(
                f"populations.{self.population.name}.correlations: no joint distribution has these coefficients "
                f"(least eigenvalue {eigenvalues.min():.3g}, allowed: >= 0); lower them"
            )
        return np.asarray((vectors * np.sqrt(np.maximum(eigenvalues, 0.0))) @ vectors.T)

    def values(self, z: Array, *, smooth: bool = True) -> dict[str, Array]:
        """Neuron parameters, "mu", "sigma" and "quenched" (a score), each (neuron, 1).

        `smooth` interpolates between the values of an `empirical` distribution; without it they are its own.
        """
        population = self.population
        base = dict(population.neuron.parameters) | {"mu": population.noise.mu, "sigma": population.noise.sigma}
        values = {name: np.full((len(z), 1), float(value)) for name, value in (base | {QUENCHED: 0.0}).items()}
        x = z @ self.mixing
        for k, name in enumerate(self.names):
            if name == QUENCHED:
                values[name] = x[:, [k]]
            elif self._listed:
                mean, std = population.spread[name].moments
                held = _values(population.spread[name])
                values[name] = np.clip(mean + std * x, held[0], held[-1])
            else:
                values[name] = _quantile(population.spread[name], ndtr(x[:, [k]]), population.size, smooth)
        return values

    def atoms(self) -> tuple[Array, Array] | None:
        """Scores and shares of the values of the one spread parameter, where it is `empirical`."""
        if not self._listed:
            return None
        d = self.population.spread[self.names[0]]
        values, count = np.unique(_values(d), return_counts=True)
        mean, std = d.moments
        return (values - mean) / std, count / count.sum()

    @property
    def _listed(self) -> bool:
        """One spread, given as a list of values: the score is then the standardised value, not a normal one."""
        spread = self.population.spread
        return len(self.names) == 1 and self.names[0] in spread and spread[self.names[0]].family == "empirical"

    def node(self, weight: float, z: Array) -> Node:
        values = {name: float(value[0, 0]) for name, value in self.values(z[None]).items()}
        mu, sigma, score = values.pop("mu"), values.pop("sigma"), values.pop(QUENCHED)
        return Node(float(weight), values, mu, sigma, score)


def _point(d: Distribution) -> bool:
    """A distribution of one value."""
    return bool(np.ptp(d.quantile(np.array([1e-6, 1 - 1e-6]))) == 0.0)


def _values(d: Distribution) -> Array:
    """The values of an `empirical` distribution within its bounds, sorted."""
    values = np.sort(np.asarray(d.parameters, dtype=float))
    return np.asarray(values[(values >= d.low) & (values <= d.high)])


def _quantile(d: Distribution, u: Array, size: int, smooth: bool) -> Array:
    if d.family == "empirical" and smooth:
        held = _values(d)
        return np.interp(u, (np.arange(held.size) + 0.5) / held.size, held)
    if d.family == "lorentzian":
        u = np.clip(u, 0.5 / size, 1.0 - 0.5 / size)
    return d.quantile(u)
