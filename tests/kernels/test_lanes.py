"""Eights as numba compiles them against what their Python says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numba import njit

from popdyn.kernels import unit_law as law
from popdyn.kernels.lane_filters import behind, filtered, final
from popdyn.kernels.lane_tables import cells_of, columns_of, look_up_eight
from popdyn.kernels.lane_turns import turn, turn_to_two, turn_two
from popdyn.kernels.lanes import LANES, aligned, differ, joined, load, load_like, lower, store, two, upper, whole


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
def _looked(table: np.ndarray, row: int, places: np.ndarray, out: np.ndarray) -> None:
    found = look_up_eight(table, row, load(places, 0), load(places, 8), load(places, 16))
    for k in range(LANES):
        store(found[k], out, LANES * k)


@njit
def _looked_few(like: Any, table: np.ndarray, row: int, places: np.ndarray, out: np.ndarray) -> None:
    first, e, sigma = load_like(like, places, 0), load_like(like, places, 8), load_like(like, places, 16)
    a, b, c, d, f, g, last = columns_of(cells_of(table, row, first, whole(e), sigma), e - whole(e))
    store(a, out, 0)
    store(b, out, 8)
    store(c, out, 16)
    store(d, out, 24)
    store(f, out, 40)
    store(g, out, 56)
    store(lower(last), out, 32)
    store(upper(last), out, 48)


@njit
def _looked_two(table: np.ndarray, row: int, places: np.ndarray, out: np.ndarray) -> None:
    _looked_few(two(0.0), table, row, places, out)


@njit
def _looked_one(table: np.ndarray, row: int, places: np.ndarray, out: np.ndarray) -> None:
    _looked_few(0.0, table, row, places, out)


@pytest.mark.parametrize(("count", "looked"), [(1, _looked_one), (2, _looked_two), (8, _looked)])
def test_a_look_up_is_bilinear(count, looked):
    rng = np.random.default_rng(count)
    table = aligned(rng.normal(size=(3, 20, LANES)))
    i, j = rng.integers(0, 2, LANES), rng.integers(0, 19, LANES)
    g, f = rng.uniform(size=(2, LANES))
    row, out = table[0].size, np.empty((LANES, LANES))
    looked(table.ravel(), row, np.concatenate([i * row, j + f, g]), out.ravel())
    near, far = ((1 - g) * table[i, m].T + g * table[i + 1, m].T for m in (j, j + 1))
    exact = (1 - f) * near + f * far
    np.testing.assert_allclose(out[:, :count], exact[:, :count], rtol=1e-12, atol=1e-12)


@njit
def _turned(x: np.ndarray, out: np.ndarray) -> None:
    turn(x, 0, 16, out, 0, 8)
    turn(x, 8, 16, out, 64, 8)


@njit
def _turned_two(x: np.ndarray, columns: np.ndarray, rows: np.ndarray) -> None:
    turn_two(x, 0, 16, columns, 0)
    turn_two(x, 8, 16, columns, 16)
    turn_to_two(columns, 0, rows, 0, 16)
    turn_to_two(columns, 16, rows, 8, 16)


def test_rows_turn_into_columns():
    x, out = np.arange(128.0), np.empty(128)
    _turned(x, out)
    np.testing.assert_array_equal(out.reshape(16, 8), x.reshape(8, 16).T)


def test_two_rows_turn_into_columns_and_back():
    x, columns, rows = np.arange(32.0), np.empty(32), np.zeros(32)
    _turned_two(x, columns, rows)
    np.testing.assert_array_equal(columns.reshape(16, 2), x.reshape(2, 16).T)
    np.testing.assert_array_equal(rows, x)


@njit
def _halves(x: np.ndarray, out: np.ndarray) -> tuple[bool, bool]:
    pair, number = joined(x[0], x[1]), two(x[0])
    four = joined(pair, number)
    store(four, out, 0)
    store(upper(four) + lower(four), out, 4)
    store(upper(pair) - lower(pair), out, 6)
    return differ(pair, pair, number, pair), differ(pair, pair, 1.0, 1.0)


def test_halves_of_lanes():
    out = np.empty(7)
    assert _halves(np.array([3.0, 5.0]), out) == (True, False)
    np.testing.assert_array_equal(out, [3.0, 5.0, 3.0, 3.0, 6.0, 8.0, 2.0])


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
