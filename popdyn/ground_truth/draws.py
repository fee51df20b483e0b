"""Every neuron's own parameters: drawn from their distributions, correlated by a Gaussian copula."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from popdyn.errors import DomainError
from popdyn.neurons import MODELS
from popdyn.spec.network import Population

Array = NDArray[np.float64]


def drawn(population: Population, size: int, rng: np.random.Generator, *, stratified: bool) -> dict[str, Array]:
    """Values of the spread parameters ("mu" and "sigma" of the drive included) of `size` neurons.

    With `stratified`, each parameter has one value in each of `size` strata of equal probability; correlations are
    kept by the ranks.
    """
    names = list(population.spread)
    if not names:
        return {}
    normals = rng.standard_normal((size, len(names))) @ np.linalg.cholesky(_correlation(population, names)).T
    if stratified:
        ranks = normals.argsort(axis=0).argsort(axis=0)
        shares = (ranks + rng.random(normals.shape)) / size
    else:
        shares = ndtr(normals)
    return {name: population.spread[name].quantile(shares[:, k]) for k, name in enumerate(names)}


def _correlation(population: Population, names: list[str]) -> Array:
    matrix = np.eye(len(names))
    for one, two, coefficient in population.correlations:
        a, b = names.index(one), names.index(two)
        matrix[a, b] = matrix[b, a] = coefficient
    if np.linalg.eigvalsh(matrix).min() <= 0:
        raise DomainError(
            f"populations.{population.name}.correlations: the matrix is not positive definite; lower the coefficients"
        )
    return matrix


def check(population: Population, values: Mapping[str, Array]) -> None:
    """Every drawn neuron is one that the model allows.

    Raises DomainError with the number of neurons that are not.
    """
    model = MODELS[population.neuron.model]
    where = f"populations.{population.name}.spread"
    for name, numbers in values.items():
        low, high = (0.0, np.inf) if name == "sigma" else (-np.inf, np.inf)
        if name not in ("mu", "sigma"):
            bounds = model.parameter(name)
            low, high = bounds.lower, bounds.upper
        outside = int(np.sum(~((numbers >= low) & (numbers <= high))))
        if outside:
            raise DomainError(
                f"{where}.{name}: {outside} of {numbers.size} drawn values lie outside {low:g}..{high:g}; truncate it"
            )
    if not any(name not in ("mu", "sigma") for name in values):
        return
    size = len(next(iter(values.values())))
    base = dict(population.neuron.parameters)
    neurons = [base | {name: float(numbers[k]) for name, numbers in values.items()} for k in range(size)]
    for constraint in model.constraints:
        broken = sum(not constraint.holds(one) for one in neurons)
        if broken:
            raise DomainError(f"{where}: {broken} of {size} drawn neurons break {constraint.text}; truncate the spread")
