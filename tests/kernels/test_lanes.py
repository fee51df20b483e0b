"""Eights as numba compiles them against what their Python says."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from popdyn.kernels import unit_law as law
from popdyn.kernels.lane_tables import look_up_eight, look_up_one, look_up_two
from popdyn.kernels.lanes import LANES, aligned, load, store, turn


@njit
def _laws(x: np.ndarray, out: np.ndarray) -> None:
    a, b, c, d, e, f = (load(x, 0), load(x, 8), load(x, 16), load(x, 24), load(x, 32), load(x, 40))
    y, z = law.turned(a, b, c, d, e, f)
    store(law.aim(a, b, c, d, e), out, 0)
    store(law.readout(a), out, 8)
    store(law.remembered(a, b, c, d, e, f, y), out, 16)
    store(law.louder(c, d), out, 24)
    store(law.inside(a, b), out, 32)
    store(z, out, 40)


def test_the_law_of_eight_is_the_law_of_one():
    x, out = np.random.default_rng(0).normal(size=(50, 6, LANES)), np.empty((6, LANES))
    for given in x:
        _laws(given.ravel(), out.ravel())
        for k, (a, b, c, d, e, f) in enumerate(given.T.tolist()):
            y, z = law.turned(a, b, c, d, e, f)
            one = [
                law.aim(a, b, c, d, e), law.readout(a), law.remembered(a, b, c, d, e, f, y), law.louder(c, d),
                law.inside(a, b), z,
            ]  # fmt: skip
            np.testing.assert_allclose(out[:, k], one, rtol=1e-12, atol=1e-12)


@njit
def _looked(count: int, table: np.ndarray, row: int, places: np.ndarray, out: np.ndarray) -> None:
    at, e, sigma = load(places, 0), load(places, 8), load(places, 16)
    if count == 1:
        found = look_up_one(table, row, at, e, sigma)
    elif count == 2:
        found = look_up_two(table, row, at, e, sigma)
    else:
        found = look_up_eight(table, row, at, e, sigma)
    for k in range(LANES):
        store(found[k], out, LANES * k)


@pytest.mark.parametrize("count", [1, 2, 8])
def test_a_look_up_is_bilinear(count):
    rng = np.random.default_rng(count)
    table = aligned(rng.normal(size=(3, 20, LANES)))
    i, j = rng.integers(0, 2, LANES), rng.integers(0, 19, LANES)
    g, f = rng.uniform(size=(2, LANES))
    row, out = table[0].size, np.empty((LANES, LANES))
    _looked(count, table.ravel(), row, np.concatenate([i * row + j * LANES, f, g]), out.ravel())
    near, far = ((1 - g) * table[i, m].T + g * table[i + 1, m].T for m in (j, j + 1))
    exact = (1 - f) * near + f * far
    np.testing.assert_allclose(out[:, :count], exact[:, :count], rtol=1e-12, atol=1e-12)


@njit
def _turned(x: np.ndarray, out: np.ndarray) -> None:
    turn(x, 0, 16, out, 0, 8)
    turn(x, 8, 16, out, 64, 8)


def test_rows_turn_into_columns():
    x, out = np.arange(128.0), np.empty(128)
    _turned(x, out)
    np.testing.assert_array_equal(out.reshape(16, 8), x.reshape(8, 16).T)
