"""The affine operator: exact at its reference, conservative, second order away from it."""

import numpy as np
import pytest
from scipy.integrate import quad

from popdyn.kernels.operators import assemble
from popdyn.theory.grid import frozen_state
from popdyn.theory.operator import make_operator, upwind_share

V_RESET, BARRIER = -70e-3, -50e-3


def leak(V):
    return -50.0 * (V + 65e-3)


def exact_rate(u, D, lower=-0.12):
    """1/r of a one-dimensional diffusion with reset: double integral of the potential, no refractory time."""

    def phi(V):
        return (25.0 * (V + 65e-3) ** 2 - u * V) / D

    def inner(y):
        return quad(lambda z: np.exp(phi(y) - phi(z)), lower, y, limit=200, points=[y - 1e-3])[0]

    return D / quad(inner, V_RESET, BARRIER, limit=200, epsabs=0, epsrel=1e-10)[0]


@pytest.mark.parametrize("u", [0.3, 0.75, 1.5])
@pytest.mark.parametrize("cells", [40, 80])
def test_rate_is_exact_at_the_reference(u, cells):
    """The faces of V_reset and of the barrier leave only the sum for the mass: 1e-4 at cells of 1 mV."""
    D = 2e-3
    faces = np.arange(cells * 2 + 1) * (20e-3 / cells * 2) + BARRIER - cells * 2 * (20e-3 / cells * 2)
    rate, _ = frozen_state(make_operator(faces, leak, V_RESET, u, D), u, D, 0.0)
    assert rate == pytest.approx(exact_rate(u, D), rel=1e-4)


def test_away_from_the_reference_the_error_is_second_order():
    u, D = 0.9, 2e-3
    exact = exact_rate(u, D)
    errors = []
    for cells in (20, 40, 80, 160):
        h = 20e-3 / cells
        faces = BARRIER - h * np.arange(int(0.06 / h), -1, -1)
        rate, _ = frozen_state(make_operator(faces, leak, V_RESET, u - 0.5, 2.0 * D), u, D, 0.0)
        errors.append(abs(rate / exact - 1.0))
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    assert np.all(np.abs(orders[1:] - 2.0) < 0.2), (errors, orders)


def test_operator_is_affine_and_conserves():
    """Columns of L sum to minus the outflow, at any drive; coefficients are affine in u and D."""
    faces = np.linspace(-90e-3, BARRIER, 50)
    op = make_operator(faces, leak, V_RESET, 0.3, 1e-3)
    n = op.width.size

    def at(u, D):
        up, down = np.zeros(n), np.zeros(n)
        assemble(op, u, D, np.zeros(0), up, down)
        return np.concatenate([up, down])

    np.testing.assert_allclose(at(1.0, 3e-3) + at(0.0, 1e-3), at(0.5, 2e-3) * 2, rtol=1e-12)
    assert at(0.7, 2e-3)[-1] == 0.0
    assert op.reset.sum() == pytest.approx(1.0, abs=1e-15)
    assert np.count_nonzero(op.reset) <= 2


@pytest.mark.parametrize("cells", [40, 120])
def test_an_upstroke_far_beyond_the_cells_costs_nothing(cells):
    """EIF with V_peak 25 Delta_T above V_th, as NEST has it: the drift there is 10^9 V/s."""

    def upstroke(V):
        return 50.0 * (2e-3 * np.exp((V + 50e-3) / 2e-3) - V - 65e-3)

    rates = []
    for peak in (-30e-3, 0.0):
        h = 20e-3 / cells
        faces = V_RESET + h * np.arange(-2 * cells, round((peak - V_RESET) / h) + 1)
        op = make_operator(faces, upstroke, V_RESET, 1.0, 1.125e-3)
        rates.append(frozen_state(op, 1.0, 1.125e-3, 0.0)[0])
        assert np.all(op.down[0] + op.down[1] + 1.125e-3 * op.down[2] >= -1e-6)
    after = 20e-3 * np.exp(-10.0)  # tau_m e^(-(V - V_th)/Delta_T) [s]: what is left of the upstroke at V
    assert 1.0 / rates[1] - 1.0 / rates[0] == pytest.approx(after, rel=0.1)


def test_upwind_share_is_smooth_through_zero():
    z = np.array([-50.0, -1e-3 - 1e-9, -1e-3 + 1e-9, 0.0, 1e-3, 50.0])
    share = upwind_share(z)
    assert share[3] == 0.5
    assert share[1] == pytest.approx(share[2], abs=1e-9)
    assert share[0] == pytest.approx(0.02, rel=1e-6)
    assert share[5] == pytest.approx(0.98, rel=1e-6)
    assert upwind_share(np.array([-1e9, 1e9])) == pytest.approx([1e-9, 1.0 - 1e-9], rel=1e-12)
