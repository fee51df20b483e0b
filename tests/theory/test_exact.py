"""Perfect integrate-and-fire with adaptation: every order of the hierarchy gives the exact rate.

Without leak, dV/dt = mu - w/C_m + noise climbs by V_th - V_reset per spike and w decays by <w> = b tau_w r: averaging
both balances gives r = mu C_m / (C_m (V_th - V_reset) + b tau_w) for any noise, t_ref = 0, a lower boundary far away.
"""

import numpy as np
import pytest

from popdyn.rungs.density import Density
from popdyn.spec import load
from popdyn.theory.discretisation import Domain, choose_grid
from popdyn.theory.grid import operator_on
from popdyn.theory.problem import CLOSURES, DensityProblem
from popdyn.theory.stationary import find_stationary

BARRIER, V_RESET, C_M, MU = -50e-3, -65e-3, 200e-12, 1.5


def problem(sigma: float, tau_w: float, b: float) -> DensityProblem:
    return DensityProblem(
        drift=np.zeros_like, barrier=BARRIER, V_reset=V_RESET, t_ref=0.0, C_m=C_M, a=0.0, b=b, tau_w=tau_w, E_w=0.0,
        mu=MU, sigma=sigma,
    )  # fmt: skip


def exact_rate(p: DensityProblem) -> float:
    return p.mu * p.C_m / (p.C_m * (p.barrier - p.V_reset) + p.b * p.tau_w)


@pytest.mark.parametrize(
    ("sigma", "tau_w", "b"), [(0.063, 30e-3, 100e-12), (0.047, 100e-3, 50e-12), (0.016, 200e-3, 20e-12)]
)
@pytest.mark.parametrize("closure", CLOSURES)
def test_perfect_integrator_with_adaptation(closure, sigma, tau_w, b):
    p = problem(sigma, tau_w, b)
    exact = exact_rate(p)
    u = p.mu - b * tau_w * exact / C_M
    op = operator_on(p, 0.15e-3, u, p.D, u)
    assert find_stationary(op, p.hierarchy(closure), p.mu, p.D).rate == pytest.approx(exact, rel=1e-4)


def test_perfect_integrator_on_the_grid_chosen_from_the_spec():
    p = problem(0.063, 30e-3, 100e-12)
    op = choose_grid(p, Domain(p.mu, p.mu, p.sigma, p.sigma)).operator
    assert find_stationary(op, p.hierarchy("gaussian"), p.mu, p.D).rate == pytest.approx(exact_rate(p), rel=2e-4)


def test_error_is_of_second_order_in_voltage():
    p = problem(0.063, 30e-3, 100e-12)
    exact, h = exact_rate(p), p.hierarchy("gaussian")
    u = p.mu - p.b * p.tau_w * exact / C_M
    grids = [operator_on(p, spacing, u, p.D, u) for spacing in (0.4e-3, 0.2e-3, 0.1e-3)]
    coarse, middle, fine = (find_stationary(op, h, p.mu, p.D).rate / exact - 1.0 for op in grids)
    assert np.log2(coarse / middle) == pytest.approx(2.0, abs=0.2)
    assert np.log2(middle / fine) == pytest.approx(2.0, abs=0.2)


def test_a_reset_that_lowers_w_leaves_newton_on_the_marched_state():
    """b = 0 and t_ref > 0: w relaxes downward during the dead time, so that a spike lowers it."""
    network = load({
        "schema": 1,
        "populations": {"E": {
            "size": 10,
            "neuron": {"model": "adex", "tau_w": "45 ms", "b": "0 pA", "a": "3.5 nS", "E_w": "-80 mV", "t_ref": "2 ms"},
            "noise": {"mu": "1.4 mV/ms", "sigma": "1.5 mV/sqrt(ms)"},
        }},
        "protocols": {"p": {"duration": "500 ms", "transient": "300 ms"}},
    })  # fmt: skip
    density = Density(network)
    end = density.simulate("p")["rate"].values[0, -1, 0]
    assert density.rates()["E"] == pytest.approx(end, rel=1e-5)
