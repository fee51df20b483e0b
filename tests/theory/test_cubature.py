"""Cubature over several normal variables: exact to its degree."""

from itertools import product

import numpy as np
import pytest

from popdyn.theory.cubature import ALONG, along, fifth, third

NORMAL = [1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0]  # moments of one variable


@pytest.mark.parametrize(("rule", "degree"), [(third, 3), (fifth, 5)])
@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_all_polynomials_of_its_degree(rule, degree, dimension):
    points, weight = rule(dimension)
    assert weight.min() > 0.0
    for powers in product(range(degree + 1), repeat=dimension):
        if sum(powers) <= degree:
            exact = np.prod([NORMAL[p] for p in powers])
            assert weight @ np.prod(points**powers, axis=1) == pytest.approx(exact, abs=1e-12)


def test_the_next_even_degree_is_not():
    for rule, power in ((third, 4), (fifth, 6)):
        points, weight = rule(2)
        assert abs(weight @ points[:, 0] ** power - NORMAL[power]) > 0.1


@pytest.mark.parametrize(("dimension", "nodes"), [(1, 3), (2, 9), (3, 19), (4, 25)])
def test_number_of_nodes(dimension, nodes):
    assert fifth(dimension)[1].size == nodes
    assert third(dimension)[1].size == 2 * dimension


@pytest.mark.parametrize("dimension", [3, 4])
def test_along_one_direction_it_has_degree_seven(dimension):
    """And 3 in all: of a response exp(a z) that is steep along it, the mean is nearer than by degree 5."""
    direction = np.arange(1.0, dimension + 1.0)
    points, weight = along(direction)
    assert weight.size == 8 * (dimension - 1) < fifth(dimension)[1].size
    for powers in product(range(4), repeat=dimension):
        if sum(powers) <= 3:
            exact = np.prod([NORMAL[p] for p in powers])
            assert weight @ np.prod(points**powers, axis=1) == pytest.approx(exact, abs=1e-12)
    x = points @ direction / np.linalg.norm(direction)
    assert np.unique(x.round(9)).size == ALONG
    for power in range(8):
        assert weight @ x**power == pytest.approx([*NORMAL, 0.0][power], abs=1e-11)
    steep = 1.5 * direction / np.linalg.norm(direction)
    (other, share), exact = fifth(dimension), np.exp(0.5 * 1.5**2)
    assert abs(weight @ np.exp(points @ steep) - exact) < 0.3 * abs(share @ np.exp(other @ steep) - exact)
