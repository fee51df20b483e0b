"""Bands of finite jumps: the solve against dense algebra, where neurons land, and that none is lost."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.distributions import Distribution
from popdyn.kernels import operators
from popdyn.kernels.jumps import fill_matrix, no_jumps, solve_band
from popdyn.theory.jumps import frozen_jump_state, make_jumps, sizes_of
from popdyn.theory.operator import make_operator


def leak(V):
    return -50.0 * (V + 65e-3)


def operator(cells=30):
    return make_operator(np.linspace(-85e-3, -50e-3, cells + 1), leak, -70e-3, 0.5, 1e-3)


def coefficients(op):
    up = op.up[0] + 0.4 * op.up[1] + 1e-3 * op.up[2]
    down = op.down[0] + 0.4 * op.down[1] + 1e-3 * op.down[2]
    return up, down


def moves(op, jumps, c):
    """[into, from]: share of the neurons of a cell that a jump of source c brings to another."""
    n, below = op.width.size, int(jumps.below[0])
    dense = np.zeros((n, n))
    for i in range(n):
        for k in range(jumps.band.shape[2]):
            j = i + k - below
            if 0 <= j < n:
                dense[i, j] = jumps.band[c, i, k] / op.width[j]
    return dense


SOURCES = [[(1.0, 1.7e-3)], [(0.4, -2.9e-3), (0.6, 3.3e-3)]]


def test_a_band_is_solved_as_a_dense_matrix_would():
    op, rng, step, rates = operator(), np.random.default_rng(0), 2e-4, np.array([900.0, 400.0])
    up, down = coefficients(op)
    jumps = make_jumps(op, SOURCES)
    fill_matrix(jumps, rates, op.width, up, down, step)
    n = op.width.size
    L = np.diag(-up) - np.diag(np.append(0.0, down[:-1])) + np.diag(up[:-1], -1) + np.diag(down[:-1], 1)
    for c, rate in enumerate(rates):
        L += rate * (moves(op, jumps, c) - np.eye(n)) * op.width
    right = rng.normal(size=(n, operators.WIDTH))
    x = right.copy()
    solve_band(jumps.matrix, jumps.below[0], x, np.zeros(n))
    np.testing.assert_allclose(x, np.linalg.solve(np.diag(op.width) - step * L, right), rtol=1e-10, atol=1e-10)


def test_without_sources_the_band_is_the_diffusion_operator():
    op, step = operator(), 2e-4
    up, down = coefficients(op)
    jumps = make_jumps(op, [])
    fill_matrix(jumps, np.zeros(0), op.width, up, down, step)
    x = np.tile(op.reset[:, None], (1, operators.WIDTH))
    y = x.copy()
    solve_band(jumps.matrix, jumps.below[0], x, np.zeros(op.width.size))
    operators.solve_columns(op.width, up, down, step, y, np.zeros(op.width.size))
    np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13)
    assert no_jumps(4).band.shape == (0, 4, 1)


@pytest.mark.parametrize("c", [0, 1])
def test_no_neuron_is_lost_and_the_jump_has_its_size(c):
    """Landed and fired shares sum to one; well inside, mean and variance of the landing place are those of the jump."""
    op = operator()
    jumps = make_jumps(op, SOURCES)
    landed, fired = moves(op, jumps, c), jumps.out[c] / op.width
    np.testing.assert_allclose(landed.sum(axis=0) + fired, 1.0, atol=1e-12)
    inside = slice(6, 20)
    away = op.centre[:, None] - op.centre[None, :]
    mean = sum(share * jump for share, jump in SOURCES[c])
    square = sum(share * jump**2 for share, jump in SOURCES[c])
    np.testing.assert_allclose((landed * away).sum(axis=0)[inside], mean, rtol=1e-9)
    np.testing.assert_allclose((landed * away**2).sum(axis=0)[inside], square, rtol=1e-9)


def test_a_jump_of_whole_cells_is_a_shift():
    op = operator()
    h = op.width[0]
    landed = moves(op, make_jumps(op, [[(1.0, 3.0 * h)]]), 0)
    np.testing.assert_allclose(landed, np.eye(op.width.size, k=-3), atol=1e-9)


def test_small_jumps_are_diffusion():
    """Rate for jumps of a tenth of a millivolt against their diffusion: the difference falls with the jump."""
    op, D, total = operator(350), 2e-5, 1e-3
    errors = []
    for J in (4e-4, 2e-4):
        rate = total / J**2
        jumps = make_jumps(op, [[(1.0, J)], [(1.0, -J)]])
        found, p = frozen_jump_state(op, jumps, 0.5, D, np.array([rate, rate]), 2e-3)
        smooth, _ = frozen_jump_state(op, make_jumps(op, []), 0.5, D + total, np.zeros(0), 2e-3)
        assert p @ op.width + 2e-3 * found == pytest.approx(1.0, rel=1e-12)
        errors.append(abs(found / smooth - 1.0))
    assert errors[1] < 0.7 * errors[0]
    assert errors[1] < 0.02


def test_sizes_of_a_distributed_weight():
    """Gauss nodes keep mean and variance of the weights."""
    assert sizes_of(1e-4, None) == [(1.0, 1e-4)]
    weight = Distribution("uniform", (1e-4, 3e-4))
    sizes = np.array(sizes_of(2e-4, weight))
    mean, std = weight.moments
    assert sizes[:, 0].sum() == pytest.approx(1.0)
    assert sizes[:, 0] @ sizes[:, 1] == pytest.approx(mean)
    assert sizes[:, 0] @ (sizes[:, 1] - mean) ** 2 == pytest.approx(std**2)
