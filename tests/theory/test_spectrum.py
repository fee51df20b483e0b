"""Slowest modes of neurons with w held, against limits that are known and other ways to the same numbers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.linalg import eig

from popdyn.kernels.operators import Operator
from popdyn.kernels.resolvent import resolvent
from popdyn.spec import load
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.grid import frozen_state
from popdyn.theory.hierarchy import linear_response
from popdyn.theory.problem import DensityProblem, density_problem
from popdyn.theory.spectrum import eigenvalues, slowest_pair
from popdyn.theory.stationary import find_stationary

DOMAIN = Domain(-1.0, 2.5, 0.06, 0.095)
TAU_M = 20e-3
DRIVES = [(-0.2, 0.06), (0.3, 0.095), (0.45, 0.079), (0.6, 0.095), (1.0, 0.06), (2.2, 0.08)]
"""Real and complex pairs; a real slowest mode with complex ones behind it."""


def problem(model: str) -> DensityProblem:
    noise = {"mu": "0.8 mV/ms", "sigma": "2.5 mV/sqrt(ms)"}
    population = {"size": 100, "neuron": {"model": model}, "noise": noise}
    return density_problem(load({"schema": 1, "populations": {"E": population}}).populations["E"])


@cache
def operator(model: str, refine: float = 1.0) -> Operator:
    return choose_grid(problem(model), DOMAIN, refine=refine).operator


def dense(op: Operator, up: np.ndarray, down: np.ndarray) -> np.ndarray:
    """W^-1 A, cell by cell."""
    n = up.size
    A = np.diag(up[:-1], -1) + np.diag(down[:-1], 1) - np.diag(up + np.append(0.0, down[:-1]))
    A[:, n - 1] += op.reset * up[-1]
    return A / op.width[:, None]


@pytest.mark.parametrize("model", ["lif", "eif"])
@pytest.mark.parametrize(("u", "sigma"), DRIVES)
def test_pair_is_the_slowest_of_all_modes(model, u, sigma):
    op, D = operator(model), 0.5 * sigma**2
    up, down = (part[0] + u * part[1] + D * part[2] for part in (op.up, op.down))
    pair, (values, left, right) = slowest_pair(op, u, D), eig(dense(op, up, down), left=True)
    order = np.argsort(-values.real)[1:]
    first = values[order[0]]
    second = order[1] if first.imag else next(k for k in order[1:] if values[k].imag == 0.0)
    value, psi, phi = (x[..., [order[0], second]] for x in (values, left.conj(), right))
    assert pair.eigenvalue == pytest.approx(complex(first.real, abs(first.imag)), rel=1e-7)
    assert pair.total == pytest.approx((1 / value).sum().real, rel=1e-6)
    assert pair.product == pytest.approx((1 / value).prod().real, rel=1e-6)
    p_0 = frozen_state(op, u, D, 0.0)[1]
    for k, (du, dD) in enumerate(((1e-4, 0.0), (0.0, 1e-7))):
        kicks = psi.T @ dense(op, op.up[k + 1], op.down[k + 1]) @ p_0 / (psi * phi).sum(axis=0)
        slope = (frozen_state(op, u + du, D + dD, 0.0)[0] - frozen_state(op, u - du, D - dD, 0.0)[0]) / (2 * (du + dD))
        moved = (up[-1] * phi[-1] * kicks / value).sum().real
        assert pair.jump[k] == pytest.approx(slope + moved, rel=1e-6, abs=1e-6 * abs(slope) + 1e-5)
        assert pair.force[k] == pytest.approx((up[-1] * phi[-1] * kicks).sum().real, rel=1e-5)


@pytest.mark.parametrize(("u", "sigma"), DRIVES)
def test_modes_are_poles_of_the_response(u, sigma):
    """The response is over lambda's transform of the survivors of an interval, which is zero there."""
    op, D = operator("eif"), 0.5 * sigma**2
    up, down = (part[0] + u * part[1] + D * part[2] for part in (op.up, op.down))
    band = np.stack([-np.append(0.0, up[:-1]), up + np.append(0.0, down[:-1]), -np.append(down[:-1], 0.0)], axis=1)
    first = eigenvalues(op, u, D)[0]
    at = first * np.array([1.0, 1.01])
    mode, beside = resolvent(band, 1, op.width, at, op.reset[:, None].copy(), op.width[None])[0, 0]
    assert abs(mode) < 1e-5 * abs(beside)


@pytest.mark.parametrize("model", ["lif", "eif"])
def test_modes_do_not_depend_on_the_grid(model):
    coarse, fine = operator(model), operator(model, refine=2.0)
    for u, sigma in DRIVES:
        one, other = (slowest_pair(op, u, 0.5 * sigma**2) for op in (coarse, fine))
        assert one.eigenvalue == pytest.approx(other.eigenvalue, rel=4e-3)
        assert one.jump == pytest.approx(other.jump, rel=4e-2, abs=2e-3 * np.abs(other.jump).max())


def test_far_below_threshold_modes_are_those_of_an_ornstein_uhlenbeck_process():
    found = eigenvalues(operator("lif"), -0.8, 0.5 * 0.06**2)
    assert found[:3] == pytest.approx(-np.arange(1, 4) / TAU_M, rel=2e-3)


def test_near_the_perfect_rhythm_the_slowest_mode_turns_once_per_spike():
    op, u, D = operator("lif"), 2.4, 0.5 * 0.06**2
    turns = slowest_pair(op, u, D).eigenvalue.imag / (2 * np.pi)
    assert turns == pytest.approx(frozen_state(op, u, D, 0.0)[0], rel=0.02)


def test_sums_over_the_pair_are_continuous_where_real_modes_turn_complex():
    op, D = operator("eif"), 0.5 * 0.06**2
    low, high = -0.2, 1.0
    while high - low > 1e-9:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if slowest_pair(op, middle, D).eigenvalue.imag > 0.0 else (middle, high)
    real, turning = slowest_pair(op, low - 1e-6, D), slowest_pair(op, high + 1e-6, D)
    assert real.eigenvalue.imag == 0.0
    assert turning.eigenvalue.imag > 0.0
    for one, other in zip(real[1:], turning[1:], strict=True):
        assert one == pytest.approx(other, rel=1e-4)


@pytest.mark.parametrize("model", ["lif", "eif"])
@pytest.mark.parametrize(("u", "sigma"), DRIVES)
def test_response_of_the_pair_is_the_density_s_for_slow_input(model, u, sigma):
    """Up to the delay that the faster modes add: up to 1.4 ms, where T is 3 to 30 ms."""
    h, op = problem(model).hierarchy("mean"), operator(model)
    state, pair = find_stationary(op, h, u, 0.5 * sigma**2), slowest_pair(op, u, 0.5 * sigma**2)
    omega = 2 * np.pi * np.array([1e-3, 1.0, 4.0])
    exact, s = linear_response(op, h, state, omega, "mu"), 1j * omega
    moving = pair.product * pair.jump[0] * s**2 - (pair.total * pair.jump[0] - pair.product * pair.force[0]) * s
    found = (exact[0].real + moving) / (1.0 - pair.total * s + pair.product * s**2)
    assert np.all(np.abs(found - exact) < 1.5e-3 * omega * abs(exact[0]))
