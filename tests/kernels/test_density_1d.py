"""The stepping kernel: linear algebra against dense matrices, compiled against Python, conservation, positivity."""

import numpy as np
import pytest

from popdyn.kernels import density_1d as kernel
from popdyn.kernels import operators
from popdyn.kernels.closures import CUMULANT, HERMITE, MEAN
from popdyn.kernels.edge_noise import no_noise
from popdyn.kernels.jumps import no_jumps
from popdyn.theory.operator import make_operator


def leak(V):
    return -50.0 * (V + 65e-3)


def small_operator(cells=24):
    faces = np.linspace(-85e-3, -50e-3, cells + 1)
    return make_operator(faces, leak, -70e-3, 0.5, 1e-3)


def hierarchy(order, closure, t_ref=0.0):
    return operators.Hierarchy(2.0, 40.0, 0.6, 0.1, -80e-3, -70e-3, t_ref, order, closure)


def first_state(op, h, dt):
    n = op.width.size
    p = np.exp(-0.5 * ((op.centre + 63e-3) / 3e-3) ** 2)
    fields = np.zeros((3, n, operators.WIDTH))
    fields[:, :, 0] = p / (p @ op.width)
    fields[:, :, 2] = 0.02 * fields[:, :, 0]
    scalars = np.zeros((3, kernel.SCALARS))
    scalars[:, kernel.W] = 0.7
    for level in range(3):
        kernel.measure(op, h.order, fields[level], scalars[level])
    scalars[:, kernel.S] = 0.02 if h.order == 1 else 0.0
    past = np.zeros((int(h.t_ref / dt) + 2, kernel.PAST))
    past[:, kernel.FLUXES] = 0.7
    work, star, sums = np.zeros((5, n)), np.zeros((n, operators.WIDTH)), np.zeros((kernel.SUMS, operators.WIDTH))
    return kernel.State(fields, scalars, past, work, star, np.zeros(1, np.int64), sums)


def run(op, h, steps, dt=1e-4, scheme=kernel.AFFINE, mu=0.9, function=kernel.integrate):
    state, out = first_state(op, h, dt), np.zeros((steps, kernel.OUTPUTS))
    restart = np.zeros(steps, bool)
    restart[0] = True
    drive = mu + 0.3 * np.sin(2 * np.pi * 20 * dt * np.arange(steps))
    done = function(op, h, state, drive, np.full(steps, 1e-3), restart, dt, scheme, out)
    assert done == steps
    return out, state


@pytest.mark.parametrize("cells", [14, 15, 24, 25])
def test_columns_are_solved_as_a_dense_matrix_would(cells):
    op, rng = small_operator(cells), np.random.default_rng(0)
    up, down = (rng.uniform(0.1, 2.0, op.width.size) for _ in range(2))
    down[-1] = 0.0
    n, step = op.width.size, 3e-4
    L = np.zeros((n, n))
    for i in range(n):
        L[i, i] -= up[i]
        if i < n - 1:
            L[i + 1, i] += up[i]
            L[i, i + 1] += down[i]
            L[i + 1, i + 1] -= down[i]
    right = rng.normal(size=(n, operators.WIDTH))
    x = right * op.width[:, None]
    operators.solve_columns(op.width, up, down, step, x, np.zeros(n))
    dense = np.linalg.solve(np.diag(op.width) - step * L, right * op.width[:, None])
    np.testing.assert_allclose(x, dense, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("order", "closure"), [(0, MEAN), (1, HERMITE), (3, HERMITE), (2, CUMULANT), (3, CUMULANT), (4, CUMULANT)]
)
@pytest.mark.parametrize("scheme", [kernel.AFFINE, kernel.POSITIVE])
def test_python_and_compiled_agree(order, closure, scheme):
    """One step of the plain-Python face of `advance` against the compiled one, from the same state."""
    op, h, dt = small_operator(), hierarchy(order, closure, t_ref=2.5e-4), 1e-4
    compiled, python = first_state(op, h, dt), first_state(op, h, dt)
    none, no_rate = no_jumps(op.width.size), np.zeros(0)
    alone = none, no_rate, no_noise(), none.matrix, np.zeros(3), np.zeros(0)
    for k in range(4):
        fast = kernel.advance(op, h, compiled, 0.9, 1e-3, dt, k == 0, scheme, *alone)
        slow = kernel.advance.py_func(op, h, python, 0.9, 1e-3, dt, k == 0, scheme, *alone)
        assert fast == pytest.approx(slow, rel=1e-12)
    np.testing.assert_allclose(compiled.fields, python.fields, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("t_ref", [0.0, 0.7e-4, 2e-3, 2.05e-3])
@pytest.mark.parametrize(
    ("order", "closure"),
    [(0, MEAN), (1, HERMITE), (2, HERMITE), (3, HERMITE), (2, CUMULANT), (3, CUMULANT), (4, CUMULANT)],
)
def test_mass_is_conserved_over_ten_seconds(order, closure, t_ref):
    """Active mass and refractory pool sum to one to 1e-10 over 10 s (100,000 steps)."""
    out, _ = run(small_operator(), hierarchy(order, closure, t_ref), 100_000)
    assert np.max(np.abs(out[:, 2] + out[:, 4] - 1.0)) < 1e-10
    assert out[-1, 0] > 1.0


def test_the_frame_stays_on_the_mean():
    """Integral of q_1 vanishes: W is the mean w of the active neurons, refractoriness included."""
    op = small_operator()
    _, state = run(op, hierarchy(2, CUMULANT, 2e-3), 20_000)
    newest = state.fields[(state.done[0] - 1) % 3]
    assert abs(op.width @ newest[:, 1]) < 1e-12


def test_positive_scheme_has_no_negative_cell():
    """At a cell Peclet number of 20 the affine scheme of another reference undershoots; the positive one cannot."""
    op = make_operator(np.linspace(-85e-3, -50e-3, 15), leak, -70e-3, 0.0, 1e-1)
    out, _ = run(op, hierarchy(1, HERMITE), 3_000, scheme=kernel.POSITIVE, mu=4.0)
    assert out[:, 6].min() >= -1e-12
    assert np.all(out[:, 7] == 1.0)


def test_undershoot_triggers_the_positive_scheme():
    op = make_operator(np.linspace(-85e-3, -50e-3, 15), leak, -70e-3, 0.0, 1e-1)
    out, _ = run(op, hierarchy(0, MEAN), 3_000, mu=4.0)
    assert out[:, 6].min() >= -kernel.UNDERSHOOT
    fell_back = out[:, 7].sum()
    assert fell_back > 0
