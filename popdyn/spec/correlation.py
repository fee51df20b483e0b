"""Correlated parameters: the array [[populations.NAME.correlations]], a Gaussian copula."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from popdyn.distributions import Array, Distribution
from popdyn.parameters import Parameter
from popdyn.spec.section import Section, did_you_mean, show

COEFFICIENT = Parameter("coefficient", "1", "correlation of the underlying normals", None, -1.0, 1.0)
SMALLEST = 1e-6
"""Smallest eigenvalue of a matrix of correlations that counts as positive definite."""

Correlations = tuple[tuple[str, str, float], ...]


def resolve_correlations(section: Section, spread: Mapping[str, Distribution] | None) -> Correlations:
    """Pairs of spread parameters and their coefficients; `spread` None: unknown, because something else is wrong."""
    before = len(section.faults)
    found = [_pair(table, spread) for table in section.tables("correlations")]
    pairs = tuple(sorted(pair for pair in found if pair is not None))
    twice = [first[:2] for first, second in pairwise(pairs) if first[:2] == second[:2]]
    if twice:
        got = f"the pair {' and '.join(twice[0])} more than once"
        section.fault("correlations", got, "one coefficient for each pair", "remove one")
    elif pairs and len(section.faults) == before:
        smallest = float(np.linalg.eigvalsh(correlation_matrix(pairs)[1])[0])
        if smallest < SMALLEST:
            got = f"coefficients whose matrix has the eigenvalue {smallest:.3g}"
            section.fault("correlations", got, "a positive definite matrix", "make the coefficients smaller")
    return pairs


def correlation_matrix(pairs: Correlations) -> tuple[tuple[str, ...], Array]:
    """The names that take part, sorted, and the matrix of their coefficients (parameter, parameter)."""
    names = tuple(sorted({name for pair in pairs for name in pair[:2]}))
    matrix = np.eye(len(names))
    for first, second, coefficient in pairs:
        i, j = names.index(first), names.index(second)
        matrix[i, j] = matrix[j, i] = coefficient
    return names, matrix


def _pair(section: Section, spread: Mapping[str, Distribution] | None) -> tuple[str, str, float] | None:
    _, between = section.take("between")
    coefficient = section.required(COEFFICIENT)
    section.close()
    example = 'add between = ["V_th", "b"]'
    if not isinstance(between, (list, tuple)) or len(between) != 2 or not all(isinstance(x, str) for x in between):
        section.fault("between", "nothing" if between is None else show(between), "two names of parameters", example)
        return None
    if spread is None or coefficient is None:
        return None
    for name in between:
        if name not in spread:
            allowed = "parameters given as distributions: " + (", ".join(spread) or "there are none")
            section.fault("between", show(name), allowed, did_you_mean(name, list(spread)) or "distribute it")
            return None
    if between[0] == between[1]:
        section.fault("between", f"{show(between[0])} twice", "two different parameters", example)
        return None
    first, second = sorted(between)
    return first, second, coefficient
