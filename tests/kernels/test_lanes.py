"""Eights as numba compiles them against what their Python says."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from popdyn.kernels import unit_law as law
from popdyn.kernels.lane_filters import behind, filtered, final
from popdyn.kernels.lane_tables import look_up_eight, look_up_one, look_up_two
from popdyn.kernels.lanes import LANES, aligned, load, store, turn, turn_to_two, turn_two


@njit
def _laws(x: np.ndarray, out: np.ndarray) -> None:
    a, b, c, d, e, f = (load(x, 0), load(x, 8), load(x, 16), load(x, 24), load(x, 32), load(x, 40))
    y, z = law.turned(a, b, c, d, e, f)
    half, with_half = law.kicked(a, b, c, d, e)
    store(half, out, 48)
    store(with_half, out, 56)
    store(law.aim(a, b, c, d, e), out, 0)
    store(law.readout(a), out, 8)
    store(law.remembered(a, b, c, d, e, f, y), out, 16)
    store(law.louder(c, d), out, 24)
    store(law.inside(a, b), out, 32)
    store(z, out, 40)


def test_the_law_of_eight_is_the_law_of_one():
    x, out = np.random.default_rng(0).normal(size=(50, 6, LANES)), np.empty((8, LANES))
    for given in x:
        _laws(given.ravel(), out.ravel())
        for k, (a, b, c, d, e, f) in enumerate(given.T.tolist()):
            y, z = law.turned(a, b, c, d, e, f)
            one = [
                law.aim(a, b, c, d, e), law.readout(a), law.remembered(a, b, c, d, e, f, y), law.louder(c, d),
                law.inside(a, b), z, *law.kicked(a, b, c, d, e),
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
    _looked(count, table.ravel(), row, np.concatenate([i * row, j + f, g]), out.ravel())
    near, far = ((1 - g) * table[i, m].T + g * table[i + 1, m].T for m in (j, j + 1))
    exact = (1 - f) * near + f * far
    np.testing.assert_allclose(out[:, :count], exact[:, :count], rtol=1e-12, atol=1e-12)


@njit
def _turned(x: np.ndarray, out: np.ndarray) -> None:
    turn(x, 0, 16, out, 0, 8)
    turn(x, 8, 16, out, 64, 8)


@njit
def _turned_two(x: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> None:
    turn_two(x, 0, 16, columns, 0, 8)
    turn_two(x, 8, 16, columns, 64, 8)
    turn_to_two(columns, 0, 8, rows, 0, 16)
    turn_to_two(columns, 64, 8, rows, 8, 16)


def test_rows_turn_into_columns():
    x, out = np.arange(128.0), np.empty(128)
    _turned(x, out)
    np.testing.assert_array_equal(out.reshape(16, 8), x.reshape(8, 16).T)


def test_two_rows_turn_into_columns_and_back():
    x, columns, rows = np.arange(128.0), np.empty(128), np.zeros(128)
    _turned_two(x, columns, rows)
    np.testing.assert_array_equal(columns.reshape(16, 8)[:, :2], x.reshape(8, 16)[:2].T)
    np.testing.assert_array_equal(rows[:32], x[:32])


@njit
def _filtered(x: np.ndarray, old: float, powers: np.ndarray, out: np.ndarray) -> float:
    y = filtered(load(x, 0), old, load(powers, 0))
    store(y, out, 0)
    store(behind(old, load(x, 0)), out, 8)
    return final(y)


def test_a_filter_of_eight_steps_is_eight_steps_of_a_filter():
    x, out, old = np.random.default_rng(0).normal(size=LANES), np.empty(2 * LANES), 0.7
    last = _filtered(x, old, 0.9 ** np.arange(1.0, LANES + 1), out)
    for k in range(LANES):
        old = x[k] + 0.9 * old
        np.testing.assert_allclose(out[k], old, rtol=1e-13)
    assert last == out[LANES - 1]
    np.testing.assert_array_equal(out[LANES:], [0.7, *x[:-1]])
