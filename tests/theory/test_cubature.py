"""Cubature over several normal variables: exact to its degree."""

from itertools import product

import numpy as np
import pytest

from popdyn.theory.cubature import fifth, third

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
