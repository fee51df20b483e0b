"""The kernel of the simple rate units: order, derivative, batches, and the gains of the families' own files."""

from __future__ import annotations

import numpy as np
import pytest

from popdyn.kernels import rate_units as kernel
from popdyn.rungs.families import FAMILIES, of_unit

SIGMA = 0.06
SHARED = {
    "threshold": 0.5, "threshold_sigma": -3.0, "tau_r": 0.02, "quickening": 3.0, "strength_1": 0.01, "tau_a_1": 0.2,
    "strength_2": 0.02, "tau_a_2": 0.05, "gain": 20.0, "smoothness": 0.3, "smoothness_sigma": 2.0, "rate_scale": 10.0,
    "exponent": 2.0, "exponent_sigma": 3.0, "rate_max": 60.0,
}  # fmt: skip


def row(family: str, varying_tau: bool = True) -> np.ndarray:
    found = np.zeros(kernel.STRENGTH + 4)
    found[kernel.DRIVE_SCALE] = 1.2
    for p in of_unit(FAMILIES[family], 2, varying_tau=varying_tau, varying_sigma=True):
        found[p.column] = SHARED[p.name]
    return found


def run(family: str, rows: np.ndarray, dt: float = 1e-4, duration: float = 0.2, slopes: bool = False):
    steps, per_bin = round(duration / dt), round(1e-3 / dt)
    t = (np.arange(steps) + 0.5) * dt
    mu = (1.2 + 0.8 * np.sin(20 * t))[None]
    sigma = (SIGMA + 0.005 * np.cos(13 * t))[None]
    units = len(rows)
    state = np.full(units, 3.0), np.full((units, 2), 5.0)
    arguments = (FAMILIES[family].number, rows, np.zeros(units, dtype=np.int64), mu, sigma, SIGMA, dt, per_bin, *state)
    rate = np.empty((units, steps // per_bin))
    if not slopes:
        kernel.integrate(*arguments, rate)
        return rate
    slope = np.empty((*rate.shape, rows.shape[1]))
    kernel.tangent(*arguments, rate, slope)
    return rate, slope


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("varying_tau", [False, True])
def test_second_order_in_the_step(family, varying_tau):
    rows = row(family, varying_tau)[None]
    exact = run(family, rows, 3.125e-5)[0]
    errors = [np.sqrt(np.mean((run(family, rows, dt)[0] - exact) ** 2)) for dt in (1e-3, 5e-4, 2.5e-4)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.abs(orders - 2.0) < 0.3), orders


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("varying_tau", [False, True])
def test_the_tangent_is_the_derivative_of_the_scheme(family, varying_tau):
    base = row(family, varying_tau)
    rate, slope = run(family, base[None], slopes=True)
    assert rate == pytest.approx(run(family, base[None]), rel=1e-12)
    for p in of_unit(FAMILIES[family], 2, varying_tau=varying_tau, varying_sigma=True):
        moved = np.tile(base, (2, 1))
        step = 1e-5 * abs(base[p.column])
        moved[:, p.column] += [step, -step]
        up, down = run(family, moved)
        difference = (up - down) / (2 * step)
        assert np.max(np.abs(difference - slope[0, :, p.column])) < 1e-6 * np.max(np.abs(difference)), p.name


@pytest.mark.parametrize("family", FAMILIES)
def test_many_units_are_each_as_alone(family):
    rng = np.random.default_rng(0)
    rows = np.array([row(family) * rng.uniform(0.8, 1.2, kernel.STRENGTH + 4) for _ in range(2 * kernel.LANES + 3)])
    together = run(family, rows)
    for u in (0, kernel.LANES, len(rows) - 1):
        assert np.array_equal(together[u], run(family, rows[u : u + 1])[0])


@pytest.mark.parametrize("family", FAMILIES)
def test_the_kernel_has_the_gain_that_the_family_s_file_states(family):
    kind, scale, shape, counted = FAMILIES[family], 7.0, 1.7, 1.3
    for x in np.linspace(-4.0, 4.0, 17):
        place = np.asarray(x / counted if kind.normalised else x)
        compiled = kernel.slopes(kind.number, float(x), scale, shape, counted)
        assert kernel.gain(kind.number, float(x), scale, shape, counted) == pytest.approx(compiled[0], rel=1e-14)
        stated = [f(place, scale, np.asarray(shape)) for f in (kind.gain, kind.slope, kind.shape_slope)]
        stated[1] = stated[1] / (counted if kind.normalised else 1.0)
        assert compiled == pytest.approx([float(v) for v in stated], rel=1e-10, abs=1e-14)


def test_without_adaptation_a_step_is_exact():
    """tau dr/dt = -r + F at constant F: r = F (1 - exp(-t/tau)), here its mean over each bin."""
    rows = np.zeros((1, kernel.STRENGTH))
    rows[0, [kernel.SCALE, kernel.TAU, kernel.DRIVE_SCALE]] = 30.0, 0.01, 1.0
    rate, ones = np.empty((1, 50)), np.ones((1, 50))
    kernel.integrate(
        kernel.THRESHOLD_LINEAR, rows, np.zeros(1, dtype=np.int64), ones, 0 * ones, 0.0, 1e-3, 1, np.zeros(1),
        np.empty((1, 0)), rate,
    )  # fmt: skip
    edges = 30.0 * (1 - np.exp(-np.arange(51) * 0.1))
    assert rate[0] == pytest.approx(0.5 * (edges[1:] + edges[:-1]), rel=1e-12)
